"""Leases: runs are claimed under one, kept by it, and ended without one."""

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from stories.infra.notify import Topic, notify
from stories.models import (
    Generation,
)
from stories.vocabulary.errors import Cancelled, Interrupted

from . import outcomes, queue
from .claims import Claim, read_claim
from .writers import failed_hosts, stored, with_failed

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
_NO_HOSTS: Mapping[uuid.UUID, str] = {}


class ClaimResult(NamedTuple):
    """The claimed run, if any, and whether other unclaimed runs may be left."""

    claim: Claim | None
    leaves_others: bool


def claim_next(
    slots: int, own_claims: Collection[Claim] = (), hosts: Sequence[str] = ("",)
) -> ClaimResult:
    """Claim the next run: one to stop, else one whose lease expired, else the next in the queue.

    `claim` is None when there is none, or no slot. `own_claims` are the runs of this process. A
    live lease is one of the `slots` of its host; a run is given to the least busy of the `hosts`
    that has not failed it. Processes count and take slots in turn, so that together they never
    write more chapters than a host has slots, and never more of one family than it may have. A run
    that only has to be stopped needs no slot.
    """
    unclaimed = _unclaimed_runs(own_claims)
    if stopped := [run.generation_id for run in unclaimed if run.stop_requested_at]:
        with transaction.atomic():
            if claim := claim_first(stopped):
                return ClaimResult(claim, leaves_others=len(unclaimed) > 1)
    if not unclaimed:
        return ClaimResult(None, leaves_others=False)
    return _claim_in_turn(slots, own_claims, hosts)


def renew(claims: Collection[Claim]) -> dict[uuid.UUID, bool]:
    """Hold leases for longer. Of those that nobody else has taken, whether a stop was asked for.

    A log that is being appended to at this moment is passed over till the next time: whoever waits
    for one row while holding others may wait for somebody who waits for these.
    """
    ours = Generation.with_hidden.filter(
        pk__in=[claim.id for claim in claims], lease_id__in=[claim.lease_id for claim in claims]
    )
    with transaction.atomic():
        running = ours.filter(status=Generation.Status.RUNNING)
        free = [*running.select_for_update(skip_locked=True).values_list("pk", flat=True)]
        Generation.with_hidden.filter(pk__in=free).update(lease_expires_at=_lease_end())
    asked = ours.values_list("pk", "stop_requested_at")
    return {pk: stop_requested_at is not None for pk, stop_requested_at in asked}


def give_up_lease(claim: Claim) -> None:
    """Let another process take over at once."""
    held = Generation.with_hidden.filter(
        pk=claim.id, lease_id=claim.lease_id, status=Generation.Status.RUNNING
    )
    past = timezone.now() - dt.timedelta(seconds=1)
    with transaction.atomic():
        held.update(lease_expires_at=past, attempts=F("attempts") - 1)
        notify(Topic.WORK)


def leave_host(claim: Claim, host: str) -> None:
    """Let the run be taken on at another host after this one's failure.

    The lease has no holder then: this process must not renew it as one that it slept past.
    """
    with transaction.atomic():
        held = Generation.with_hidden.select_for_update().filter(
            pk=claim.id, lease_id=claim.lease_id, status=Generation.Status.RUNNING
        )
        for generation in held:
            generation.writers = with_failed(generation.writers, host)
            generation.lease_id = None
            generation.lease_expires_at = timezone.now() - dt.timedelta(seconds=1)
            generation.save(update_fields=["writers", "lease_id", "lease_expires_at"])
        notify(Topic.WORK)


def stop_unclaimed(pk: uuid.UUID) -> None:
    """End a run without a writer, just as its next claimant would; call it inside a transaction."""
    if claim := claim_first([pk]):
        outcomes.fail(claim, Cancelled(), claim.generation.last_position, ())


def end_stopping(asked: QuerySet[Generation]) -> None:
    """End at once those of these with a stop request: their positions are wanted. A runner that
    still writes one loses its lease. Call it inside a transaction."""
    stopping = Q(status__in=Generation.ACTIVE, stop_requested_at__isnull=False)
    for pk in list(asked.filter(stopping).values_list("pk", flat=True)):
        if claim := claim_first([pk], stopping):
            outcomes.fail(claim, Cancelled(), claim.generation.last_position, ())


