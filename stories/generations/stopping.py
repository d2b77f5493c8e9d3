"""Stopping a run, and its position afterwards: carried on from there, or discarded."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from children.models import User
from stories import eventlog, narration
from stories.eventlog import Entry
from stories.infra.notify import Topic, notify
from stories.models import (
    Chapter,
    Decision,
    Generation,
    ReadingSession,
    Story,
)
from stories.vocabulary.brief import stored_brief
from stories.vocabulary.errors import ErrorCode
from stories.vocabulary.events import Content, NodeEvent
from stories.vocabulary.nodes import FIRST
from stories.workflow.resources import Writing

from . import leases
from .briefs import pseudonym_of
from .previews import AwaitsPreview
from .requests import (
    Caller,
    Requested,
    WrongPlace,
    active,
    begin_chapter,
    by_idempotency_key,
    created,
    existing,
    family_lock,
)
from .resuming import resume_from
from .writers import Writer, last_writing

# A chapter that was unfit is not taken up again; one that did not fit into the context never will.
_NOT_CARRIED_ON = (
    ErrorCode.SAFETY_REJECTED,
    ErrorCode.DECLINED,
    ErrorCode.CONTEXT_TOO_LONG,
)


def request_stop(generation: Generation) -> None:
    """Ask a generation's writer to stop, or end it if it has none; a second request changes
    nothing."""
    asked = Generation.objects.filter(
        pk=generation.pk, status__in=Generation.ACTIVE, stop_requested_at=None
    )
    with transaction.atomic():
        asked.update(stop_requested_at=timezone.now())
        leases.stop_unclaimed(generation.pk)
        notify(Topic.STOP, [generation.pk])


def carry_on(caller: Caller, stopped: Generation) -> Requested:
    """A new run from the approved text of one that ended early, or the existing one. Where the
    model of now writes in another way than that text's, it begins anew.

    Raises WrongPlace or AwaitsPreview where that cannot be, ModelMissing and NotNow.
    """
    with family_lock(caller.user):
        leases.end_stopping(Generation.objects.filter(story=stopped.story, choice=stopped.choice))
        begun = by_idempotency_key(caller) or active(
            _from_here(stopped).filter(choice=stopped.choice)
        )
        if begun:
            return existing(caller, begun)
        _check_is_last(stopped)
        if not may_carry_on(stopped):
            raise WrongPlace("This chapter cannot be carried on: ask for another one.")
        text, is_whole = _approved(stopped)
        # A chapter written for a parent's eyes stays so, whatever the family decided since.
        generation = begin_chapter(
            caller, stopped.story, stopped.choice, is_previewed=stopped.is_previewed
        )
        writing = last_writing(stopped.writers)
        may_go_on = writing is None or caller.writing in {None, writing}
        if text and may_go_on and _is_approved_for(generation, stopped):
            _begin_with(generation, text, is_whole=is_whole)
            _begin_as(generation, stopped.model, writing)
        return created(caller, generation)


def may_carry_on(ended: Generation) -> bool:
    """False for the end of a run from which nobody may go on, but ask for another chapter."""
    return ended.error_code not in _NOT_CARRIED_ON and ended.withdrawn_at is None


def discard(user: User, ended: Generation) -> None:
    """Free a position whose runs have no chapter, or one whose chapter a parent looked at and does
    not want: their text is removed, for good.

    Doing it twice is doing it once. Raises WrongPlace where the story has gone on, and
    AwaitsPreview where another run's chapter waits at this position.
    """
    with family_lock(user):
        gone_before = Generation.objects.filter(chapter=None, pruned_at__isnull=False)
        if gone_before.filter(pk=ended.pk).exists():
            return
        leases.end_stopping(Generation.objects.filter(pk=ended.pk))
        if not _discard_unreleased(ended):
            _check_is_last(ended)
        gone = _from_here(ended).filter(finished_at__isnull=False)
        choices = list(gone.values_list("choice", flat=True))
        eventlog.prune(list(gone.values_list("pk", flat=True)))
        if ended.choice is None:
            Story.objects.filter(pk=ended.story_id).update(discarded_at=timezone.now())
        made = Decision.objects.filter(session__story=ended.story_id, choice__in=choices)
        made.filter(choice__led_to=None).delete()
        child_id = ended.story.child_id
        transaction.on_commit(lambda: narration.forget(child_id, [ended.story_id]))


def _from_here(generation: Generation) -> QuerySet[Generation]:
    """The unfinished runs from the same chapter, the newest first."""
    here = (
        {"choice__chapter": generation.choice.chapter_id} if generation.choice else {"choice": None}
    )
    return Generation.objects.filter(
        **here, story=generation.story_id, chapter=None, pruned_at=None
    ).order_by("-created_at")


def _check_is_last(ended: Generation) -> None:
    """Raises WrongPlace unless this is where its story ends, and nobody writes there; AwaitsPreview
    where a chapter that is to be looked at first stands there."""
    ended.refresh_from_db(fields=["status", "error_code"])
    session = ReadingSession.objects.get(story=ended.story_id)
    newest = _from_here(ended).first()
    position = {"story": ended.story_id, "choice": ended.choice_id}
    if Chapter.objects.awaiting_preview().filter(**position).exists():
        raise AwaitsPreview
    if newest != ended or session.chapter_id != (ended.choice and ended.choice.chapter_id):
        raise WrongPlace("The story is not at this chapter any more.")
    if ended.is_active:
        raise WrongPlace("This chapter is being written: stop it first.")


def _discard_unreleased(finished: Generation) -> bool:
    """Undo the chapter of a run, unless a parent has released it."""
    removed, _ = Chapter.objects.awaiting_preview().filter(generation=finished.pk).delete()
    if removed:
        Generation.objects.filter(pk=finished.pk).update(
            status=Generation.Status.STOPPED, error_code=ErrorCode.CANCELLED
        )
    return removed > 0


def _approved(stopped: Generation) -> tuple[str, bool]:
    """The text in stand-in form, and whether it is the whole chapter.

    None of it where the chapter as a whole was judged unfit.
    """
    text = eventlog.source_text(stopped.pk)
    log = eventlog.read_after(stopped.pk, 0)
    name = pseudonym_of(stopped.story)
    said = resume_from(((event.type, event.data) for event in log), text, name)
    return ("", False) if said.is_rejected else (text, said.is_whole)


def _is_approved_for(generation: Generation, stopped: Generation) -> bool:
    """True when the gate would still check by the same measures, under the same stand-in name."""
    now, then = (stored_brief(run.brief) for run in (generation, stopped))
    ours, theirs = ((brief.hero, brief.checked_as, set(brief.avoid)) for brief in (now, then))
    return ours == theirs


def _begin_as(generation: Generation, model: str, writing: Writing | None) -> None:
    """Let only a model with the same way of writing go on with the text."""
    before = Writer(host="", provider="", model=model, writing=writing, has_failed=False)
    generation.writers = [before]
    generation.save(update_fields=["writers"])


def _begin_with(generation: Generation, text: str, *, is_whole: bool) -> None:
    """Begin the log with the text approved before: each log is whole by itself."""
    shown = Content(chunk=pseudonym_of(generation.story).reveal(text), is_complete=is_whole)
    entries = [
        Entry(NodeEvent(node=FIRST, status="started")),
        Entry(shown, source=text),
    ]
    events = eventlog.insert(generation.pk, None, generation.last_position, entries)
    generation.last_position = events[-1].position
