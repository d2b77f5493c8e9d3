"""From a request and its fields to who wants what of a story."""

import uuid
from dataclasses import replace

from django.http import HttpRequest

from children.models import Child
from stories import access, generations, llm
from stories.execution import engine
from stories.generations import MAX_COMPANIONS, Caller, Cast, NewStory, Requested, Wish, WrongPlace
from stories.infra.db import in_database
from stories.models import Choice, KeptFriend, ReadingSession

from .auth import user_of
from .errors import Refused
from .schemas import GenerationIn


async def caller_of(request: HttpRequest, key: str | None) -> Caller:
    """The caller of a request, with the storyteller's present abilities."""
    storyteller = await llm.status()
    return await in_database(
        generations.caller_for, user_of(request), storyteller, engine.enqueue, key=key
    )


def request_chapter(caller: Caller, payload: GenerationIn) -> Requested:
    """Start a story, or take a session further, as the fields of the request say."""
    child = access.child_for(caller.user, payload.child_id)
    number = payload.chapter_number or 1
    if payload.session_id is not None or number > 1:
        _check_nothing_of_a_beginning(payload)
    new = NewStory(
        child=child,
        theme=payload.theme,
        title=payload.title,
        language=payload.language,
        total_chapters=payload.total_chapters,
        cast=_cast_of(child, payload),
        tone=payload.tone,
    )
    if payload.session_id is None:
        if payload.choice_id or payload.custom_text or payload.at_chapter:
            raise Refused(422, "INVALID", "session_id is needed for a choice.", "session_id")
        if number == 1:
            return generations.start_story(caller, new)
        return generations.chapter_of_theme(caller, new, number)
    session = access.session_for(caller.user, payload.session_id)
    if session.story.child_id != child.pk:
        raise Refused(409, "WRONG_PLACE", "This session is another child's.")
    wish = wish_of(session, payload.choice_id, payload.custom_text)
    _check_number(session, wish.choice, payload.chapter_number)
    return generations.next_chapter(caller, session, replace(wish, at_chapter=payload.at_chapter))


def _check_nothing_of_a_beginning(payload: GenerationIn) -> None:
    for field in ("companions", "friend", "tone"):
        if getattr(payload, field) is not None:
            detail = f"{field}: it is chosen when a story begins, with its first chapter."
            raise Refused(422, "INVALID", detail, field)


def _cast_of(child: Child, payload: GenerationIn) -> Cast | None:
    """The cast of the request; None where it says nothing of it."""
    if payload.companions is None and payload.friend is None:
        return None
    return Cast(
        companions=_companions(child, payload.companions or []),
        friend=_friend(child, payload.friend) if payload.friend else None,
    )


def _companions(child: Child, ids: list[uuid.UUID]) -> tuple[Child, ...]:
    found = tuple(access.siblings_of(child).filter(pk__in=ids))
    if len(found) < len({*ids}):
        allowed = f"at most {MAX_COMPANIONS} ids of other children of the family"
        raise Refused(422, "INVALID", f"companions: allowed are {allowed}.", "companions")
    return found


def _friend(child: Child, friend_id: uuid.UUID) -> KeptFriend:
    if friend := access.kept_friends_of(child).filter(pk=friend_id).first():
        return friend
    allowed = "the id of a friend that this child keeps (GET /children/{child_id}/friends)"
    raise Refused(422, "INVALID", f"friend: allowed is {allowed}.", "friend")


def wish_of(session: ReadingSession, choice_id: str, custom_text: str) -> Wish:
    """The wish behind the contract's `choice_id`: an option's id, `custom-choice` or `continue`."""
    if choice_id == "continue" or not (choice_id or custom_text):
        return Wish()
    if choice_id in ("", "custom-choice"):
        if not custom_text.strip():
            raise Refused(422, "INVALID", "custom_text is empty: say what happens.", "custom_text")
        return Wish(own_idea=custom_text)
    try:
        key = uuid.UUID(choice_id)
    except ValueError:
        allowed = "an option's id, custom-choice or continue"
        raise Refused(422, "INVALID", f"choice_id: allowed is {allowed}.", "choice_id") from None
    return Wish(choice=access.choice_for(session, key))


def _check_number(session: ReadingSession, choice: Choice | None, number: int | None) -> None:
    here = choice.chapter if choice else session.chapter
    following = (here.number if here else 0) + 1
    if number is not None and number != following:
        if choice is None:
            generations.check_released(session)
        raise WrongPlace(f"The chapter after this choice is {following}, not {number}.")
