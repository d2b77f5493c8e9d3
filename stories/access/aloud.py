"""Text of a story that its family may hear: what the child may read now, and nothing else.

A withdrawn chapter, one that waits for a parent's look, and words ahead of their check are not part
of it.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from stories import eventlog
from stories.models import Chapter, Choice, Generation, ReadingSession

from .lookups import Missing


@dataclass(frozen=True, slots=True)
class Source:
    """All that may be heard of a chapter, or of the run that writes one: `id` is that of either."""

    id: uuid.UUID
    text: str


def source_with(session: ReadingSession, passage: str) -> tuple[Source, int]:
    """The source in which a passage stands, and where; raises Missing."""
    for source in _sources(session):
        if (start := source.text.find(passage)) >= 0:
            return source, start
    raise Missing("passage")


def source_of(session: ReadingSession, source_id: uuid.UUID) -> Source:
    """Raises Missing where it may not be heard any more."""
    for source in _sources(session, source_id):
        return source
    raise Missing("passage")


def _sources(session: ReadingSession, only: uuid.UUID | None = None) -> Iterator[Source]:
    chapters = Chapter.objects.released().filter(story=session.story_id).order_by("-number")
    writing = Generation.objects.filter(
        story=session.story_id,
        chapter=None,
        withdrawn_at=None,
        pruned_at=None,
        is_previewed=False,
        shows_unchecked_words=False,
    ).order_by("-created_at")[:1]
    for run in writing:
        if only in {None, run.pk}:
            yield Source(run.pk, eventlog.shown_text(eventlog.log_after(run.pk, 0)))
    for chapter in chapters if only is None else chapters.filter(pk=only):
        yield Source(chapter.pk, _heard_of(chapter))


def _heard_of(chapter: Chapter) -> str:
    """Title, text, question and numbered choices, as they are read out."""
    offered = chapter.choices.filter(kind=Choice.Kind.OFFERED).values_list("text", flat=True)
    numbered = [f"{number}. {text}" for number, text in enumerate(offered, start=1)]
    return "\n\n".join([chapter.title, chapter.text, chapter.question, *numbered])
