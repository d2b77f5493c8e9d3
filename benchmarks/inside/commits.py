"""Seconds from append to sight: `commits LOGS EVENTS_PER_SECOND SECONDS WARM_SECONDS`."""

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Callable
from functools import partial

from children.models import Child, User
from stories.eventlog import Entry, LogEvent, LogWriter, follow, follower
from stories.generations import NewStory, leases, start_story
from stories.generations.claims import Claim
from stories.infra.db import in_database
from stories.vocabulary.events import Content
from tests.factories.callers import caller

_SENTENCE = "The little lantern shone on the path, and {n} moths came to look at it. "
_SETTLING_SECONDS = 2.0

Append = Callable[[Entry], None]


class Log:
    """A log, written and read; `waits` is for the events after the first `warm`."""

    def __init__(self, generation_id: uuid.UUID, position: int, append: Append) -> None:
        self.generation_id = generation_id
        self._append = append
        self._start = position
        self._appended_at: list[float] = []
        self._seen_at: list[float] = []

    def append(self, number: int) -> None:
        event = Content(chunk=_SENTENCE.format(n=number), is_complete=False)
        self._appended_at.append(time.perf_counter())
        self._append(Entry(event, source=event.chunk))

    async def read(self, is_open: asyncio.Event) -> None:
        async with follow(self.generation_id, self._start) as reader:
            is_open.set()
            while True:
                events = await reader.next(60)
                self._seen_at += [time.perf_counter()] * len(events)

    def waits(self, warm: int) -> list[float]:
        pairs = zip(self._appended_at, self._seen_at, strict=True)
        return [seen - appended for appended, seen in pairs][warm:]


def claims(count: int) -> list[Claim]:
    user = User.objects.create_user("bench@example.org", "a-quiet-lantern-7")
    assert user.family is not None
    child = Child.objects.create(
        name="Maya", languages=["en"], birth_year=2018, birth_month=5, family=user.family
    )
    for number in range(count):
        start_story(caller(user), NewStory(child=child, theme=f"lantern number {number}"))
    claimed = [leases.claim_next(count).claim for _ in range(count)]
    return [claim for claim in claimed if claim is not None]


def committed(claim: Claim) -> Log:
    last = claim.generation.last_position
    return Log(claim.id, last, LogWriter(claim.id, claim.lease_id, last).append)


def published(_: Claim) -> Log:
    """A log of a generation that no database knows, so that no read finds anything either."""
    generation_id, count = uuid.uuid4(), iter(range(1, 1_000_000))

    def append(entry: Entry) -> None:
        event = LogEvent(next(count), entry.event.type, entry.event.payload)
        follower.publish(generation_id, [event])

    return Log(generation_id, 0, append)


async def measure(logs: list[Log], rate: int, seconds: int, warm: int) -> list[float]:
    opened = [asyncio.Event() for _ in logs]
    readers = [
        asyncio.create_task(log.read(is_open)) for log, is_open in zip(logs, opened, strict=True)
    ]
    await asyncio.gather(*(is_open.wait() for is_open in opened))
    began_at = time.perf_counter()
    for number in range(rate * (warm + seconds)):
        await asyncio.sleep(max(0.0, began_at + number / rate - time.perf_counter()))
        logs[number % len(logs)].append(number)
    await asyncio.sleep(_SETTLING_SECONDS)
    for reader in readers:
        reader.cancel()
    return [wait for log in logs for wait in log.waits(rate * warm // len(logs))]


async def main(count: int, rate: int, seconds: int, warm: int) -> dict[str, list[float]]:
    claimed = await in_database(partial(claims, count))
    return {
        make.__name__: await measure([make(claim) for claim in claimed], rate, seconds, warm)
        for make in (published, committed)
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(*map(int, sys.argv[1:])))))
