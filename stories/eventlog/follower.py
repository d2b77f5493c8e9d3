"""Following logs: all readers of one generation in one process share one read and one wake-up, all
followed generations one poll."""

import asyncio
import contextlib
import contextvars
import logging
import uuid
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary, WeakSet

from stories.infra.db import DATABASE_AWAY, in_database
from stories.infra.waiting import call_on, set_within

from .entries import LogEvent, last_positions, without_withdrawn
from .replay import log_after

logger = logging.getLogger(__name__)

# Commits wake readers at once, other processes' by a notice; this finds what no notice told.
POLL_SECONDS = 0.5


class _Tail:
    """A generation's log as this process knows it; `events[i]` is at position `start` + i + 1.

    `start` is 0 unless the log was pruned.
    """

    def __init__(self, generation_id: uuid.UUID) -> None:
        self.generation_id = generation_id
        self.start = 0
        self.events: list[LogEvent] = []
        self.readers = 0
        self._reading = asyncio.Lock()
        self.is_closed = False
        self.is_left = asyncio.Event()
        self._changed = asyncio.Event()
        self._is_behind = False
        self._read_at = self._changed_at = 0.0

    @property
    def is_ended(self) -> bool:
        return bool(self.events) and self.events[-1].is_terminal

    @property
    def last(self) -> int:
        """The position of the newest event."""
        return self.start + len(self.events)

    def publish(self, events: list[LogEvent]) -> None:
        """Take over committed events; where they do not follow on, what is between them is read."""
        if events[0].position == self.last + 1:
            self._extend(events)
        elif events[-1].position > self.last:
            self.wake()

    def wake(self) -> None:
        """Another process has appended: whoever waits now, or else waits next, reads on."""
        self._is_behind = True
        self._wake()

    async def wait(self, position: int, seconds: float) -> None:
        """Until there is an event after `position`, or `seconds` have passed."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self.last <= position and not self.is_closed and (left := deadline - loop.time()) > 0:
            if self._is_behind:
                await self._read_for_all()
            else:
                await set_within(self._changed, left)

    async def _read_for_all(self) -> None:
        """Of many waiting readers, the first one reads."""
        async with self._reading:
            if self._is_behind:
                await self._read()

    async def read(self) -> None:
        """Read on from the database, or wait for a read begun after this call."""
        asked_at = asyncio.get_running_loop().time()
        async with self._reading:
            if self._read_at <= asked_at:
                await self._read()

    async def _read(self) -> None:
        self._is_behind = False
        if not self.is_ended:
            self._read_at = asyncio.get_running_loop().time()
            known = self.last
            events = await in_database(log_after, self.generation_id, known)
            if events and not self.events:
                self.start = events[0].position - 1
            # A commit of this process may have been published while the read was under way.
            self._extend([event for event in events if event.position > self.last])

    def close(self) -> None:
        self.is_closed = True
        self._wake()

    @property
    def is_quiet(self) -> bool:
        """True when nothing has come for some time though more is to come."""
        since = asyncio.get_running_loop().time() - self._changed_at
        return not self.is_ended and since > POLL_SECONDS / 2

    def _extend(self, events: list[LogEvent]) -> None:
        if events:
            self.events.extend(events)
            if any(event.is_reset for event in events):
                self.events = without_withdrawn(self.events)
            self._changed_at = asyncio.get_running_loop().time()
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Follower:
    """One reader's way through a log, from the position after `position`."""

    def __init__(self, tail: _Tail, position: int) -> None:
        self._tail = tail
        self.position = position

    @property
    def is_at_end(self) -> bool:
        """True when the terminal event was reached: nothing will follow."""
        return self._tail.is_ended and self.position >= self._tail.last

    @property
    def is_closed(self) -> bool:
        """True when this process is about to end: its readers are to come back elsewhere."""
        return self._tail.is_closed

    @property
    def start(self) -> int:
        """The position before the log's first event."""
        return self._tail.start

    @property
    def known(self) -> list[LogEvent]:
        """The events of the log so far, as known to this process."""
        return self._tail.events

    async def next(self, seconds: float) -> list[LogEvent]:
        """The next events, in order; an empty list if none came within `seconds`."""
        await self._tail.wait(self.position, seconds)
        events = self._tail.events[self.position - self._tail.start :]
        self.position += len(events)
        return events


@asynccontextmanager
async def follow(generation_id: uuid.UUID, position: int) -> AsyncGenerator[Follower, None]:
    """Follow a log; the whole of what is in it now has been read when the block begins.

    After `close_all` there is nothing to follow any more on this event loop.
    """
    followed = _followed()
    tail = followed.tails.setdefault(generation_id, _Tail(generation_id))
    if asyncio.get_running_loop() in _closed:
        tail.close()
    tail.readers += 1
    followed.begin_to_poll()
    try:
        await tail.read()
        yield Follower(tail, max(position, tail.start))
    finally:
        tail.readers -= 1
        if not tail.readers:
            followed.leave(tail)


def publish(generation_id: uuid.UUID, events: list[LogEvent]) -> None:
    """Give this loop's readers of a generation what was just committed."""
    if tail := _tails().get(generation_id):
        tail.publish(events)


def publish_from_thread(generation_id: uuid.UUID, events: list[LogEvent]) -> None:
    """`publish`, on every event loop of this process with followed logs."""
    for reference in _by_loop.keyrefs():
        if loop := reference():
            call_on(loop, publish, generation_id, events)


def wake(generation_ids: Iterable[uuid.UUID]) -> None:
    """Let this process's readers of these generations look at once: others wrote there."""
    tails = _tails()
    for generation_id in generation_ids:
        if tail := tails.get(generation_id):
            tail.wake()


def wake_all() -> None:
    wake(list(_tails()))


async def close_all(seconds: float) -> None:
    """End all following on this event loop between two events, within `seconds`, and for good."""
    _closed.add(asyncio.get_running_loop())
    tails = list(_tails().values())
    for tail in tails:
        tail.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for tail in tails:
                await tail.is_left.wait()


class _Followed:
    """The logs that are followed on one event loop, and what polls them."""

    def __init__(self) -> None:
        self.tails: dict[uuid.UUID, _Tail] = {}
        self._polling: asyncio.Task[None] | None = None

    def begin_to_poll(self) -> None:
        if self._polling is None or self._polling.done():
            # A fresh context: it outlives the request that came first.
            self._polling = asyncio.create_task(self._poll(), context=contextvars.Context())

    def leave(self, tail: _Tail) -> None:
        self.tails.pop(tail.generation_id, None)
        tail.is_left.set()
        if not self.tails and self._polling is not None:
            self._polling.cancel()
            self._polling = None

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            quiet = [tail for tail in self.tails.values() if tail.is_quiet]
            if not quiet:
                continue
            try:
                last = await in_database(last_positions, [tail.generation_id for tail in quiet])
            except DATABASE_AWAY:
                logger.exception("could not look for news of %d logs; trying again", len(quiet))
                continue
            for tail in quiet:
                if last.get(tail.generation_id, 0) > tail.last:
                    tail.wake()


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Followed] = WeakKeyDictionary()
_closed: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


def _followed() -> _Followed:
    return _by_loop.setdefault(asyncio.get_running_loop(), _Followed())


def _tails() -> dict[uuid.UUID, _Tail]:
    return _followed().tails
