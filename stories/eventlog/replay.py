"""Pruned logs: events made from the stored chapter, in place of the removed ones.

A finished chapter's events come from the chapter. They stand at positions after the log's last one,
so that no cursor is ever given twice: an older one is answered by a resync, and the one of the old
end is still the end.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Iterator

from django.db import transaction
from django.utils import timezone

from children.profiles import ReadingLevel
from stories.messages import failed_event
from stories.models import Chapter, Choice, Generation, GenerationEvent, ReadingSession
from stories.vocabulary import errors
from stories.vocabulary.events import (
    ChoiceOffered,
    Complete,
    Content,
    Event,
    Metadata,
    NodeEvent,
    Progress,
    SafetyChecked,
    VocabularyWord,
)
from stories.vocabulary.nodes import STRAIGHT_PATH, Node

from .entries import LogEvent, is_end_of_rows, read_after

DONE = Progress(percent=100, stage="Done", eta_seconds=0)


@transaction.atomic
def prune(generation_ids: Collection[uuid.UUID]) -> int:
    """Remove these generations' rows, which must have ended; how many events there were."""
    removed, _ = GenerationEvent.objects.filter(generation__in=generation_ids).delete()
    Generation.with_hidden.filter(pk__in=generation_ids).update(pruned_at=timezone.now())
    return removed


def log_after(generation_id: uuid.UUID, position: int) -> list[LogEvent]:
    """Every event after `position`, in order; of a pruned log, their substitutes."""
    events = read_after(generation_id, position)
    # A reader past the beginning knows the end already, for only ended logs are pruned.
    if not events and position == 0 and (pruned := _pruned(generation_id)):
        return replay(pruned)
    return events


def ends_at(generation_id: uuid.UUID, position: int) -> bool:
    """True when the terminal event stands at this position, or stood there before pruning."""
    if is_end_of_rows(generation_id, position):
        return True
    pruned = _pruned(generation_id)
    return pruned is not None and position in (pruned.last_position, replay(pruned)[-1].position)


def replay(pruned: Generation) -> list[LogEvent]:
    """The substitute events of a pruned log."""
    told = _of_failure(pruned) if pruned.chapter is None else _of_chapter(pruned, pruned.chapter)
    return [
        LogEvent(position, event.type, event.payload)
        for position, event in enumerate(told, start=pruned.last_position + 1)
    ]


def first_event(generation: Generation, session: ReadingSession) -> NodeEvent:
    """The first event of a log."""
    return NodeEvent(
        node=Node.WORKFLOW,
        status="started",
        chapter_number=generation.chapter_number,
        theme=generation.story.theme,
        generation_id=str(generation.pk),
        session_id=str(session.pk),
    )


def complete_event(
    generation: Generation, session: ReadingSession, chapter: Chapter, choices: Iterable[Choice]
) -> Complete:
    """The last event of a finished chapter's log."""
    story = generation.story
    return Complete(
        id=str(story.pk),
        success=True,
        # A story is named when its first chapter may be read.
        title=story.title or story.requested_title or chapter.title,
        content=chapter.paragraphs,
        story_content=chapter.text,
        choices=[
            ChoiceOffered(
                id=str(choice.pk),
                text=choice.text,
                description=choice.description,
                impact=choice.impact or choice.description,
                choice_question=chapter.question,
            )
            for choice in choices
        ],
        choice_question=chapter.question,
        language=story.language,
        readingLevel=ReadingLevel(story.reading_level).value,
        theme=story.theme,
        educational_elements=chapter.educational_elements,
        estimated_reading_time=chapter.reading_minutes,
        safety_score=chapter.safety_score,
        content_approved=True,
        vocabulary_level=ReadingLevel(chapter.measured_level).value,
        isCompleted=chapter.is_ending,
        currentChapter=chapter.number,
        totalChapters=story.total_chapters,
        createdAt=story.created_at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        session_id=str(session.pk),
        generation_id=str(generation.pk),
    )


def _pruned(generation_id: uuid.UUID) -> Generation | None:
    found = Generation.objects.select_related("story__session", "chapter")
    return found.filter(pk=generation_id, pruned_at__isnull=False).first()


def _of_chapter(generation: Generation, chapter: Chapter) -> Iterator[Event]:
    session = generation.story.session
    checked = SafetyChecked(approved=True, score=chapter.safety_score, issues=[])
    offered = chapter.choices.filter(kind=Choice.Kind.OFFERED)
    yield first_event(generation, session)
    told: dict[Node, Event] = {
        Node.GENERATE_CONTENT: Content(chunk=chapter.text, is_complete=True),
        Node.SAFETY_CHECK: checked,
        Node.CALCULATE_METRICS: _measured(generation, chapter),
    }
    for node in STRAIGHT_PATH:
        yield from _node(node, told[node])
    yield NodeEvent(node=Node.WORKFLOW, status="completed")
    yield DONE
    yield complete_event(generation, session, chapter, offered)


def _of_failure(generation: Generation) -> Iterator[Event]:
    """The text stood nowhere but in the log: what is left is how it ended."""
    error = errors.of_code(generation.error_code)
    yield first_event(generation, generation.story.session)
    yield NodeEvent(node=Node.WORKFLOW, status="failed")
    yield failed_event(error, generation.story.language)


def _node(node: Node, topic: Event) -> Iterator[Event]:
    yield NodeEvent(node=node, status="started")
    yield topic
    yield NodeEvent(node=node, status="completed")


def _measured(generation: Generation, chapter: Chapter) -> Metadata:
    return Metadata(
        estimated_reading_time=chapter.reading_minutes,
        vocabulary_level=ReadingLevel(chapter.measured_level).value,
        educational_elements=chapter.educational_elements,
        word_count=chapter.word_count,
        requested_level=ReadingLevel(generation.story.reading_level).value,
        vocabulary_words=[VocabularyWord(**word) for word in chapter.vocabulary],
    )
