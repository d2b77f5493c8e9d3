"""Streams: from a generation's log to Server-Sent Events."""

from .cursors import Cursor, parse_cursor
from .response import EventStream
from .stream import story_stream, withdrawn_stream

__all__ = ["Cursor", "EventStream", "parse_cursor", "story_stream", "withdrawn_stream"]
