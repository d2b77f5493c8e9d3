"""Waiting for a place on the model: whose turn it is, and telling those who wait."""

import json
import uuid
from collections import Counter
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Avg, F

from stories import db, eventlog
from stories.eventlog import Entry, LeaseLost, LogEvent
from stories.events import Queued
from stories.models import Generation, GenerationEvent

_RECENT_RUNS = 20
_TURN = 0x5701237F  # any number that nobody else takes turns by
Announced = list[tuple[uuid.UUID, list[LogEvent]]]


@dataclass(frozen=True)
class _Waiting:
    """`ahead` is how many chapters of its own family are under way or before it."""

    generation_id: uuid.UUID
    ahead: int
    last_position: int


def take_turn() -> None:
    """Of all processes only this one fills places or the queue, until its transaction ends."""
    db.take_turn(_TURN)


def family_places(capacity: int) -> int:
    """How many of the `capacity` places one family may have."""
    return min(settings.MAX_CONCURRENT_PER_FAMILY or capacity, capacity)


def in_turn() -> list[_Waiting]:
    """Everyone who waits, in fair order: the family with the fewest chapters under way or ahead
    first, and within that by arrival."""
    ahead = _under_way()
    arrivals = Generation.objects.filter(status=Generation.Status.QUEUED).order_by("created_at")
    waiting: list[_Waiting] = []
    rows = arrivals.values_list("pk", "story__child__family", "last_position")
    for pk, family_id, last_position in rows:
        waiting.append(_Waiting(pk, ahead[family_id], last_position))
        ahead[family_id] += 1
    return sorted(waiting, key=lambda one: one.ahead)  # which keeps arrivals in order


def _under_way() -> Counter[uuid.UUID]:
    """How many chapters of each family are being written."""
    running = Generation.objects.filter(status=Generation.Status.RUNNING)
    return Counter(running.values_list("story__child__family", flat=True))


def announce(capacity: int) -> Announced:
    """Tell each who waits its place, where that is news. What was appended, to be published.

    Whoever came since places were given out, and will get one at once, has nothing to hear.
    """
    free, own_places = capacity - _under_way().total(), family_places(capacity)
    queue = in_turn()
    told = _last_told(queue)
    seconds = seconds_per_run() if queue else None
    announced: Announced = []
    for position, waiting in enumerate(queue, start=1):
        is_next = position <= free and waiting.ahead < own_places
        if is_next or told.get(waiting.generation_id) == position:
            continue
        eta = None if seconds is None else seconds * _runs_before(waiting, position, capacity)
        entry = Entry(Queued(position=position, eta_seconds=eta and round(eta, 1)))
        try:
            with transaction.atomic():
                events = eventlog.insert(
                    waiting.generation_id, None, waiting.last_position, [entry]
                )
        except LeaseLost:
            continue  # it was claimed in the meantime, which is better news
        announced.append((waiting.generation_id, events))
    return announced


def _last_told(queue: list[_Waiting]) -> dict[uuid.UUID, int]:
    """The last place that each log names. A log that waits ends with its newest `queue` event."""
    rows = GenerationEvent.objects.filter(
        type="queue",
        generation__in=[waiting.generation_id for waiting in queue],
        position=F("generation__last_position"),
    ).values_list("generation", "payload")
    return {generation_id: json.loads(payload)["position"] for generation_id, payload in rows}


def _runs_before(waiting: _Waiting, position: int, capacity: int) -> float:
    """How many chapters' time it waits: for a place on the model, or for one of its family's."""
    own_places = family_places(capacity)
    return max(position / capacity, (waiting.ahead + 1 - own_places) / own_places)


def seconds_per_run() -> float | None:
    """How long the newest chapters took, on the average; None where none was written yet."""
    recent = Generation.objects.filter(status=Generation.Status.COMPLETED, started_at__isnull=False)
    took = Avg(F("finished_at") - F("started_at"))
    average = recent.order_by("-finished_at")[:_RECENT_RUNS].aggregate(took=took)["took"]
    return average.total_seconds() if average else None
