"""The GET streams that start or attach and then follow, for clients that only have a URL."""

import uuid
from collections.abc import Callable
from typing import Annotated

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router

from stories import access, generations
from stories.access import Missing, NotYours
from stories.generations import MAX_CHAPTERS, Caller, NewStory
from stories.infra.db import in_database
from stories.models import Generation, ReadingSession
from stories.streaming import parse_cursor

from .auth import STREAM, cursor_text, ticket_of, user_of
from .errors import PROBLEMS, RETRY_AFTER, Refused
from .following import AFTER, stream_of
from .wishes import caller_of, wish_of

router = Router(tags=["streams"], auth=STREAM)
STREAMED = {200: None, 204: None, **PROBLEMS}


@router.get(
    "/stories/generate/stream",
    response=STREAMED,
    openapi_extra={**RETRY_AFTER, **AFTER},
    summary="Start or attach, and follow",
)
async def generate_stream(
    request: HttpRequest,
    child_id: uuid.UUID,
    theme: str,
    chapter_number: Annotated[int, Query(ge=1, le=MAX_CHAPTERS)] = 1,
    title: str = "",
) -> HttpResponseBase:
    """With `Last-Event-ID` it resumes that generation and never starts one."""
    caller = await caller_of(request, _key_of(request))

    def generation_to_follow() -> Generation:
        child = access.child_for(caller.user, child_id)
        new = NewStory(child=child, theme=theme, title=title)
        if text := cursor_text(request):
            return _resumed(
                request,
                text,
                lambda found: found.story.child_id == child.pk,
                lambda: generations.latest_generation(new, chapter_number),
            )
        if ticket := ticket_of(request):
            ticket.check_child(child)
        if chapter_number == 1:
            return generations.start_story(caller, new).generation
        return generations.chapter_of_theme(caller, new, chapter_number).generation

    return await _follow(request, generation_to_follow)


@router.get(
    "/stories/sessions/{uuid:session_id}/choices/stream",
    response=STREAMED,
    openapi_extra={**RETRY_AFTER, **AFTER},
    summary="Choose, and follow the next chapter",
)
async def choice_stream(
    request: HttpRequest,
    session_id: uuid.UUID,
    choice_id: str,
    option_index: int | None = None,
    custom_text: str = "",
) -> HttpResponseBase:
    """`choice_id` is an option's id, `custom-choice` with `custom_text`, or `continue`."""
    caller = await caller_of(request, _key_of(request))

    def generation_to_follow() -> Generation:
        session = access.session_for(caller.user, session_id)
        if text := cursor_text(request):
            return _resumed(
                request,
                text,
                lambda found: found.story_id == session.story_id,
                lambda: Generation.objects.filter(story=session.story_id).first(),
            )
        if ticket := ticket_of(request):
            ticket.check_child(session.story.child)
        return _chosen(caller, session, choice_id, option_index, custom_text)

    return await _follow(request, generation_to_follow)


def _key_of(request: HttpRequest) -> str | None:
    """A ticket starts one generation, however often its URL is asked for."""
    ticket = ticket_of(request)
    return f"ticket:{ticket.nonce}" if ticket else None


async def _follow(request: HttpRequest, find: Callable[[], Generation]) -> HttpResponseBase:
    def bound() -> Generation:
        generation = find()
        if ticket := ticket_of(request):
            ticket.bind(generation)
        return generation

    generation = await in_database(bound)
    return await stream_of(request, generation)


def _resumed(
    request: HttpRequest,
    text: str,
    is_same: Callable[[Generation], bool],
    latest: Callable[[], Generation | None],
) -> Generation:
    """The generation that a cursor names, or, for a cursor never issued here, the newest one."""
    if cursor := parse_cursor(text):
        try:
            named = access.generation_for(user_of(request), cursor.generation_id)
        except (Missing, NotYours):
            named = None
        if named is not None and is_same(named):
            return named
    if found := latest():
        return found
    raise Missing


def _chosen(
    caller: Caller,
    session: ReadingSession,
    choice_id: str,
    option_index: int | None,
    custom_text: str,
) -> Generation:
    wish = wish_of(session, choice_id, custom_text)
    option = wish.choice
    if option and option.kind == "offered" and option_index not in (None, option.position):
        position = option.position
        raise Refused(
            422, "INVALID", f"option_index: that option is number {position}.", "option_index"
        )
    return generations.next_chapter(caller, session, wish).generation
