"""Appending to logs: within a command's transaction, or by group commit: events that arrive during
one commit go into the next."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakKeyDictionary

from django.db import transaction

from stories.infra.db import DATABASE_AWAY, in_database, tidy_up

from . import follower
from .entries import Addition, Entry, LeaseLost, LogEvent, commit_all, insert_all

# A commit costs the same time for one event as for ten, and nobody reads so fast.
SPACING_SECONDS = 0.001
TIDYING_SECONDS = 1.0


def insert(
    generation_id: uuid.UUID, lease_id: uuid.UUID | None, last: int, entries: Sequence[Entry]
) -> list[LogEvent]:
    """Append `entries` after position `last`; readers have them on commit of the open transaction.

    Raises LeaseLost where the lease is no longer held or somebody else has appended; then nothing
    was written.
    """
    (outcome,) = insert_all([Addition(generation_id, lease_id, last, entries)])
    if isinstance(outcome, LeaseLost):
        raise outcome
    transaction.on_commit(partial(follower.publish_from_thread, generation_id, outcome))
    return outcome


@dataclass(eq=False)
class LogWriter:
    """Appends to one generation's log under one lease, in the order of the calls.

    `last` is the position of the last event in the log when the lease was taken.
    """

    generation_id: uuid.UUID
    lease_id: uuid.UUID
    last: int
    _pending: list[Entry] = field(default_factory=list)
    _failure: Exception | None = None
    _committed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._committed.set()

    def append(self, entry: Entry) -> None:
        """Hand an event to the next commit; raises the error of an earlier commit."""
        if self._failure is not None:
            raise self._failure
        self._pending.append(entry)
        self._committed.clear()
        _Commits.of_this_loop().add(self)

    async def flush(self) -> None:
        """Wait until every appended event is committed."""
        await self._committed.wait()
        if self._failure is not None:
            raise self._failure

    async def settle_down(self) -> None:
        """Wait until nothing is being committed. What was not is left out where a commit failed for
        good; raises only what leaves the log to another runner."""
        await self._committed.wait()
        if isinstance(self._failure, (LeaseLost, *DATABASE_AWAY)):
            raise self._failure

    @property
    def is_waiting(self) -> bool:
        """True when there is something to commit: not so, once a commit has failed."""
        return bool(self._pending)

    def take(self) -> Addition:
        entries, self._pending = self._pending, []
        return Addition(self.generation_id, self.lease_id, self.last, entries)

    def settle(self, outcome: "_Outcome") -> None:
        """Record the end of a commit and pass on its events."""
        if isinstance(outcome, list):
            self.last = outcome[-1].position
            follower.publish(self.generation_id, outcome)
        else:
            self._failure = outcome
            self._pending.clear()
        if not self._pending:
            self._committed.set()


class _Commits:
    """One event loop's group commit."""

    _by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, "_Commits"] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._waiting: dict[LogWriter, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._began_at = self._tidied_at = 0.0
        self._tidying: asyncio.Task[None] | None = None

    @classmethod
    def of_this_loop(cls) -> "_Commits":
        return cls._by_loop.setdefault(asyncio.get_running_loop(), cls())

    def add(self, writer: LogWriter) -> None:
        self._waiting[writer] = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit_all())

    async def _commit_all(self) -> None:
        while self._waiting:
            await self._gather()
            waiting, self._waiting = self._waiting, {}
            writers = [writer for writer in waiting if writer.is_waiting]
            batch = [writer.take() for writer in writers]
            outcomes = await _committed(batch)
            for writer, outcome in zip(writers, outcomes, strict=True):
                writer.settle(outcome)
            self._tidy_up()

    async def _gather(self) -> None:
        """Let commits begin some time apart, so that many events share one."""
        loop = asyncio.get_running_loop()
        if (seconds := self._began_at + SPACING_SECONDS - loop.time()) > 0:
            await asyncio.sleep(seconds)
        self._began_at = loop.time()

    def _tidy_up(self) -> None:
        if self._began_at > self._tidied_at + TIDYING_SECONDS:
            self._tidied_at = self._began_at
            self._tidying = asyncio.create_task(in_database(tidy_up))


_Outcome = list[LogEvent] | Exception


async def _committed(batch: Sequence[Addition]) -> list[_Outcome]:
    """The outcome of each; whoever appends or waits there raises it, and logs it."""
    try:
        return [*await in_database(commit_all, batch)]
    except Exception as error:  # noqa: BLE001 - nobody may wait for this commit for ever
        if len(batch) == 1 or isinstance(error, DATABASE_AWAY):
            return [error for _ in batch]
    # An event that one log cannot take is no reason to end the others.
    return [outcome for addition in batch for outcome in await _committed([addition])]
