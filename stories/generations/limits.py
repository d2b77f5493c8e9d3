"""Limits on beginning a chapter: a bound on the queue, and limits for each family.

Asked only where a run really begins. A replay, or a request that joins a run, costs the model
nothing and is never put off.
"""

import logging
import math
import time
import uuid
from collections import Counter
from typing import ClassVar

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from stories.messages import QUEUE_FULL, TOO_MANY

from . import queue

logger = logging.getLogger(__name__)

MINUTE_SECONDS = 60
HOUR_SECONDS = 3600
# How long a chapter takes where none was written yet.
_USUAL_SECONDS = 30.0


class NotNow(Exception):
    """The same request may succeed later; `retry_after` is in how many whole seconds.

    `code` names it to the API's clients, and its sentence in `stories.messages`.
    """

    code: ClassVar[str]

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.retry_after = min(max(1, math.ceil(seconds)), HOUR_SECONDS)


class QueueFull(NotNow):
    """As many wait for their turn as may."""

    code = QUEUE_FULL


class FamilyBusy(NotNow):
    """The family has begun, or waits for, as many chapters as it may."""

    code = TOO_MANY


def check_limits(family_id: uuid.UUID, capacity: int) -> None:
    """Count the chapter that is about to begin. Raises QueueFull or FamilyBusy.

    Call it in the transaction that begins it, in which the family's row is locked: no other
    process reads the family's count before this one has written it.
    """
    queue.take_turn()
    _check_queue(family_id, capacity)
    count_begun(family_id)


def count_begun(family_id: uuid.UUID) -> None:
    """Count a chapter for which no slot is needed. Raises FamilyBusy."""
    try:
        _count(family_id)
    except RedisError as error:
        logger.warning("chapters begun are not counted for now: %s", type(error).__name__)


def _check_queue(family_id: uuid.UUID, capacity: int) -> None:
    """One family takes no more than half of the queue, or it would shut the others out."""
    active = Counter({family: load.active for family, load in queue.loads().items()})
    own_slots = queue.family_slots(capacity)
    if active[family_id] >= own_slots + max(1, settings.MAX_QUEUED // 2):
        raise FamilyBusy(_seconds_per_run() / own_slots)
    if active.total() >= capacity + settings.MAX_QUEUED:
        raise QueueFull(_seconds_per_run() / capacity)


def _seconds_per_run() -> float:
    return queue.seconds_per_run() or _USUAL_SECONDS


def _count(family_id: uuid.UUID) -> None:
    """Note the time in the list of the family's last hour, unless that holds too many."""
    highest = max(settings.CHAPTERS_PER_MINUTE, settings.CHAPTERS_PER_HOUR)
    if not highest:
        return
    key, now = f"begun:{family_id}", time.time()
    begun = [at for at in cache.get(key, []) if at > now - HOUR_SECONDS]
    wait = max(
        _wait(begun, settings.CHAPTERS_PER_MINUTE, MINUTE_SECONDS, now),
        _wait(begun, settings.CHAPTERS_PER_HOUR, HOUR_SECONDS, now),
    )
    if wait > 0:
        raise FamilyBusy(wait)
    cache.set(key, [*begun, now][-highest:], HOUR_SECONDS)


def _wait(begun: list[float], limit: int, seconds: int, now: float) -> float:
    """In how many seconds there will be fewer than `limit` of them within `seconds`."""
    if not limit or len(begun) < limit:
        return 0.0
    return begun[-limit] + seconds - now
