"""Access to families' data, by owner. Every look-up of a family's data starts here."""

from .lookups import (
    Missing,
    NotYours,
    chapter_for,
    chapter_of,
    child_for,
    choice_for,
    generation_for,
    kept_friend_for,
    kept_friends_of,
    may_follow,
    session_for,
    siblings_of,
    story_for,
)

__all__ = [
    "Missing",
    "NotYours",
    "chapter_for",
    "chapter_of",
    "child_for",
    "choice_for",
    "generation_for",
    "kept_friend_for",
    "kept_friends_of",
    "may_follow",
    "session_for",
    "siblings_of",
    "story_for",
]
