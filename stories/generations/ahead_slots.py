"""Slots for chapters written ahead: claimed at a host where nobody waits, and given up as soon as
somebody does.

Nobody who waits for a chapter shares a host with one that nobody has asked for: on one machine two
share its cores, whatever its slots say.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from stories.controls import switches
from stories.controls.switches import Feature
from stories.infra.notify import Topic, notify
from stories.models import Decision, Generation

from . import ahead, leases, queue
from .claims import Claim


def give_way() -> None:
    """Let go of the slots of hidden runs that are in anybody's way, or wanted no more; end those
    for which a stop was asked.

    A slot is free at once. Its run keeps its text and its attempts, to be gone on with later.
    """
    to_stop = queue.unclaimed() & Q(stop_requested_at__isnull=False)
    if not (runs := list(ahead.hidden().filter(queue.held() | to_stop).defer("brief"))):
        return
    wanted = set(_wanted().values_list("pk", flat=True))
    is_anybody_waiting, busy = bool(queue.unclaimed_runs()), _busy_hosts()
    for run in runs:
        if run.stop_requested_at is not None:
            _end_unclaimed(run.pk)
        elif is_anybody_waiting or run.pk not in wanted or _is_shared(run.host, busy):
            give_up(run)


def claim_next(slots: int, hosts: Sequence[str]) -> Claim | None:
    """Claim, or begin, the next run to be written ahead; None where there is none, or no host at
    which nobody's chapter is written. No family has more of them at once than it has slots."""
    if queue.unclaimed_runs() or not _idle_hosts(hosts, slots):
        return None
    full = _families_with(queue.family_slots(slots * len(hosts)))
    if (pk := _next_run(full)) is None:
        return None
    with transaction.atomic():
        queue.take_turn()
        if queue.unclaimed_runs() or not (idle := _idle_hosts(hosts, slots)):
            return None
        is_free = queue.unclaimed() & Q(ahead=Generation.Ahead.HIDDEN, stop_requested_at=None)
        return leases.claim_first([pk], is_free, host_of={pk: idle[0]})


def _next_run(full: set[uuid.UUID]) -> uuid.UUID | None:
    """A run that was given up or never claimed, or else a new one."""
    if switches.turned_off() & {Feature.WRITING, Feature.WRITE_AHEAD}:
        return None
    waiting = _wanted().filter(queue.unclaimed(), stop_requested_at=None)
    mine = waiting.exclude(story__child__family__in=full).order_by("created_at")
    if pk := mine.values_list("pk", flat=True).first():
        return pk
    choice = ahead.next_choice(full)
    begun = choice and ahead.begin(choice.pk)
    return begun.pk if begun else None


def _wanted() -> QuerySet[Generation]:
    """The hidden runs of children who read before that choice, or have taken just this one: then it
    is about to be theirs."""
    is_taken = Exists(Decision.objects.filter(choice=OuterRef("choice")))
    is_open = Q(choice__chapter__in=ahead.undecided().values("chapter"))
    return ahead.hidden().filter(is_open | is_taken)


def _end_unclaimed(pk: uuid.UUID) -> None:
    with transaction.atomic():
        leases.stop_unclaimed(pk)


def give_up(run: Generation) -> None:
    """In a transaction of its own: one that held several rows could wait for a log's writer, who
    takes them in another order. Its runner hears of it by the notification."""
    with transaction.atomic():
        given_up = ahead.hidden().filter(
            pk=run.pk, lease_id=run.lease_id, status=Generation.Status.RUNNING
        )
        if given_up.update(
            lease_id=None,
            lease_expires_at=timezone.now() - dt.timedelta(seconds=1),
            attempts=F("attempts") - 1,
        ):
            notify(Topic.LEASES)


def _busy_hosts() -> set[str]:
    """The hosts at which a chapter is written that somebody asked for; "" may be any."""
    return set(Generation.objects.filter(queue.held()).values_list("host", flat=True))


def _is_shared(host: str, busy: set[str]) -> bool:
    return host in busy or "" in busy or (bool(busy) and not host)


def _idle_hosts(hosts: Sequence[str], slots: int) -> list[str]:
    """The hosts where nothing is written but ahead, and less than there are slots; the least busy
    first."""
    busy = _busy_hosts()
    held = Counter(ahead.hidden().filter(queue.held()).values_list("host", flat=True))
    idle = [host for host in hosts if not _is_shared(host, busy) and held[host] < slots]
    return sorted(idle, key=lambda host: held[host])


def _families_with(count: int) -> set[uuid.UUID]:
    """The families for which as many chapters are being written ahead."""
    held = ahead.hidden().filter(queue.held()).values_list("story__child__family", flat=True)
    return {family for family, n in Counter(held).items() if n >= count}
