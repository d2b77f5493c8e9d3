"""How hosts are spoken to over HTTP."""

import functools
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Any

import httpx
from aiohttp import ClientSession, TCPConnector
from django.conf import settings
from httpx_aiohttp import AiohttpTransport

from stories.infra.addresses import host_of, is_here

_CONNECT_SECONDS = 5.0


def limits() -> Any:
    """No bound, since the runner has one: httpx would make the 101st generation wait in silence.

    No connection is kept for later either: it may be gone by then, or be another event loop's.
    """
    return httpx.Limits(max_connections=None, max_keepalive_connections=0)


def timeout() -> Any:
    return httpx.Timeout(settings.MODEL_TIMEOUT_SECONDS, connect=_CONNECT_SECONDS)


@functools.cache
def tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def uses_proxy(url: str) -> bool:
    """Nobody's proxy stands between this process and its own machine."""
    return not is_here(host_of(url))


class Transport(httpx.AsyncBaseTransport):
    """aiohttp under httpx, with a session for each call: none is left to outlive its event loop,
    and no bound makes a call wait in silence.

    httpx alone takes several times as long over each piece that comes over the wire, and leaves a
    connection open where its call is cancelled just as it connects.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async with AsyncExitStack() as stack:
            connector = TCPConnector(limit=0, force_close=True, ssl=self._tls)
            trust_env = uses_proxy(str(request.url))
            session = ClientSession(connector=connector, trust_env=trust_env)
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
