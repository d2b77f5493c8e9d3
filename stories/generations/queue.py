"""The queue for slots at model hosts: its order, and the positions told to readers."""

import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Avg, Count, F, Q
from django.utils import timezone

from stories import eventlog
from stories.eventlog import Entry, LeaseLost, LogEvent
from stories.infra import db
from stories.models import Generation, GenerationEvent
from stories.vocabulary.events import Queued

from .writers import Writer

_RECENT_RUNS = 20
_TURN = 0x5701237F  # any number that nobody else takes turns by
Published = list[tuple[uuid.UUID, list[LogEvent]]]


class UnclaimedRun(NamedTuple):
    """A run without an end and without a writer."""

    generation_id: uuid.UUID
    status: str
    family_id: uuid.UUID
    lease_expires_at: dt.datetime | None
    stop_requested_at: dt.datetime | None
    last_position: int
    writers: Sequence[Writer]

    @property
    def is_waiting(self) -> bool:
        """True when no runner ever took it."""
        return self.status == Generation.Status.QUEUED


class FamilyLoad(NamedTuple):
    """A family's run counts: active, claimed, claimed with a live lease."""

    active: int
    under_way: int
    held: int


class Waiting(NamedTuple):
    """`ahead` is how many chapters of its own family are under way or before it."""

    generation_id: uuid.UUID
    ahead: int
    last_position: int


def take_turn() -> None:
    """Of all processes only this one fills slots or the queue, until its transaction ends."""
    db.take_turn(_TURN)


def family_slots(capacity: int) -> int:
    """How many of the `capacity` slots one family may have."""
    return min(settings.MAX_CONCURRENT_PER_FAMILY or capacity, capacity)


def orphaned() -> Q:
    """Runs whose runner has not renewed its lease."""
    return Q(status=Generation.Status.RUNNING, lease_expires_at__lt=timezone.now())


def held() -> Q:
    """Runs under a live lease."""
    return Q(status=Generation.Status.RUNNING, lease_expires_at__gte=timezone.now())


def unclaimed() -> Q:
    return Q(status=Generation.Status.QUEUED) | orphaned()


def unclaimed_runs() -> list[UnclaimedRun]:
    """By arrival."""
    columns = ("lease_expires_at", "stop_requested_at", "last_position", "writers")
    rows = Generation.objects.filter(unclaimed()).order_by("created_at")
    owned = rows.values_list("pk", "status", "story__child__family", *columns)
    return [UnclaimedRun(*row) for row in owned]


def loads() -> dict[uuid.UUID, FamilyLoad]:
    """The loads of families with any run, by family."""
    is_under_way = Q(status=Generation.Status.RUNNING)
    by_family = (
        Generation.objects.filter(status__in=Generation.ACTIVE)
        .order_by()
        .values("story__child__family")
        .annotate(
            active=Count("pk"),
            under_way=Count("pk", filter=is_under_way),
            held=Count("pk", filter=held()),
        )
    )
    rows = by_family.values_list("story__child__family", *FamilyLoad._fields)
    return {family_id: FamilyLoad(*counts) for family_id, *counts in rows}


def free_hosts(hosts: Sequence[str], slots: int) -> list[str]:
    """The hosts with a free slot, of `slots` each, the least busy first.

    A live lease is a slot. One without a host may be written at any, so it takes one of each; and
    where no host is known, any lease takes one.
    """
    taken = Counter(Generation.objects.filter(held()).values_list("host", flat=True))
    busy = {host: taken[host] + taken[""] if host else taken.total() for host in hosts}
    return sorted((host for host in busy if busy[host] < slots), key=lambda host: busy[host])


def in_turn(runs: Sequence[UnclaimedRun], loads: Mapping[uuid.UUID, FamilyLoad]) -> list[Waiting]:
    """Waiting runs in fair order: the family with the fewest chapters under way or ahead first, and
    within that by arrival."""
    ahead = Counter({family_id: load.under_way for family_id, load in loads.items()})
    waiting: list[Waiting] = []
    for run in runs:
        if run.is_waiting:
            waiting.append(Waiting(run.generation_id, ahead[run.family_id], run.last_position))
            ahead[run.family_id] += 1
    return sorted(waiting, key=lambda one: one.ahead)  # which keeps arrivals in order


def publish_positions(capacity: int) -> Published:
    """Append each new queue position to its run's log. Returns the appended events, to be
    published.

    Whoever came since positions were given out, and will get one at once, has nothing to hear.
    """
    if not (runs := unclaimed_runs()):
        return []
    under_way = loads()
    queue = in_turn(runs, under_way)
    free_slots = capacity - sum(load.under_way for load in under_way.values())
    own_slots = family_slots(capacity)
    told = _last_told(queue)
    seconds = seconds_per_run()
    published: Published = []
    for position, waiting in enumerate(queue, start=1):
        is_next = position <= free_slots and waiting.ahead < own_slots
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
        published.append((waiting.generation_id, events))
    return published


def _last_told(queue: list[Waiting]) -> dict[uuid.UUID, int]:
    """The last position told by each log: a waiting log ends with its `queue` event."""
    rows = GenerationEvent.objects.filter(
        type="queue",
        generation__in=[waiting.generation_id for waiting in queue],
        position=F("generation__last_position"),
    ).values_list("generation", "payload")
    return {generation_id: json.loads(payload)["position"] for generation_id, payload in rows}


def _runs_before(waiting: Waiting, position: int, capacity: int) -> float:
    """How many chapters' time it waits: for a slot on the model, or for one of its family's."""
    own_slots = family_slots(capacity)
    return max(position / capacity, (waiting.ahead + 1 - own_slots) / own_slots)


def seconds_per_run() -> float | None:
    """The average time of the newest chapters; None before the first."""
    recent = Generation.objects.filter(status=Generation.Status.COMPLETED, started_at__isnull=False)
    took = Avg(F("finished_at") - F("started_at"))
    average = recent.order_by("-finished_at")[:_RECENT_RUNS].aggregate(took=took)["took"]
    return average.total_seconds() if average else None
