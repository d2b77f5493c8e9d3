"""Retention: how long each kind of data is kept, and its removal in small steps, beside running
chapters.

Stories, chapters, choices and the outcome of each run are kept until somebody deletes them. The log
of a finished chapter is of use for a while only, since the chapter says the same; so is the log of
a run that came to nothing, once the story has gone on without it.
"""

import asyncio
import datetime as dt
import itertools
import logging
import uuid
from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from stories import eventlog, narration
from stories.access import tickets
from stories.execution import checkpoints
from stories.generations import ahead, leases
from stories.infra.db import in_database
from stories.models import Generation, Story
from stories.workflow.checkpoints import StoreAway

logger = logging.getLogger(__name__)

# Nobody waits any more for what nobody has written for so long.
STALE_DAYS = 7
# Stories are mostly gone on with the next evening.
UNCHOSEN_DAYS = 3
# Few enough that whoever else writes does not notice, also where writers take turns.
LOGS_PER_STEP = 20
FIRST_AFTER_SECONDS = 300.0
EVERY_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Tidied:
    """Counts of each kind: logs and their events, runs ended, chapters written ahead and not
    chosen, tickets and log-ins."""

    logs: int
    events: int
    ended: int
    unchosen: int
    tickets: int
    sessions: int


async def tidy() -> Tidied:
    """Remove outlived data and end stale runs; safe in any number of processes."""
    ended = await in_database(leases.end_stale, _ago(STALE_DAYS))
    unchosen = await in_database(ahead.drop_unchosen, _ago(UNCHOSEN_DAYS))
    logs = events = 0
    while step := await in_database(_prune_some):
        chosen, removed = step
        logs += len(chosen)
        events += removed
    await _forget_checkpoints()
    used = await in_database(tickets.forget_used)
    await in_database(forget_narration)
    sessions = await in_database(_forget_sessions)
    tidied = Tidied(logs, events, len(ended), unchosen, used, sessions)
    logger.info("tidied up: %s", tidied)
    return tidied


async def tidy_daily() -> None:
    """Tidy up now and then until cancelled; the start of a process is busy enough without."""
    await asyncio.sleep(FIRST_AFTER_SECONDS)
    while True:
        try:
            await tidy()
        except (DatabaseError, *StoreAway):
            logger.exception("could not tidy up; trying again tomorrow")
        await asyncio.sleep(EVERY_SECONDS)


async def _forget_checkpoints() -> None:
    """Of runs that are over, or were deleted with their story: a process that died then left them.

    The threads are listed first: what is begun after that is not among them.
    """
    async with checkpoints.opened() as store:
        threads = await store.threads()
        for thread_id in threads - await in_database(_threads_in_use):
            await store.forget(thread_id)


def forget_narration() -> None:
    """Remove the audio of stories that were deleted, with their child or without, from this
    machine."""
    kept: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for child_id, story_id in narration.folders():
        kept[child_id].append(story_id)
    stories = itertools.chain.from_iterable(kept.values())
    there = set(Story.objects.filter(pk__in=stories).values_list("pk", flat=True))
    for child_id, story_ids in kept.items():
        narration.forget(child_id, set(story_ids) - there)


def _threads_in_use() -> set[str]:
    active = Generation.with_hidden.filter(status__in=Generation.ACTIVE)
    return {str(pk) for pk in active.values_list("pk", flat=True)}


def old_logs() -> QuerySet[Generation]:
    """The generations whose log nobody needs any more."""
    finished = Q(chapter__isnull=False)
    story_went_on = Q(choice=None, story__session__chapter__isnull=False) | (
        Q(choice__isnull=False) & ~Q(story__session__chapter=F("choice__chapter"))
    )
    return Generation.objects.filter(
        finished | story_went_on,
        pruned_at=None,
        finished_at__lt=_ago(settings.KEEP_EVENTS_DAYS),
    ).order_by("finished_at")


@transaction.atomic
def _prune_some() -> tuple[list[uuid.UUID], int] | None:
    """The runs whose logs were removed, with the number of events; None where there were no
    more."""
    rows = old_logs().select_for_update(skip_locked=True, of=("self",))
    chosen = list(rows.values_list("pk", flat=True)[:LOGS_PER_STEP])
    return (chosen, eventlog.prune(chosen)) if chosen else None


def _forget_sessions() -> int:
    """Expired log-ins."""
    removed, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return removed


def _ago(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)
