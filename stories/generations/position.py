"""A session's position: the run that is read there, and the check of a request that expects one."""

import uuid

from django.db.models import Q

from stories.models import Chapter, Choice, Generation, ReadingSession

from .requests import WrongPlace

_IS_UNFINISHED = Q(chapter=None, pruned_at=None)
_AWAITS_PREVIEW = Q(chapter__isnull=False, chapter__released_at=None)


class MovedOn(WrongPlace):
    """The story went on from where the request expects it; the message says so."""

    def __init__(self) -> None:
        super().__init__("The story has gone on from this chapter: ask where it is now.")


def following(session: ReadingSession) -> Generation | None:
    """The newest run that leads on from where the child is and is unfinished and not discarded, or
    was withdrawn, or waits for a parent's look: a reader says so."""
    is_withdrawn = Q(chapter__isnull=False, withdrawn_at__isnull=False)
    runs = session.story.generations.filter(_IS_UNFINISHED | is_withdrawn | _AWAITS_PREVIEW)
    here = {"choice__chapter": session.chapter_id} if session.chapter_id else {"choice": None}
    return runs.filter(**here).select_related("choice").order_by("-created_at").first()


def run_at(session: ReadingSession, leading_on: Generation | None) -> uuid.UUID | None:
    """The run that a reader is at: the one that leads on, else the one that wrote the child's
    chapter."""
    if leading_on is not None:
        return leading_on.pk
    written = Generation.objects.filter(chapter=session.chapter_id, chapter__isnull=False)
    return written.values_list("pk", flat=True).first()


def note_place(session: ReadingSession, chapter: Chapter, paragraph: int) -> None:
    """Note where the story was left. Turning back in a story that goes on is no such place."""
    is_read = Q(chapter=chapter) | Q(finished_at__isnull=False)
    ReadingSession.objects.filter(is_read, pk=session.pk).update(
        place_chapter=chapter, place_paragraph=paragraph
    )


def check_at(session: ReadingSession, chapter_id: uuid.UUID) -> None:
    """Raises MovedOn unless the child is at this chapter."""
    if session.chapter_id != chapter_id:
        raise MovedOn


def check_nothing_else_begun(
    session: ReadingSession, chapter_id: uuid.UUID, choice: Choice
) -> None:
    """Raises MovedOn where the child has left this chapter, or anything but this choice was begun
    from it, and WrongPlace for another chapter's choice. Call it under the family's lock."""
    session.refresh_from_db(fields=["chapter"])
    check_at(session, chapter_id)
    if choice.chapter_id != chapter_id:
        raise WrongPlace("at_chapter: this choice belongs to another chapter.")
    begun = Generation.objects.filter(
        _IS_UNFINISHED | _AWAITS_PREVIEW, choice__chapter=chapter_id, withdrawn_at=None
    )
    if begun.exclude(choice=choice).exists():
        raise MovedOn
