"""Families, children and the form of a child's profile."""

from typing import Any

from django.utils import timezone

from children import tokens
from children.models import Child, Family, User

PASSWORD = "lantern-under-the-bed"
THIS_YEAR = timezone.localdate().year
UNKNOWN = "00000000-0000-4000-8000-000000000000"
"""An id that nothing has."""


def make_child(family: Family | None, name: str, language: str = "en") -> Child:
    assert family is not None, "staff have none"
    return Child.objects.create(
        family=family,
        name=name,
        birth_year=2019,
        birth_month=3,
        languages=[language],
        reading_level="beginner",
        interests=["foxes"],
        avoid=["thunder"],
    )


def profile_form(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Mia",
        "birth_year": str(THIS_YEAR - 6),
        "birth_month": "1",
        "language": "en",
        "more_languages": [],
        "reading_level": "beginner",
        "strictness": "usual",
        "interests": "",
        "avoid": "",
    } | changes


def owner_of(token: str) -> User | None:
    """The active user whose unrevoked token this is."""
    found = tokens.find(token)
    return found.user if found else None
