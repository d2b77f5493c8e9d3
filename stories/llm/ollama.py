"""ChatOllama, adapted to the use of its answers here.

LangChain takes as long over a letter as over a line, and keeps every chunk to the end of its call.
The hooks overridden here are private to `langchain_ollama`; tests fail where they are no longer
called. Many tokens at a time cost the client 7 % less CPU a token (272 us instead of 293, medians
of five), and spare whatever follows a chunk: cleaning, gate and progress.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from langchain_core.outputs import ChatResult
from langchain_ollama import ChatOllama

from stories.safety.sentences import has_end

from .support import Support, ollama_params

_MAX_SECONDS = 1.5
# As many characters as tell where a sentence ends.
_END_CHARACTERS = 12


class _Adapted(ChatOllama):
    """Asks by what the host takes. `think` is what the host is told; `reasoning` keeps the thoughts
    of models that think all the same."""

    support: Support = Support()
    reasoning: bool | str | None = True
    think: bool | str = False

    def _chat_params(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        params = super()._chat_params(*args, **kwargs) | {"think": self.think}
        return ollama_params(params, self.support)


class Editor(_Adapted):
    """Asks for whole answers: nobody reads along."""

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return await super()._agenerate(*args, **kwargs, stream=False)


class Writer(_Adapted):
    """Hands its text on `tokens_at_once`; more than one where nothing is shown before its sentence
    ends.

    What ends a sentence, and the token after it, by which that is known, come at once all the same;
    no token waits for others longer than a second and a half.
    """

    tokens_at_once: int = 1

    async def _acreate_chat_stream(
        self, *args: Any, **kwargs: Any
    ) -> AsyncIterator[Mapping[str, Any] | str]:
        waiting = _Waiting(self.tokens_at_once)
        stream = super()._acreate_chat_stream(*args, **kwargs)
        async with aclosing(stream) as parts:  # type: ignore[type-var]
            async for part in parts:
                if _is_thought(part):
                    yield part
                    continue
                is_last = isinstance(part, str) or bool(part["done"])
                if is_last or waiting.add(_text_of(part)):
                    for text in waiting.take():
                        yield _part(text)
                if is_last:
                    yield part
        for text in waiting.take():
            yield _part(text)


def _is_thought(part: Any) -> bool:
    """True for a part of the model's thoughts alone, which nobody reads, and no token waits for."""
    return not (isinstance(part, str) or part["done"] or _text_of(part)) and bool(
        part["message"].get("thinking")
    )


def _text_of(part: Any) -> str:
    return part["message"]["content"] or ""


def _part(text: str) -> Mapping[str, Any]:
    return {"message": {"role": "assistant", "content": text}, "done": False}


class _Waiting:
    """Tokens on their way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tokens: list[str] = []
        self._end = ""
        self._taken_at = 0.0

    def add(self, token: str) -> bool:
        """True when to hand them on now."""
        was_end = has_end(self._end)
        self._end = (self._end + token).rstrip()[-_END_CHARACTERS:]
        self._tokens.append(token)
        is_late = time.monotonic() - self._taken_at > _MAX_SECONDS
        ends_at = was_end or has_end(self._end) or "\n" in token
        return is_late or ends_at or len(self._tokens) >= self._most

    def take(self) -> list[str]:
        """The text, or nothing where there is none."""
        taken, self._tokens = self._tokens, []
        self._taken_at = time.monotonic()
        return ["".join(taken)] if taken else []
