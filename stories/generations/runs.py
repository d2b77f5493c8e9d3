"""The life of a run in the database: claimed under a lease, renewed, and ended exactly once."""

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from stories import eventlog
from stories.eventlog import Entry, LogEvent
from stories.infra.notify import News, notify
from stories.models import (
    TITLE_LENGTH,
    Chapter,
    Choice,
    Generation,
    ReadingSession,
)
from stories.vocabulary.brief import Pseudonym, StoryBrief
from stories.vocabulary.errors import Cancelled, Interrupted, StoryError, Withdrawn
from stories.vocabulary.events import REJECTED, ContentReset, Failed
from stories.workflow import ChapterDraft, ModelUse, Resume, resume_from

from . import queue
from .briefs import pseudonym_of
from .previews import advance

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Claim:
    """The right to write one generation, until its lease runs out.

    `log` is all that an earlier runner left, and `resume` where it is gone on with. `is_ahead` says
    that readers have text which was not approved.
    """

    generation: Generation
    lease_id: uuid.UUID
    brief: StoryBrief
    name: Pseudonym
    resume: Resume
    log: tuple[LogEvent, ...]
    is_ahead: bool
    is_stop_requested: bool

    @property
    def id(self) -> uuid.UUID:
        return self.generation.pk


class Look(NamedTuple):
    """What was found of what nobody writes: the one that was claimed, and whether there may be
    others."""

    claim: Claim | None
    leaves_others: bool


def claim_next(capacity: int, ours: Collection[Claim] = ()) -> Look:
    """Take one that only has to be ended, a run whose runner died, or the generation whose turn it
    is; none where nobody waits or no place is free. `ours` are what this process is writing.

    A live lease is a place. Processes count and take them by turns, so that all together never
    write more than `capacity` chapters, and never more of one family than it may have. To be ended,
    a run needs no place.
    """
    free = _free_but_for(ours)
    if stopped := [run.generation_id for run in free if run.stop_requested_at]:
        with transaction.atomic():
            if claim := _first_of(stopped):
                return Look(claim, leaves_others=len(free) > 1)
    return _claim_in_turn(capacity, ours) if free else Look(None, leaves_others=False)


def _claim_in_turn(capacity: int, ours: Collection[Claim]) -> Look:
    with transaction.atomic():
        queue.take_turn()
        free = _free_but_for(ours)
        loads = queue.loads()
        if sum(load.held for load in loads.values()) >= capacity:
            return Look(None, leaves_others=True)
        orphaned = [run for run in free if not run.is_waiting]
        orphaned.sort(key=lambda run: run.lease_expires_at or timezone.now())
        own_places = queue.family_places(capacity)
        waiting = queue.in_turn(free, loads)
        in_order = [one.generation_id for one in waiting if one.ahead < own_places]
        claim = _first_of([*(run.generation_id for run in orphaned), *in_order])
        return Look(claim, leaves_others=len(free) > (1 if claim else 0))


def _free_but_for(ours: Collection[Claim]) -> list[queue.Free]:
    """What nobody writes. Leases of ours that ran out while nobody could renew them are held again:
    the machine may have been asleep."""
    free = queue.free_runs()
    if ours and not all(run.is_waiting for run in free):
        leases = [claim.lease_id for claim in ours]
        lapsed = Generation.objects.filter(queue.orphaned(), lease_id__in=leases)
        if lapsed.update(lease_expires_at=timezone.now() + _lease()):
            return queue.free_runs()
    return free


def stop_unclaimed(pk: uuid.UUID) -> None:
    """End a run that nobody writes, as whoever claims it would; call it inside a transaction."""
    if claim := _first_of([pk]):
        fail(claim, Cancelled(), claim.generation.last_position, ())


def end_stopping(asked: QuerySet[Generation]) -> None:
    """End at once those of these that a stop was asked for: their places are wanted. Whoever still
    writes one of them has lost its lease. Call it inside a transaction."""
    stopping = Q(status__in=Generation.ACTIVE, stop_requested_at__isnull=False)
    for pk in list(asked.filter(stopping).values_list("pk", flat=True)):
        if claim := _first_of([pk], stopping):
            fail(claim, Cancelled(), claim.generation.last_position, ())


def renew(claims: Collection[Claim]) -> dict[uuid.UUID, bool]:
    """Hold leases for longer. Of those that nobody else has taken, whether a stop was asked for.

    A log that is being appended to at this moment is passed over till the next time: whoever waits
    for one row while holding others may wait for somebody who waits for these.
    """
    ours = Generation.objects.filter(
        pk__in=[claim.id for claim in claims], lease_id__in=[claim.lease_id for claim in claims]
    )
    with transaction.atomic():
        running = ours.filter(status=Generation.Status.RUNNING)
        free = [*running.select_for_update(skip_locked=True).values_list("pk", flat=True)]
        Generation.objects.filter(pk__in=free).update(lease_expires_at=timezone.now() + _lease())
    asked = ours.values_list("pk", "stop_requested_at")
    return {pk: stop_requested_at is not None for pk, stop_requested_at in asked}


