"""The response that follows a generation."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from stories import access, eventlog
from stories.infra.db import in_database
from stories.models import Generation
from stories.streaming import Cursor, EventStream, parse_cursor, story_stream, withdrawn_stream

from .auth import credential_of, cursor_text, sees_previews

# Documentation only: `auth.cursor_text` reads the cursor itself.
AFTER: dict[str, Any] = {
    "parameters": [
        {
            "in": "query",
            "name": "after",
            "schema": {"type": "string", "default": ""},
            "description": "a cursor, for clients that cannot set Last-Event-ID",
        }
    ]
}


async def stream_of(request: HttpRequest, generation: Generation) -> HttpResponseBase:
    """The stream of a generation for a caller who may see it, from the client's cursor on."""
    credential, cursor = credential_of(request), cursor_text(request)
    parsed = parse_cursor(cursor) or cursor if cursor else None
    if isinstance(parsed, Cursor) and await in_database(_is_terminal, generation, parsed):
        return HttpResponse(status=204)
    if generation.withdrawn_at is not None:
        language = generation.story.language
        return EventStream(withdrawn_stream(generation.pk, generation.last_position, language))

    async def is_allowed() -> bool:
        asked = (credential.user.pk, generation.pk, credential.still())
        return await in_database(access.may_follow, *asked)

    is_redacted = not sees_previews(request) and await in_database(_awaits_preview, generation)
    return EventStream(story_stream(generation.pk, parsed, is_allowed, is_redacted=is_redacted))


def _awaits_preview(generation: Generation) -> bool:
    return generation.awaits_preview


def _is_terminal(generation: Generation, cursor: Cursor) -> bool:
    if cursor.generation_id != generation.pk or generation.is_active:
        return False
    return eventlog.ends_at(generation.pk, cursor.position)
