"""The ASGI application under Daphne, and the engine that starts and ends with the server."""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storyteller.settings")
_django = get_asgi_application()

from stories.execution import engine  # noqa: E402 - the app registry has to be ready

engine.load()

REQUESTS_END_SECONDS = 2.0
_ENDINGS = (signal.SIGTERM, signal.SIGINT)
_SYNC_THREADS = 4

# Django would start a thread for each request, and keep it for as long as a stream is open; here
# requests take turns with a few, which each do one thing at a time.
_turns = itertools.cycle([ThreadSensitiveContext() for _ in range(_SYNC_THREADS)])

# Not empty once this process is about to end; a late request must not make it dispatch again.
_leaving: list[asyncio.Task[None]] = []
_requests: set[asyncio.Task[Any]] = set()

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]


async def application(scope: Any, receive: Any, send: Any) -> None:
    if _leaving:
        send = _parting(send)
    else:
        engine.start()
    if request := asyncio.current_task():
        _requests.add(request)
        request.add_done_callback(_requests.discard)
    SyncToAsync.thread_sensitive_context.set(next(_turns))
    await _django(scope, receive, send)


def _parting(send: Send) -> Send:
    """Has proxies, which keep connections open, send the next request elsewhere."""

    async def part(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"Connection", b"close")]
            message = message | {"headers": headers}
        await send(message)

    return part


def _leave() -> asyncio.Task[None]:
    """Begin to leave, unless begun already; the returned future is done when all is in order."""
    if not _leaving:
        _leaving.append(asyncio.get_running_loop().create_task(engine.leave()))
    return _leaving[0]


def _be_told_to_end() -> None:
    """By a signal; another one means at once."""
    if _leaving:
        engine.hurry()
    _leave()


def _join_daphne() -> None:
    """Start the engine with Daphne's reactor, and end the reactor only after everything was left in
    order: Daphne announces neither start nor end, and cuts streams in the middle at its end."""
    from twisted.internet import reactor  # noqa: PLC0415 - only where Daphne put it
    from twisted.internet.tcp import Port  # noqa: PLC0415

    ending: list[asyncio.Task[None]] = []

    async def end() -> None:
        # New connections are refused and come again, instead of being let in and cut off.
        readers = reactor.getReaders()  # type: ignore[misc]
        for port in [reader for reader in readers if isinstance(reader, Port)]:
            port.stopListening()
        await _leave()
        if _requests:
            await asyncio.wait(_requests, timeout=REQUESTS_END_SECONDS)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=REQUESTS_END_SECONDS)
        reactor.stop()  # type: ignore[misc]

    def signalled() -> None:
        _be_told_to_end()
        if not ending:
            ending.append(asyncio.get_running_loop().create_task(end()))

    def start() -> None:
        loop = asyncio.get_event_loop()
        loop.call_soon(engine.start)
        for number in _ENDINGS:
            loop.add_signal_handler(number, signalled)

    reactor.callWhenRunning(start)


if "daphne.server" in sys.modules:
    _join_daphne()
