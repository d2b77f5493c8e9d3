"""Previews: chapters read first by a parent; the child is taken there once they are released."""

from django.db import transaction
from django.utils import timezone

from children.models import User
from stories.models import Chapter, ReadingSession


class AwaitsPreview(Exception):
    """A parent has to release the chapter before the story goes on from it."""

    def __init__(self) -> None:
        super().__init__("A parent has to look at this chapter before the story goes on.")


@transaction.atomic
def publish_chapter(by: User, chapter: Chapter) -> None:
    """From now on the child may read the chapter, and is taken there. Done twice it is done once;
    what was discarded or withdrawn meanwhile stays so."""
    session = ReadingSession.objects.select_for_update().get(story=chapter.story_id)
    waiting = Chapter.objects.awaiting_preview().filter(pk=chapter.pk)
    if waiting.update(released_at=timezone.now(), released_by=by):
        advance(session, chapter)


def advance(session: ReadingSession, chapter: Chapter) -> None:
    """Move the child's position to a chapter on its first reading."""
    session.chapter = chapter
    session.last_read_at = timezone.now()
    session.finished_at = session.last_read_at if chapter.is_ending else None
    session.words_read += chapter.word_count
    session.save(update_fields=["chapter", "last_read_at", "finished_at", "words_read"])
    story = chapter.story
    if not story.title:
        story.title = story.requested_title or chapter.title
        story.save(update_fields=["title"])


def awaited(session: ReadingSession) -> Chapter | None:
    """The newest chapter after the child's position that awaits a parent's look."""
    following = Chapter.objects.awaiting_preview().filter(
        story=session.story_id, parent=session.chapter_id
    )
    return following.order_by("-created_at").first()


def check_released(session: ReadingSession) -> None:
    """Raises AwaitsPreview where going on from the child's position means going on from a chapter
    that waits."""
    if awaited(session) is not None:
        raise AwaitsPreview
