"""The outcome of a run, stored once, together with the end of its log."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from stories import eventlog
from stories.eventlog import Entry
from stories.messages import failed_event
from stories.models import (
    MODEL_LENGTH,
    Chapter,
    Choice,
    Generation,
    ReadingSession,
)
from stories.vocabulary.errors import StoryError, Withdrawn, causes_of, told_to_staff
from stories.vocabulary.events import REJECTED, WITHDRAWN, ContentReset
from stories.vocabulary.note_lengths import SUMMARY, TITLE, fitted
from stories.workflow.steps import ChapterDraft, ModelUse

from .claims import Claim, resume_of
from .previews import advance
from .revealing import RevealedNotes, revealed_notes
from .writers import Writer, stored


@transaction.atomic
def complete(
    claim: Claim,
    draft: ChapterDraft,
    last: int,
    uses: Sequence[ModelUse],
    plan_by: dt.datetime | None = None,
) -> None:
    """Store the chapter, move the session to it and end the log, all or nothing. Where a parent
    looks first, the session stays where it is until the chapter is released; where nobody has asked
    for the chapter, until its choice is taken. Until `plan_by` a plan of the next chapters is being
    made.

    Raises LeaseLost where another runner was quicker, Withdrawn where staff took it away.
    """
    generation = claim.generation
    session = ReadingSession.objects.select_for_update().get(story=generation.story)
    # It may have been asked for since the claim.
    generation.refresh_from_db(fields=["ahead", "is_previewed"])
    if _is_withdrawn(claim.id):
        raise Withdrawn
    notes = revealed_notes(draft, claim.name)
    _name_story(claim, draft)
    chapter = _store_chapter(claim, draft, notes, plan_by)
    choices = _store_choices(chapter, notes)
    if not chapter.awaits_preview:
        advance(session, chapter)
    event = eventlog.complete_event(generation, session, chapter, choices)
    ending = [Entry(eventlog.DONE), Entry(event)]
    eventlog.insert(claim.id, claim.lease_id, last, ending)
    _end(claim.id, claim.lease_id, Generation.Status.COMPLETED, uses, chapter=chapter)


@transaction.atomic
def fail(claim: Claim, error: StoryError, last: int, uses: Sequence[ModelUse]) -> None:
    """End the log with an error a parent can read. What was approved so far stays in the log,
    unless it was judged unfit as a whole, or could not be judged; readers then lose it in the same
    commit."""
    _fail(claim.id, claim.lease_id, error, last, uses, before=_resync_entries(claim))


def fail_unreadable(pk: uuid.UUID, lease_id: uuid.UUID, error: StoryError, last: int) -> None:
    """End the log of a run whose row cannot be read; call it inside a transaction."""
    _fail(pk, lease_id, error, last, ())


def _fail(  # noqa: PLR0913 - what `fail` takes, of a run that may be unreadable
    pk: uuid.UUID,
    lease_id: uuid.UUID,
    error: StoryError,
    last: int,
    uses: Sequence[ModelUse],
    *,
    before: Sequence[Entry] = (),
) -> None:
    entries = [*before]
    if _is_withdrawn(pk):
        error = Withdrawn()
        entries = [Entry(ContentReset(attempt=0, reason=WITHDRAWN))]
    event = failed_event(error, _language_of(pk))
    eventlog.insert(pk, lease_id, last, [*entries, Entry(event)])
    is_stop = error.code == "CANCELLED"
    _end(
        pk,
        lease_id,
        Generation.Status.STOPPED if is_stop else Generation.Status.FAILED,
        uses,
        error_code=error.code,
        error_detail=_causes(error),
    )


def note_writer(claim: Claim, writer: Writer) -> None:
    """Note the model and host of this attempt."""
    host, model = stored(writer["host"]), writer["model"][:MODEL_LENGTH]
    kept: Writer = {**writer, "host": host, "model": model}
    Generation.with_hidden.filter(pk=claim.id, lease_id=claim.lease_id).update(
        host=host,
        model=model,
        writers=[*claim.generation.writers, kept],
        started_at=timezone.now(),
    )


def is_over(pk: uuid.UUID) -> bool:
    """True when the run has ended or was deleted: nobody writes it any more."""
    return not Generation.with_hidden.filter(pk=pk, status__in=Generation.ACTIVE).exists()


def _is_withdrawn(pk: uuid.UUID) -> bool:
    return Generation.with_hidden.filter(pk=pk, withdrawn_at__isnull=False).exists()


def _language_of(pk: uuid.UUID) -> str:
    """The story's language; "" if it was deleted meanwhile."""
    languages = Generation.with_hidden.filter(pk=pk).values_list("story__language", flat=True)
    return languages.first() or ""


