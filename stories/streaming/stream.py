"""One reader's stream: replay after a cursor, then live until the terminal event."""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

from django.conf import settings

from stories.eventlog import Follower, LogEvent, follow, shown_text
from stories.infra.db import DATABASE_AWAY
from stories.messages import failed_event
from stories.vocabulary.errors import Withdrawn
from stories.vocabulary.events import RESYNC, WITHDRAWN, Content, ContentReset

from .cursors import Cursor
from .redaction import redacted
from .sse import KEEPALIVE, RETRY, control_frame, frame

logger = logging.getLogger(__name__)

AccessCheck = Callable[[], Awaitable[bool]]

# A reader who never reads costs no more memory than this.
FRAMES_PER_WRITE = 256


@dataclass
class _Clock:
    """When something other than an event is due."""

    now: Callable[[], float]
    ends_at: float = field(init=False)
    checked_at: float = field(init=False)
    spoke_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.checked_at = self.spoke_at = self.now()
        self.ends_at = self.checked_at + settings.SSE_MAX_SECONDS

    @property
    def is_over(self) -> bool:
        return self.now() >= self.ends_at

    @property
    def is_check_due(self) -> bool:
        return self.now() - self.checked_at >= settings.SSE_ACCESS_SECONDS

    @property
    def is_silent(self) -> bool:
        return self.now() - self.spoke_at >= settings.SSE_KEEPALIVE_SECONDS

    def wait_seconds(self) -> float:
        """How long to wait for an event before something else is due."""
        check_at = self.checked_at + settings.SSE_ACCESS_SECONDS
        speak_at = self.spoke_at + settings.SSE_KEEPALIVE_SECONDS
        return max(0.0, min(check_at, speak_at, self.ends_at) - self.now())


async def story_stream(
    generation_id: uuid.UUID,
    cursor: Cursor | str | None,
    is_allowed: AccessCheck,
    *,
    is_redacted: bool = False,
) -> AsyncGenerator[bytes, None]:
    """The frames after `cursor`: None for all of them, a string for one that was never issued.
    Where it `is_redacted`, the story's words are left out.

    Ends after the terminal event, when access was lost, or between events when the response has
    lived long enough or the database is away; the client then comes back with its cursor.
    """
    yield RETRY
    try:
        async with follow(generation_id, 0) as reader:
            if (start := _position(reader, generation_id, cursor)) is None:
                yield _resync(reader, is_redacted=is_redacted)
            else:
                reader.position = start
            show = redacted if is_redacted else _as_it_is
            async for chunk in _live(reader, generation_id, is_allowed, show):
                yield chunk
    except DATABASE_AWAY:
        logger.exception("generation %s: a reader was sent away, to come back", generation_id)


async def withdrawn_stream(
    generation_id: uuid.UUID, last_position: int, language: str
) -> AsyncGenerator[bytes, None]:
    """The stream of a chapter that staff withdrew: to clear it, and why.

    The error stands at the end of the log, where the chapter's own last event was or will be.
    """
    failed = failed_event(Withdrawn(), language)
    yield RETRY
    yield control_frame(ContentReset(attempt=0, reason=WITHDRAWN))
    yield frame(generation_id, LogEvent(last_position, failed.type, failed.payload))


def _position(
    reader: Follower, generation_id: uuid.UUID, cursor: Cursor | str | None
) -> int | None:
    """The position to begin at; None where the cursor names no position of this log."""
    if cursor is None:
        return reader.start
    if isinstance(cursor, str) or cursor.generation_id != generation_id:
        return None
    is_known = reader.start <= cursor.position <= reader.start + len(reader.known)
    return cursor.position if is_known else None


def _as_it_is(event: LogEvent) -> LogEvent:
    return event


def _resync(reader: Follower, *, is_redacted: bool) -> bytes:
    """The present state as one reset and one text; later events are read on from the log."""
    shown = [event for event in reader.known if event.type in ("content", "content_reset")]
    reader.position = shown[-1].position if shown else reader.start
    is_complete = bool(shown) and bool(shown[-1].data.get("is_complete"))
    text = Content(chunk="" if is_redacted else shown_text(shown), is_complete=is_complete)
    reset = control_frame(ContentReset(attempt=0, reason=RESYNC))
    return reset + control_frame(text)


async def _live(
    reader: Follower,
    generation_id: uuid.UUID,
    is_allowed: AccessCheck,
    show: Callable[[LogEvent], LogEvent],
) -> AsyncGenerator[bytes, None]:
    clock = _Clock(asyncio.get_running_loop().time)
    while not (reader.is_at_end or reader.is_closed or clock.is_over):
        if clock.is_check_due:
            if not await is_allowed():
                return
            clock.checked_at = clock.now()
        events = await reader.next(clock.wait_seconds())
        for at in range(0, len(events), FRAMES_PER_WRITE):
            clock.spoke_at = clock.now()
            part = events[at : at + FRAMES_PER_WRITE]
            yield b"".join(frame(generation_id, show(event)) for event in part)
        if clock.is_silent:
            clock.spoke_at = clock.now()
            yield KEEPALIVE
