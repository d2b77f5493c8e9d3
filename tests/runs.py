"""Runs whose process died: their log as it came, and the database as it was at any event."""

import datetime as dt
import json
from itertools import zip_longest

from django.utils import timezone

from stories.execution import checkpoints, engine, runner
from stories.execution.run import RunControl
from stories.generations import ahead_slots
from stories.infra.db import in_database
from stories.models import Chapter, Generation, GenerationEvent
from tests.clients import Client, Frame

_END_SECONDS = 10.0


async def settled(*, goes_on: bool = False) -> None:
    """Waits until this process's runs have ended and planned; then it takes others, or none."""
    await engine.shut_down(_END_SECONDS)
    if goes_on:
        engine.start()


async def has_checkpoints(generation: Generation) -> bool:
    """True when LangGraph's store, which all tests share, has something of this run."""
    async with checkpoints.opened() as store:
        return str(generation.pk) in await store.threads()


async def watched(api: Client, generation: Generation) -> tuple[list[Frame], list[str]]:
    """The events of a run as they come, and the sources that stood beside them then: of text that
    is withdrawn later, neither is in the log any more."""
    frames: list[Frame] = []
    sources: list[str] = []
    async for frame in api.following(f"/generations/{generation.pk}/events"):
        frames.append(frame)
        now = await in_database(sources_of, generation)
        sources = [then or source for then, source in zip_longest(sources, now, fillvalue="")]
    return frames, sources


def sources_of(generation: Generation) -> list[str]:
    rows = GenerationEvent.objects.filter(generation=generation).order_by("position")
    return list(rows.values_list("source", flat=True))


def put_back(generation: Generation, frames: list[Frame], sources: list[str]) -> None:
    """The log as it was when the last of these had been committed."""
    GenerationEvent.objects.filter(generation=generation).delete()
    GenerationEvent.objects.bulk_create(
        GenerationEvent(
            generation=generation,
            position=position,
            type=frame.type,
            payload=json.dumps(frame.data, ensure_ascii=False),
            source=source,
        )
        for position, (frame, source) in enumerate(zip(frames, sources, strict=False), start=1)
    )


def die_after(generation: Generation, position: int) -> None:
    """Puts the database back to where its runner was killed after committing this event."""
    Chapter.objects.all().delete()
    GenerationEvent.objects.filter(position__gt=position).delete()
    Generation.objects.filter(pk=generation.pk).update(
        status=Generation.Status.RUNNING,
        finished_at=None,
        last_position=position,
        lease_expires_at=timezone.now() - dt.timedelta(seconds=1),
        attempts=1,
    )


async def write_ahead() -> Generation | None:
    """Have the next chapter written ahead, by nobody's dispatcher; its run, None if none is due."""
    claim = await in_database(ahead_slots.claim_next, 1, [""])
    if claim is None:
        return None
    async with checkpoints.opened() as store:
        await runner.execute(claim, RunControl(), store)
    return await Generation.with_hidden.select_related("chapter", "choice").aget(pk=claim.id)
