"""The durable log of each generation: the only access to its events.

What a reader has seen was committed before, so it can be replayed by any process after any crash.
A position is 1 for the first event of a generation and is never given twice.
"""

from .entries import (
    Entry,
    LeaseLost,
    LogEvent,
    read_after,
    resync_entries,
    shown_text,
    source_text,
)
from .follower import Follower, close_all, follow, wake, wake_all
from .replay import DONE, complete_event, ends_at, first_event, log_after, prune
from .writer import LogWriter, insert

__all__ = [
    "DONE",
    "Entry",
    "Follower",
    "LeaseLost",
    "LogEvent",
    "LogWriter",
    "close_all",
    "complete_event",
    "ends_at",
    "first_event",
    "follow",
    "insert",
    "log_after",
    "prune",
    "read_after",
    "resync_entries",
    "shown_text",
    "source_text",
    "wake",
    "wake_all",
]
