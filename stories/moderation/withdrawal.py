"""Taking a chapter away from its readers, with all chapters after it; and giving it back."""

import uuid

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from stories import narration
from stories.infra.notify import Topic, notify
from stories.models import Case, Chapter, Generation, ReadingSession, Ruling, Story
from stories.tree import Tree


@transaction.atomic
def withdraw(generation: Generation) -> None:
    """Keep this run's text from all readers from now on, and every text written to follow it.

    The child's position moves back to the chapter before, from where the story can go on another
    way; runs under way are asked to stop. Done twice it is done once.
    """
    session = ReadingSession.objects.select_for_update().get(story=generation.story_id)
    now = timezone.now()
    first = Chapter.with_hidden.readable().filter(generation=generation.pk).first()
    chapters = _with_all_after(first, Chapter.with_hidden.readable()) if first else []
    runs = Generation.with_hidden.filter(
        Q(pk=generation.pk) | Q(chapter__in=chapters) | Q(choice__chapter__in=chapters),
        withdrawn_at=None,
    )
    stopped = list(runs.filter(status__in=Generation.ACTIVE).values_list("pk", flat=True))
    asked = Generation.with_hidden.filter(pk__in=stopped, stop_requested_at=None)
    asked.update(stop_requested_at=now)
    runs.update(withdrawn_at=now)
    Chapter.with_hidden.filter(pk__in=chapters).update(withdrawn_at=now)
    child_id, story_id = session.story.child_id, session.story_id
    transaction.on_commit(lambda: narration.forget(child_id, [story_id]))
    if first is not None:
        _move_back(session, first, chapters)
    notify(Topic.STOP, stopped)


@transaction.atomic
def restore(generation: Generation) -> bool:
    """Give back the texts withdrawn with this run, if its position is still free.

    Nothing comes back that a moderator has taken away for another reason, nor what follows on it.
    """
    ReadingSession.objects.select_for_update().get(story=generation.story_id)
    chapter = Chapter.with_hidden.filter(generation=generation.pk).first()
    if chapter is None or chapter.withdrawn_at is None or not _is_position_free(chapter):
        return False
    _unmark(chapter)
    if not chapter.awaits_preview:
        Story.objects.filter(pk=chapter.story_id, title="").update(title=chapter.title)
    return True


def taken_away() -> QuerySet[Case]:
    """The cases for which a run's text is kept from its readers: decided so, or not decided yet."""
    against = [Case.Outcome.REJECTED, Case.Outcome.SENT_BACK]
    waits = Q(decided_at=None, rulings__action=Ruling.Action.WITHDRAW)
    return Case.objects.filter(Q(outcome__in=against) | waits)


def _unmark(chapter: Chapter) -> None:
    others = (
        taken_away().filter(generation__chapter__isnull=False).exclude(generation__chapter=chapter)
    )
    same = Chapter.with_hidden.filter(withdrawn_at=chapter.withdrawn_at).exclude(
        pk__in=others.values("generation__chapter")
    )
    chapters = _with_all_after(chapter, same)
    Generation.with_hidden.filter(chapter__in=chapters).update(withdrawn_at=None)
    Chapter.with_hidden.filter(pk__in=chapters).update(withdrawn_at=None)


def _with_all_after(chapter: Chapter, among: QuerySet[Chapter]) -> list[uuid.UUID]:
    """A chapter and those `among` these that follow on it, in one query whatever their number."""
    tree = Tree(among.filter(story=chapter.story_id).only("parent"))
    return [following.pk for following in tree.all_after(chapter.pk)]


def _move_back(session: ReadingSession, first: Chapter, gone: list[uuid.UUID]) -> None:
    if session.chapter_id in gone:
        session.chapter_id = first.parent_id
        session.finished_at = None
        session.save(update_fields=["chapter", "finished_at"])
    if first.parent_id is None:
        # A title that the chapter gave its story goes with it.
        Story.objects.filter(pk=first.story_id, title=first.title).update(title="")


def _is_position_free(chapter: Chapter) -> bool:
    if chapter.parent is not None and chapter.parent.withdrawn_at is not None:
        return False
    position = Q(story=chapter.story_id, choice=chapter.choice_id)
    is_written = Chapter.with_hidden.readable().filter(position).exists()
    active = Generation.with_hidden.filter(position, status__in=Generation.ACTIVE)
    return not (is_written or active.exists())
