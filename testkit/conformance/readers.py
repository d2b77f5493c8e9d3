"""The readers of the chaos run: each hops from connection to connection until it has it all."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeVar

from testkit.conformance.audit import UNKNOWN, Reading
from testkit.conformance.schedules import TO_THE_END, Hop, Reader
from testkit.conformance.stage import Run, run_of
from testkit.conformance.wire import (
    BUSY,
    Api,
    Broken,
    By,
    Connection,
    Frame,
    Lost,
    must,
    retry_seconds,
)

T = TypeVar("T")

_RETRY_SECONDS = 0.1
# Comes when all is over, and reads it from the beginning.
LATE = Reader(0, (Hop("afresh", TO_THE_END),))


@dataclass
class Source:
    """The source of a chapter's frames. Where a GET starts it, its first event says which run it
    is."""

    api: Api
    child_id: str
    path: str
    query: dict[str, str]
    known: Run | None = None
    length: int = 0
    is_over: bool = False
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def run(self) -> Run:
        if self.known is None:
            raise Broken("no reader has seen an event")
        return self.known

    async def reached(self, events: int) -> None:
        """Some reader has seen more events than this, or the last one."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.is_over or self.length > events)

    async def saw(self, reading: Reading) -> None:
        if self.known is None:
            self.known = await self._named(reading.frames[0])
        async with self._changed:
            self.length = max(self.length, len(reading.frames))
            self.is_over = self.is_over or reading.is_over
            self._changed.notify_all()

    async def _named(self, first: Frame) -> Run:
        path = f"/generations/{first.data['generation_id']}"
        return run_of(self.api, self.child_id, await insistent(lambda: self.api.call("GET", path)))

    def open(self, cursor: str, by: By) -> AbstractAsyncContextManager[Connection]:
        """The stream; without a cursor of its own, the URL that starts could start once more."""
        if self.known and cursor in ("", UNKNOWN):
            return self.api.open(self.known.events_path, cursor=cursor, by=by)
        return self.api.open(self.path, self.query, cursor=cursor, by=by)


async def read(source: Source, plan: Reader) -> list[Reading]:
    """All that one reader reads, to the end of the log, each beginning anew by itself."""
    if plan.joins_at:
        await source.reached(plan.joins_at)
    readings = [Reading()]
    for hop in plan.hops:
        if source.known and hop.join in ("afresh", "unknown"):
            readings.append(Reading(snapshot="" if hop.join == "unknown" else None))
        await _hop(source, readings[-1], hop)
    return readings


async def _hop(source: Source, reading: Reading, hop: Hop) -> None:
    """A connection, and as many more as it takes while the server goes away."""
    enough = len(reading.frames) + hop.events
    while True:
        await _connect(source, reading, "query" if hop.join == "query" else "header", enough)
        if len(reading.frames) >= enough or reading.is_over:
            return


async def _connect(source: Source, reading: Reading, by: By, enough: int) -> None:
    """Until there are `enough` frames, or the connection ends."""
    try:
        async with source.open(reading.cursor, by) as connection:
            if connection.status in BUSY:
                await asyncio.sleep(retry_seconds(connection.response))
            elif connection.status == 204:
                must(reading.is_over, f"204 for {reading.cursor!r}, which is not the end")
            else:
                must(connection.status == 200, f"a stream was answered {connection.status}")
                await _take(source, reading, connection, enough)
    except Lost:
        await asyncio.sleep(_RETRY_SECONDS)


async def _take(source: Source, reading: Reading, connection: Connection, enough: int) -> None:
    events = connection.events()
    if reading.cursor == UNKNOWN:
        reading.snapshot = await _snapshot(events)
    async for frame in events:
        reading.frames.append(frame)
        await source.saw(reading)
        if len(reading.frames) >= enough:
            return


async def _snapshot(events: AsyncGenerator[Frame, None]) -> str:
    """The text of a resync; raises Lost where the server goes away in the middle of it."""
    reset, text = await anext(events, None), await anext(events, None)
    if reset is None or text is None:
        raise Lost
    is_resync = (reset.type, text.type) == ("content_reset", "content")
    must(is_resync and reset.data["reason"] == "resync", f"no resync: {reset.raw!r} {text.raw!r}")
    must(not reset.id and not text.id, "a resync carries an id")
    return str(text.data["chunk"])


async def insistent(call: Callable[[], Awaitable[T]]) -> T:
    """The result of a call once somebody answers."""
    while True:
        try:
            return await call()
        except Lost:
            await asyncio.sleep(_RETRY_SECONDS)
