"""Continuing a story: the chapter after a choice is begun, joined or replayed."""

import uuid
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from children.models import User
from stories.controls import switches
from stories.controls.switches import Feature
from stories.models import (
    IDEA_LENGTH,
    Chapter,
    Choice,
    Decision,
    Generation,
    ReadingSession,
)
from stories.tree import path_to

from . import ahead, leases
from .inputs import InvalidRequest, check_text, clean_line
from .limits import NotNow
from .position import check_at, check_nothing_else_begun
from .previews import AwaitsPreview, awaited, check_released
from .requests import (
    Caller,
    ModelMissing,
    Requested,
    WrongPlace,
    active,
    begin_chapter,
    by_idempotency_key,
    created,
    existing,
    family_lock,
    written_by,
)
from .starting import NewStory, checked, first_chapter_again


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How a story is to go on: an offered choice, the child's own idea, or, with neither, as it
    comes. With `at_chapter` only where the child is still there, and nothing else was chosen."""

    choice: Choice | None = None
    own_idea: str = ""
    at_chapter: uuid.UUID | None = None


def next_chapter(caller: Caller, session: ReadingSession, wish: Wish) -> Requested:
    """Record the choice and go on from it.

    A chapter that exists is replayed, one that is being written is joined, one that was written
    ahead is taken over, any other is begun. A wish that says nothing joins whatever is being
    written from here.
    Raises InvalidRequest, WrongPlace, MovedOn, AwaitsPreview, ModelMissing and NotNow.
    """
    if earlier := by_idempotency_key(caller):
        return Requested(earlier, is_new=False)
    if wish.at_chapter is not None:
        check_at(session, wish.at_chapter)
    if wish == Wish():
        if session.chapter is None:
            return first_chapter_again(caller, session)
        if running := active(Generation.objects.filter(choice__chapter=session.chapter)):
            return existing(caller, running)
    choice = _choice_of(session, wish)
    with family_lock(caller.user):
        if wish.at_chapter is not None:
            check_nothing_else_begun(session, wish.at_chapter, choice)
        _decide(session, choice)
        leases.end_stopping(Generation.with_hidden.filter(choice=choice))
        if found := by_idempotency_key(caller) or _go_to_existing(session, choice):
            return existing(caller, found)
        try:
            with transaction.atomic():
                generation = ahead.take_over(caller, session, choice)
                return created(caller, generation or begin_chapter(caller, session.story, choice))
        except (ModelMissing, NotNow) as reason:
            put_off = reason  # the choice is kept
    raise put_off


def chapter_of_theme(caller: Caller, new: NewStory, number: int) -> Requested:
    """Chapter `number` of the child's most recent session with this theme, and title if given.

    Unfinished sessions come first; a finished one is only replayed. Raises WrongPlace for a
    chapter that neither exists nor is the next one, and what `next_chapter` raises.
    """
    session = _latest_session(checked(new))
    if session is not None and (waiting := awaited(session)):
        if number == waiting.number:
            return Requested(written_by(waiting), is_new=False)
        if number > waiting.number:
            raise AwaitsPreview
    if session is None or session.chapter is None:
        raise WrongPlace(f"There is no story with this theme that could go on to chapter {number}.")
    here = session.chapter
    if number <= here.number:
        return Requested(written_by(path_to(here)[number - 1]), is_new=False)
    if number > here.number + 1:
        raise WrongPlace(f"The story is at chapter {here.number}; the next is {here.number + 1}.")
    recorded = session.decisions.filter(choice__chapter=here).select_related("choice__chapter")
    decision = recorded.order_by("-made_at", "-pk").first()
    return next_chapter(caller, session, Wish(choice=decision.choice if decision else None))


def begin_again(generation: Generation, caller: Caller) -> bool:
    """Have the chapter of a withdrawn run written anew, for its requester.

    False where its position in the story is taken, or hangs on what was withdrawn, too. Call it in
    the transaction that withdraws. Raises ModelMissing and NotNow.
    """
    story, choice = generation.story, generation.choice
    user = generation.requested_by or User.objects.filter(family=story.child.family_id).first()
    is_gone = choice is not None and choice.chapter.withdrawn_at is not None
    position = {"story": story, "choice": choice}
    is_written = Chapter.objects.readable().filter(**position).exists()
    active = Generation.objects.filter(**position, status__in=Generation.ACTIVE)
    if user is None or is_gone or is_written or active.exists():
        return False
    begin_chapter(replace(caller, user=user), story, choice)
    return True


def note_reading(session: ReadingSession, seconds: int = 0) -> None:
    """Note that the story is being read now, and was for so many seconds more."""
    ReadingSession.objects.filter(pk=session.pk).update(
        last_read_at=timezone.now(), seconds_read=F("seconds_read") + seconds
    )


def _latest_session(new: NewStory) -> ReadingSession | None:
    sessions = ReadingSession.objects.filter(
        story__child=new.child, story__theme=new.theme, story__discarded_at=None
    )
    if new.title:
        sessions = sessions.filter(story__requested_title=new.title)
    return (
        sessions.select_related("story__child", "chapter")
        .order_by(F("finished_at").asc(nulls_first=True), "-started_at")
        .first()
    )


def _choice_of(session: ReadingSession, wish: Wish) -> Choice:
    choice = wish.choice or _made_here(session, wish.own_idea)
    if choice.chapter.awaits_preview:
        raise AwaitsPreview
    if choice.chapter.is_ending:
        raise WrongPlace("The story has ended: no chapter follows this one.")
    return choice


def _decide(session: ReadingSession, choice: Choice) -> None:
    Decision.objects.get_or_create(session=session, choice=choice)
    note_reading(session)


def _made_here(session: ReadingSession, own_idea: str) -> Choice:
    check_released(session)
    here = session.chapter
    if here is None:
        raise WrongPlace("The first chapter is not finished yet.")
    idea = clean_line("custom_text", own_idea, IDEA_LENGTH)
    if idea and switches.is_off(Feature.OWN_IDEAS):
        raise InvalidRequest("custom_text", "Own ideas are resting just now. Please pick a way.")
    check_text(session.story.child, session.story.language, custom_text=idea)
    kind = Choice.Kind.OWN_IDEA if idea else Choice.Kind.CONTINUE
    choice, _ = Choice.objects.get_or_create(chapter=here, kind=kind, text=idea)
    return choice


def _go_to_existing(session: ReadingSession, choice: Choice) -> Generation | None:
    """Go to a choice's existing chapter, or join its run; a chapter still to be previewed moves
    nobody."""
    chapter = Chapter.objects.readable().filter(choice=choice).first()
    if chapter is None:
        return active(Generation.objects.filter(choice=choice))
    if chapter.awaits_preview:
        return written_by(chapter)
    ReadingSession.objects.filter(pk=session.pk).update(
        chapter=chapter, finished_at=timezone.now() if chapter.is_ending else None
    )
    return written_by(chapter)
