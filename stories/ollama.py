"""ChatOllama, for what is done with its answers here.

LangChain takes as long over a letter as over a line, and keeps every chunk to the end of its call.
"""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_ollama import ChatOllama

from stories.safety.sentences import has_end

_LONGEST_SECONDS = 0.5
# As many characters as tell where a sentence ends.
_END_CHARACTERS = 12


class Editor(ChatOllama):
    """Asks for whole answers, which nobody reads along."""

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return await super()._agenerate(*args, **kwargs, stream=False)


class Writer(ChatOllama):
    """Hands its text on `tokens_at_once`; more than one where nothing is shown before its sentence
    ends.

    What ends a sentence, and the token after it, by which that is known, come at once all the same;
    a slow host's come one by one.
    """

    tokens_at_once: int = 1

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        waiting = _Waiting(self.tokens_at_once)
        stream = super()._astream(*args, **kwargs)
        async with aclosing(stream) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                is_last = chunk.generation_info is not None
                if is_last or waiting.add(chunk.text):
                    for text in waiting.take():
                        yield ChatGenerationChunk(message=AIMessageChunk(content=text))
                if is_last:
                    yield chunk
        for text in waiting.take():
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))


class _Waiting:
    """Tokens on their way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tokens: list[str] = []
        self._end = ""
        self._taken_at = 0.0

    def add(self, token: str) -> bool:
        """Whether to hand them on now."""
        was_end = has_end(self._end)
        self._end = (self._end + token).rstrip()[-_END_CHARACTERS:]
        self._tokens.append(token)
        is_late = time.monotonic() - self._taken_at > _LONGEST_SECONDS
        is_end = was_end or has_end(self._end) or "\n" in token
        return is_late or is_end or len(self._tokens) >= self._most

    def take(self) -> list[str]:
        """The text, or nothing where there is none."""
        taken, self._tokens = self._tokens, []
        self._taken_at = time.monotonic()
        return ["".join(taken)] if taken else []