def release(claim: Claim) -> None:
    """Let another process take over at once."""
    held = Generation.objects.filter(
        pk=claim.id, lease_id=claim.lease_id, status=Generation.Status.RUNNING
    )
    past = timezone.now() - dt.timedelta(seconds=1)
    with transaction.atomic():
        held.update(lease_expires_at=past, attempts=F("attempts") - 1)
        notify(News.WORK)


@transaction.atomic
def complete(
    claim: Claim, draft: ChapterDraft, last: int, uses: Sequence[ModelUse]
) -> list[LogEvent]:
    """Store the chapter, move the session to it and end the log, all or nothing. Where a parent
    looks first, the session stays where it is until the chapter is released.

    Raises LeaseLost where another runner was quicker, Withdrawn where staff took it away.
    """
    generation = claim.generation
    session = ReadingSession.objects.select_for_update().get(story=generation.story)
    if _is_withdrawn(claim.id):
        raise Withdrawn
    chapter = _store_chapter(claim, draft)
    choices = _store_choices(chapter, draft, claim.name)
    if not generation.is_previewed:
        advance(session, chapter)
    event = eventlog.completion(generation, session, chapter, choices)
    ending = [Entry(eventlog.DONE), Entry(event)]
    events = eventlog.insert(claim.id, claim.lease_id, last, ending)
    _end(claim.id, claim.lease_id, Generation.Status.COMPLETED, uses, chapter=chapter)
    return events


@transaction.atomic
def fail(claim: Claim, error: StoryError, last: int, uses: Sequence[ModelUse]) -> list[LogEvent]:
    """End the log with an error a parent can read. What was approved so far stays in the log,
    unless it was judged unfit as a whole; readers then lose it in the same commit."""
    return _fail(claim.id, claim.lease_id, error, last, uses, before=_withdrawing(claim))


def _fail(  # noqa: PLR0913 - what `fail` takes, of a run that may be unreadable
    pk: uuid.UUID,
    lease_id: uuid.UUID,
    error: StoryError,
    last: int,
    uses: Sequence[ModelUse],
    *,
    before: Sequence[Entry] = (),
) -> list[LogEvent]:
    entries = [*before]
    if _is_withdrawn(pk):
        error = Withdrawn()
        entries = [Entry(ContentReset(attempt=0, reason="withdrawn"))]
    event = Failed(message=error.message, code=error.code, retryable=error.retryable)
    events = eventlog.insert(pk, lease_id, last, [*entries, Entry(event)])
    is_stop = error.code == "CANCELLED"
    _end(
        pk,
        lease_id,
        Generation.Status.STOPPED if is_stop else Generation.Status.FAILED,
        uses,
        error_code=error.code,
        error_detail=_causes(error),
    )
    return events


def end_stale(before: dt.datetime) -> list[uuid.UUID]:
    """End what nobody has written since `before`, as interrupted; which these were.

    Each is claimed first, as a runner would, so that none is ended that is being written.
    """
    stale = Q(status=Generation.Status.QUEUED, created_at__lt=before) | Q(
        status=Generation.Status.RUNNING, lease_expires_at__lt=before
    )
    ended: list[uuid.UUID] = []
    for pk in list(Generation.objects.filter(stale).values_list("pk", flat=True)):
        with transaction.atomic():
            if claim := _first_of([pk]):
                fail(claim, Interrupted(), claim.generation.last_position, ())
                ended.append(pk)
    return ended


def is_over(pk: uuid.UUID) -> bool:
    """Whether nobody writes it any more; what was deleted is over, too."""
    return not Generation.objects.filter(pk=pk, status__in=Generation.ACTIVE).exists()


def note_model(claim: Claim, model: str) -> None:
    Generation.objects.filter(pk=claim.id, lease_id=claim.lease_id).update(
        model=model, started_at=timezone.now()
    )


# ------------------------------------------------------------------------------------------------


def _is_withdrawn(pk: uuid.UUID) -> bool:
    return Generation.objects.filter(pk=pk, withdrawn_at__isnull=False).exists()


def _lease() -> dt.timedelta:
    return dt.timedelta(seconds=settings.LEASE_SECONDS)


def _first_of(candidates: list[uuid.UUID], to_be_had: Q | None = None) -> Claim | None:
    """Take the first that is still `to_be_had`, which is free where nothing is said, and can be
    read; call it inside a transaction.

    The lease is committed together with the reading: where the database fails in between, nothing
    was taken. A row that makes no sense is ended, so that it stands in nobody's way.
    """
    for pk in candidates:
        lease_id = uuid.uuid4()
        if not _lease_out(pk, lease_id, queue.free() if to_be_had is None else to_be_had):
            continue
        try:
            return _claimed(pk, lease_id)
        except (ValueError, LookupError, TypeError) as error:
            _end_unreadable(pk, lease_id, error)
    return None