def _resync_entries(claim: Claim) -> list[Entry]:
    """Entries that take unapproved text back from readers; none if they have none."""
    log = eventlog.read_after(claim.id, 0)
    resume = resume_of(claim.id, log, claim.name)
    if resume.is_rejected:
        return [Entry(ContentReset(attempt=0, reason=REJECTED))]
    revealed = claim.name.reveal(resume.text)
    if eventlog.shown_text(log) == revealed:
        return []
    return eventlog.resync_entries(resume.text, revealed, is_whole=resume.is_whole)


def _name_story(claim: Claim, draft: ChapterDraft) -> None:
    """Give the story the title of its plan, unless the family or an earlier chapter named it."""
    story = claim.generation.story
    if draft.story_title and not (story.title or story.requested_title):
        story.title = fitted(claim.name.reveal(draft.story_title), TITLE.stored)
        story.save(update_fields=["title"])


def _store_chapter(
    claim: Claim, draft: ChapterDraft, notes: RevealedNotes, plan_by: dt.datetime | None
) -> Chapter:
    generation = claim.generation
    parent = generation.choice.chapter if generation.choice else None
    return Chapter.objects.create(
        story=generation.story,
        parent=parent,
        choice=generation.choice,
        number=generation.chapter_number,
        title=notes.title,
        text=claim.name.reveal(draft.text),
        source=draft.text,
        question=notes.question,
        summary=fitted(draft.summary, SUMMARY.stored),
        vocabulary=[word.model_dump() for word in notes.vocabulary],
        educational_elements=list(notes.educational_elements),
        word_count=draft.measures.word_count,
        reading_minutes=draft.measures.reading_minutes,
        measured_level=draft.measures.level,
        safety_score=draft.safety.score,
        safety_layers=list(draft.safety.layers),
        outcome_findings=[asdict(found) for found in draft.outcome],
        facts=[fact.model_dump(mode="json") for fact in draft.memory.facts],
        threads={"opened": draft.memory.opened, "closed": draft.memory.closed},
        scene=draft.scene.model_dump(mode="json"),
        plan_by=plan_by,
        is_ending=claim.brief.is_ending,
        is_hidden=generation.is_hidden,
        released_at=None if generation.is_previewed or generation.is_hidden else timezone.now(),
    )


def _store_choices(chapter: Chapter, notes: RevealedNotes) -> list[Choice]:
    return Choice.objects.bulk_create(
        Choice(
            chapter=chapter,
            position=position,
            text=choice.text,
            description=choice.description,
            impact=choice.impact,
        )
        for position, choice in enumerate(notes.choices)
    )


def _end(
    pk: uuid.UUID, lease_id: uuid.UUID, status: str, uses: Sequence[ModelUse], **fields: Any
) -> None:
    timings: dict[str, float] = {}
    for use in uses:
        timings[use.step] = round(timings.get(use.step, 0.0) + use.seconds, 3)
    Generation.with_hidden.filter(pk=pk, lease_id=lease_id).update(
        status=status,
        finished_at=timezone.now(),
        lease_expires_at=None,
        timings=timings,
        prompt_tokens=sum(use.prompt_tokens for use in uses),
        completion_tokens=sum(use.completion_tokens for use in uses),
        **fields,
    )


def _causes(error: BaseException) -> str:
    """The causes as staff may read them, then the chain of their types, without their messages:
    these may quote a story or a prompt."""
    kinds = (type(cause) for cause in causes_of(error))
    chain = " <- ".join(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds)
    return "\n".join(filter(None, (told_to_staff(error), chain)))
