"""The durable log of each generation: the only access to its events.

What a reader has seen was committed before, so it can be replayed by any process after any crash.
A position is 1 for the first event of a generation and is never given twice.
"""

from .entries import (
    Entry,
    LeaseLost,
    LogEvent,
    insert,
    read_after,
    shown_text,
    source_text,
    withdrawing,
)
from .follower import Follower, close_all, follow, publish, wake, wake_all
from .replay import DONE, begins, completion, is_end, log_after, prune
from .writer import LogWriter

__all__ = [
    "DONE",
    "Entry",
    "Follower",
    "LeaseLost",
    "LogEvent",
    "LogWriter",
    "begins",
    "close_all",
    "completion",
    "follow",
    "insert",
    "is_end",
    "log_after",
    "prune",
    "publish",
    "read_after",
    "shown_text",
    "source_text",
    "wake",
    "wake_all",
    "withdrawing",
]
