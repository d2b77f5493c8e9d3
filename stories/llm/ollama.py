"""ChatOllama, for what is done with its answers here.

LangChain takes as long over a letter as over a line, and keeps every chunk to the end of its call;
httpx alone takes twice as long as that over each piece that comes over the wire, and aiohttp, put
under it, a quarter.
"""

import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any

import httpx
from aiohttp import ClientSession, TCPConnector
from httpx_aiohttp import AiohttpTransport
from langchain_core.outputs import ChatResult
from langchain_ollama import ChatOllama

from stories.safety.sentences import has_end

_LONGEST_SECONDS = 1.5
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
                is_last = isinstance(part, str) or bool(part["done"])
                if is_last or waiting.add(_text_of(part)):
                    for text in waiting.take():
                        yield _part(text)
                if is_last:
                    yield part
        for text in waiting.take():
            yield _part(text)


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


class Transport(httpx.AsyncBaseTransport):
    """aiohttp under httpx, with a session for each call: none is left to outlive its event loop,
    and no bound makes a call wait in silence."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async with AsyncExitStack() as stack:
            connector = TCPConnector(limit=0, force_close=True, ssl=self._tls)
            session = ClientSession(connector=connector, trust_env=True)
            await stack.enter_async_context(session)
            under = AiohttpTransport(verify=self._tls, client=session)
            response = await under.handle_async_request(request)
            response.stream = _OfSession(response.stream, stack.pop_all())
        return response


class _OfSession(httpx.AsyncByteStream):
    """A response's body, which closes the session that it came over."""

    def __init__(self, body: Any, session: AsyncExitStack) -> None:
        self._body = body
        self._session = session

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(aiter(self._body)) as pieces:
            async for piece in pieces:
                yield piece

    async def aclose(self) -> None:
        async with self._session:
            await self._body.aclose()