def _lease_out(pk: uuid.UUID, lease_id: uuid.UUID, to_be_had: Q) -> bool:
    """The conditional update decides between processes that want the same one."""
    taken = Generation.objects.filter(to_be_had, pk=pk).update(
        status=Generation.Status.RUNNING,
        lease_id=lease_id,
        lease_expires_at=timezone.now() + _lease(),
        attempts=F("attempts") + 1,
    )
    return taken > 0


def _end_unreadable(pk: uuid.UUID, lease_id: uuid.UUID, error: Exception) -> None:
    # Without the message, which may quote a story.
    logger.error("generation %s cannot be read: %s", pk, type(error).__name__)
    failure = Interrupted()
    failure.__cause__ = error
    last = Generation.objects.values_list("last_position", flat=True).get(pk=pk)
    _fail(pk, lease_id, failure, last, [])


def _claimed(pk: uuid.UUID, lease_id: uuid.UUID) -> Claim:
    generation = Generation.objects.select_related("story__child", "choice__chapter").get(pk=pk)
    name = pseudonym_of(generation.story)
    log = eventlog.read_after(pk, 0)
    resume = _resume(pk, log)
    return Claim(
        generation=generation,
        lease_id=lease_id,
        brief=StoryBrief.model_validate(generation.brief),
        name=name,
        resume=resume,
        log=tuple(log),
        is_ahead=eventlog.shown_text(log) != name.reveal(resume.text),
        is_stop_requested=generation.stop_requested_at is not None,
    )


def _resume(pk: uuid.UUID, log: Sequence[LogEvent]) -> Resume:
    has_text = any(event.type == "content" for event in log)
    source = eventlog.source_text(pk) if has_text else ""
    return resume_from(((event.type, event.data) for event in log), source)


def _withdrawing(claim: Claim) -> list[Entry]:
    """What withdraws from readers that which was not approved; nothing where they have none."""
    log = eventlog.read_after(claim.id, 0)
    resume = _resume(claim.id, log)
    if resume.is_rejected:
        return [Entry(ContentReset(attempt=0, reason=REJECTED))]
    revealed = claim.name.reveal(resume.text)
    if eventlog.shown_text(log) == revealed:
        return []
    return eventlog.withdrawing(resume.text, revealed, is_whole=resume.is_whole)


def _store_chapter(claim: Claim, draft: ChapterDraft) -> Chapter:
    generation, reveal = claim.generation, claim.name.reveal
    parent = generation.choice.chapter if generation.choice else None
    return Chapter.objects.create(
        story=generation.story,
        parent=parent,
        choice=generation.choice,
        number=generation.chapter_number,
        title=reveal(draft.title)[:TITLE_LENGTH],
        text=reveal(draft.text),
        source=draft.text,
        question=reveal(draft.question),
        summary=draft.summary,
        vocabulary=[
            {"word": reveal(word.word), "meaning": reveal(word.meaning)}
            for word in draft.vocabulary
        ],
        educational_elements=[reveal(element) for element in draft.educational_elements],
        word_count=draft.measures.word_count,
        reading_minutes=draft.measures.reading_minutes,
        measured_level=draft.measures.level,
        safety_score=draft.safety.score,
        safety_layers=list(draft.safety.layers),
        is_ending=claim.brief.is_ending,
        released_at=None if generation.is_previewed else timezone.now(),
    )


def _store_choices(chapter: Chapter, draft: ChapterDraft, name: Pseudonym) -> list[Choice]:
    return Choice.objects.bulk_create(
        Choice(
            chapter=chapter,
            position=position,
            text=name.reveal(choice.text),
            description=name.reveal(choice.description),
            impact=name.reveal(choice.impact),
        )
        for position, choice in enumerate(draft.choices)
    )


def _end(
    pk: uuid.UUID, lease_id: uuid.UUID, status: str, uses: Sequence[ModelUse], **fields: Any
) -> None:
    timings: dict[str, float] = {}
    for use in uses:
        timings[use.step] = round(timings.get(use.step, 0.0) + use.seconds, 3)
    Generation.objects.filter(pk=pk, lease_id=lease_id).update(
        status=status,
        finished_at=timezone.now(),
        lease_expires_at=None,
        timings=timings,
        prompt_tokens=sum(use.prompt_tokens for use in uses),
        completion_tokens=sum(use.completion_tokens for use in uses),
        **fields,
    )


def _causes(error: BaseException) -> str:
    """The chain of exception types, without their messages: these may quote a story or a prompt."""
    chain: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        chain.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        cause = cause.__cause__ or cause.__context__
    return " <- ".join(chain)
