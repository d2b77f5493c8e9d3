"""Choices of model fields, made from enums that know no Django."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from django.utils.functional import Promise

E = TypeVar("E", bound=StrEnum)
Choices = list[tuple[str | None, str | Promise]]


def labelled(kind: type[E], labels: Mapping[E, str | Promise]) -> Choices:
    """Each member with its label, the empty value as None. Raises KeyError for one without."""
    return [(member.value or None, labels[member]) for member in kind]