def end_stale(before: dt.datetime) -> list[uuid.UUID]:
    """End runs without a writer since `before`, as interrupted; returns these.

    Each is claimed first, as a runner would, so that none is ended that is being written.
    """
    stale = Q(status=Generation.Status.QUEUED, created_at__lt=before) | Q(
        status=Generation.Status.RUNNING, lease_expires_at__lt=before
    )
    ended: list[uuid.UUID] = []
    for pk in list(Generation.objects.filter(stale).values_list("pk", flat=True)):
        with transaction.atomic():
            if claim := claim_first([pk]):
                outcomes.fail(claim, Interrupted(), claim.generation.last_position, ())
                ended.append(pk)
    return ended


def _claim_in_turn(slots: int, own_claims: Collection[Claim], hosts: Sequence[str]) -> ClaimResult:
    with transaction.atomic():
        queue.take_turn()
        unclaimed = _unclaimed_runs(own_claims)
        if not (free := queue.free_hosts(hosts, slots)):
            return ClaimResult(None, leaves_others=True)
        loads = queue.loads()
        orphaned = [run for run in unclaimed if not run.is_waiting]
        orphaned.sort(key=lambda run: run.lease_expires_at or timezone.now())
        own_slots = queue.family_slots(slots * len(hosts))
        waiting = queue.in_turn(unclaimed, loads)
        in_order = [one.generation_id for one in waiting if one.ahead < own_slots]
        host_of = {run.generation_id: _host_for(run, free) for run in unclaimed}
        candidates = [*(run.generation_id for run in orphaned), *in_order]
        claim = claim_first(candidates, host_of=host_of)
        return ClaimResult(claim, leaves_others=len(unclaimed) > (1 if claim else 0))


def _host_for(run: queue.UnclaimedRun, free: Sequence[str]) -> str:
    """The least busy free host; one that has failed the run only if there is no other."""
    failed = failed_hosts(run.writers)
    return next((host for host in free if host not in failed), free[0])


def _unclaimed_runs(own_claims: Collection[Claim]) -> list[queue.UnclaimedRun]:
    """Runs to claim, without this process's own."""
    unclaimed = queue.unclaimed_runs()
    is_any_lapsed = own_claims and not all(run.is_waiting for run in unclaimed)
    if is_any_lapsed and _renew_lapsed(own_claims):
        return queue.unclaimed_runs()
    return unclaimed


def _renew_lapsed(own_claims: Collection[Claim]) -> int:
    """Renew this process's leases that expired unrenewed: the machine may have been asleep."""
    leases = [claim.lease_id for claim in own_claims]
    lapsed = Generation.with_hidden.filter(queue.orphaned(), lease_id__in=leases)
    return lapsed.update(lease_expires_at=_lease_end())


def claim_first(
    candidates: list[uuid.UUID],
    claimable: Q | None = None,
    host_of: Mapping[uuid.UUID, str] = _NO_HOSTS,
) -> Claim | None:
    """Claim the first readable run that is still `claimable` (default: unclaimed), to be written at
    `host_of` it; call it inside a transaction.

    The lease is committed together with the reading: where the database fails in between, nothing
    was taken. A row that makes no sense is ended, so that it stands in nobody's way.
    """
    for pk in candidates:
        lease_id = uuid.uuid4()
        may_take = queue.unclaimed() if claimable is None else claimable
        if not _take_lease(pk, lease_id, may_take, host_of.get(pk)):
            continue
        try:
            return read_claim(pk, lease_id)
        except (ValueError, LookupError, TypeError) as error:
            _end_unreadable(pk, lease_id, error)
    return None


def _lease_end() -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=settings.LEASE_SECONDS)


def _take_lease(pk: uuid.UUID, lease_id: uuid.UUID, claimable: Q, host: str | None) -> bool:
    """Take the lease by a conditional update, the arbiter between processes."""
    at_host = {} if host is None else {"host": stored(host)}
    taken = Generation.with_hidden.filter(claimable, pk=pk).update(
        status=Generation.Status.RUNNING,
        lease_id=lease_id,
        lease_expires_at=_lease_end(),
        attempts=F("attempts") + 1,
        **at_host,
    )
    return taken > 0


def _end_unreadable(pk: uuid.UUID, lease_id: uuid.UUID, error: Exception) -> None:
    # Without the message, which may quote a story.
    logger.error("generation %s cannot be read: %s", pk, type(error).__name__)
    failure = Interrupted()
    failure.__cause__ = error
    last = Generation.with_hidden.values_list("last_position", flat=True).get(pk=pk)
    outcomes.fail_unreadable(pk, lease_id, failure, last)
