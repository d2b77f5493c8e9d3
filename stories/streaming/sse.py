"""The wire format of Server-Sent Events, as the stream contract has it."""

import json
import uuid

from stories.eventlog import LogEvent
from stories.vocabulary.events import Event

from .cursors import Cursor

RETRY = b"retry: 3000\n\n"
KEEPALIVE = b": keepalive\n\n"


def frame(generation_id: uuid.UUID, event: LogEvent) -> bytes:
    """A durable event's frame: the only kind that moves a client's cursor."""
    cursor = Cursor(generation_id, event.position)
    return f"id: {cursor}\nevent: story_chunk\ndata: {event.json}\n\n".encode()


def control_frame(event: Event) -> bytes:
    """A frame outside the log."""
    payload = json.dumps({"type": event.type, "data": event.data}, ensure_ascii=False)
    return f"event: story_chunk\ndata: {payload}\n\n".encode()
