"""Text of a story that its family may hear: what the child may read now, and nothing else.

A withdrawn chapter, one that waits for a parent's look, and words ahead of their check are not part
of it.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from django.db.models import QuerySet

from stories import eventlog
from stories.models import Chapter, Choice, Generation, ReadingSession

from .lookups import Missing

# A story has one unfinished run, or the few that led to nothing before it.
_MAX_RUNS = 5


@dataclass(frozen=True, slots=True)
class Source:
    """All that may be heard of a chapter, or of the run that writes one: `id` is that of either."""

    id: uuid.UUID
    text: str


def source_with(session: ReadingSession, passage: str) -> tuple[Source, int]:
    """The source in which a passage stands, and where; raises Missing."""
    unfinished = _runs(session).filter(chapter=None).order_by("-created_at")[:_MAX_RUNS]
    for source in chain(_of_runs(unfinished), _of_chapters(_chapters(session))):
        if (start := source.text.find(passage)) >= 0:
            return source, start
    raise Missing("passage")


def source_of(session: ReadingSession, source_id: uuid.UUID) -> Source:
    """Raises Missing where it may not be heard any more."""
    runs, chapters = _runs(session).filter(pk=source_id), _chapters(session).filter(pk=source_id)
    for source in chain(_of_runs(runs), _of_chapters(chapters)):
        return source
    raise Missing("passage")


def _chapters(session: ReadingSession) -> QuerySet[Chapter]:
    chapters = Chapter.objects.released().filter(story=session.story_id)
    return chapters.order_by("-number").prefetch_related("choices")


def _runs(session: ReadingSession) -> QuerySet[Generation]:
    shown = {"is_previewed": False, "shows_unchecked_words": False}
    return Generation.objects.filter(story=session.story_id, withdrawn_at=None, **shown)


def _of_runs(runs: QuerySet[Generation]) -> Iterator[Source]:
    """The text alone, as it stands in the chapter, too, when a run has finished that."""
    for run_id in runs.values_list("pk", flat=True):
        yield Source(run_id, eventlog.shown_text(eventlog.log_after(run_id, 0)))


def _of_chapters(chapters: QuerySet[Chapter]) -> Iterator[Source]:
    """Title, text, question and numbered choices, as they are read out."""
    for chapter in chapters:
        choices = [each for each in chapter.choices.all() if each.kind == Choice.Kind.OFFERED]
        numbered = [f"{number}. {choice.text}" for number, choice in enumerate(choices, start=1)]
        text = "\n\n".join([chapter.title, chapter.text, chapter.question, *numbered])
        yield Source(chapter.pk, text)
