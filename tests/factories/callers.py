"""Callers of commands in tests: with a storyteller, and no engine but the dispatchers."""

from dataclasses import replace
from typing import Any

from children.models import User
from stories.generations import Caller


def caller(user: User, **others: Any) -> Caller:
    """A caller of an installation that writes one chapter at once, unless `others` say so."""
    plain = Caller(user=user, key=None, has_model=True, capacity=1, enqueue=lambda _: None)
    return replace(plain, **others)
