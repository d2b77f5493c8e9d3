"""Choices of model fields: the enum decides which there are."""

from enum import StrEnum
from typing import Any

import pytest

from children.choices import labelled
from children.models import Child
from children.profiles import Pronoun, ReadingLevel
from stories.models import Chapter, Clearance, Ruling, Story
from stories.vocabulary.brief import Concern


class Size(StrEnum):
    NONE = ""
    SMALL = "small"


def test_each_member_has_a_label_and_the_empty_value_is_none() -> None:
    labels = {Size.SMALL: "little", Size.NONE: "no matter"}
    assert labelled(Size, labels) == [(None, "no matter"), ("small", "little")]
    with pytest.raises(KeyError):
        labelled(Size, {Size.SMALL: "little"})


@pytest.mark.parametrize(
    ("model", "field", "values"),
    [
        (Child, "pronoun", [*Pronoun]),
        (Child, "reading_level", [*ReadingLevel]),
        (Story, "reading_level", [*ReadingLevel]),
        (Chapter, "measured_level", [*ReadingLevel]),
        (Ruling, "reason", [*Concern, *Clearance]),
    ],
)
def test_fields_offer_what_their_enum_has(model: Any, field: str, values: list[str]) -> None:
    choices = model._meta.get_field(field).choices
    offered = [value or "" for value, _ in choices]
    assert [value for value in offered if value] == [value for value in values if value]
