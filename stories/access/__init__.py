"""Access to families' data, by owner. Every look-up of a family's data starts here."""

from .lookups import (
    Missing,
    NotYours,
    chapter_for,
    child_for,
    choice_for,
    generation_for,
    may_follow,
    session_for,
    story_for,
)

__all__ = [
    "Missing",
    "NotYours",
    "chapter_for",
    "child_for",
    "choice_for",
    "generation_for",
    "may_follow",
    "session_for",
    "story_for",
]
