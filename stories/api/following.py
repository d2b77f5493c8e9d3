"""The response that follows a generation."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from children.models import User
from stories import access, eventlog
from stories.db import in_database
from stories.models import Generation
from stories.streaming import Cursor, EventStream, parse_cursor, story_stream, withdrawn_stream


async def stream_of(user: User, generation: Generation, cursor: str) -> HttpResponseBase:
    """The stream of a generation that this user may see, from where the client left off."""
    parsed = parse_cursor(cursor) or cursor if cursor else None
    if isinstance(parsed, Cursor) and await in_database(_is_terminal, generation, parsed):
        return HttpResponse(status=204)
    if generation.withdrawn_at is not None:
        return EventStream(withdrawn_stream(generation.pk, generation.last_position))

    async def is_allowed() -> bool:
        return await in_database(access.may_follow, user.pk, generation.pk)

    return EventStream(story_stream(generation.pk, parsed, is_allowed))


def _is_terminal(generation: Generation, cursor: Cursor) -> bool:
    if cursor.generation_id != generation.pk or generation.is_active:
        return False
    return eventlog.is_end(generation.pk, cursor.position)
