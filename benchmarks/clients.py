"""Many readers of streams at once, as cheap as a reader can be."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .elsewhere import Elsewhere

_POSITION = re.compile(rb"^id: \w+-(\d+)$", re.MULTILINE)
_CONNECTING_AT_ONCE = 64


@dataclass(frozen=True)
class Get:
    """A stream to ask for, `after` so many seconds."""

    port: int
    path: str
    token: str = ""
    after: float = 0.0

    @property
    def request(self) -> bytes:
        """HTTP/1.0, which nobody answers in chunks: what follows the head is the stream."""
        lines = [f"GET {self.path} HTTP/1.0", "Host: localhost"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Seen:
    """Times of the request, of each event (0 where it had no position) and of the end, as time.time
    counts; and the last frame."""

    asked_at: float = 0.0
    events: list[tuple[int, float]] = field(default_factory=list)
    ended_at: float = 0.0
    last: str = ""

    @property
    def first_event(self) -> float:
        return self.events[0][1] - self.asked_at

    @property
    def whole(self) -> float:
        return self.ended_at - self.asked_at


def watching(gets: Sequence[Get]) -> Elsewhere[list[Seen]]:
    """Ready when every stream has sent something."""
    return Elsewhere(_watch, list(gets))


def _watch(ready: Callable[[], None], gets: list[Get]) -> list[Seen]:
    return asyncio.run(_watch_all(ready, gets))


async def _watch_all(ready: Callable[[], None], gets: list[Get]) -> list[Seen]:
    connecting = asyncio.Semaphore(_CONNECTING_AT_ONCE)
    readers = [_Reader(get) for get in gets]
    streams = asyncio.gather(*(reader.read(connecting) for reader in readers))
    await asyncio.gather(*(reader.is_open.wait() for reader in readers))
    ready()
    await streams
    return [reader.seen for reader in readers]


class _Reader(asyncio.Protocol):
    def __init__(self, get: Get) -> None:
        self.get = get
        self.seen = Seen()
        self.is_open = asyncio.Event()
        self.is_over = asyncio.Event()
        self._rest = b""

    async def read(self, connecting: asyncio.Semaphore) -> None:
        await asyncio.sleep(self.get.after)
        loop = asyncio.get_running_loop()
        async with connecting:
            await loop.create_connection(lambda: self, "127.0.0.1", self.get.port)
            await self.is_open.wait()
        await self.is_over.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.seen.asked_at = time.time()
        transport.write(self.get.request)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self.is_open.set()
        *frames, self._rest = (self._rest + data).split(b"\n\n")
        for frame in frames:
            if b"data: " in frame:
                position = _POSITION.search(frame)
                self.seen.events.append((int(position[1]) if position else 0, now))
                self.seen.last = frame.decode()

    def connection_lost(self, error: Exception | None) -> None:
        self.seen.ended_at = time.time()
        if error or not self.seen.events:
            self.seen.last = f"{error!r} after {self._rest[:500]!r}"
        self.is_open.set()
        self.is_over.set()
