"""Accepted profiles, and the names of what is refused."""

import pytest
from django.conf import settings
from django.utils import timezone, translation

from children.forms import ChildForm, language_choices
from children.models import OLDEST_CHILD_YEARS, Child
from children.validators import MAX_ITEM_CHARACTERS, MAX_LIST_ITEMS
from stories.vocabulary.languages import codes
from tests.factories.families import THIS_YEAR, profile_form

pytestmark = pytest.mark.django_db


def test_lists_are_typed_with_commas_or_lines_and_kept_as_lists() -> None:
    form = ChildForm(profile_form(interests="foxes, the sea\nfootball,, Foxes ; trains", avoid=" "))
    child = form.save(commit=False)
    assert child.interests == ["Foxes", "the sea", "football", "trains"]
    assert child.avoid == []


def test_the_story_language_comes_first_and_no_language_twice() -> None:
    form = ChildForm(profile_form(language="he", more_languages=["en", "he"]))
    assert form.save(commit=False).languages == ["he", "en"]


def test_every_language_of_the_form_has_rules_that_check_it() -> None:
    assert {code for code, _ in language_choices()} == set(codes())
    assert {code for code, _ in settings.LANGUAGES} == set(codes())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "\u200f\u202e"),
        ("name", "12"),
        ("name", "Mia\u202e"),
        ("name", "M" * 61),
        ("birth_year", str(THIS_YEAR + 1)),
        ("birth_year", str(THIS_YEAR - OLDEST_CHILD_YEARS - 2)),
        ("birth_year", "soon"),
        ("birth_month", "0"),
        ("birth_month", "13"),
        ("birth_month", ""),
        ("language", "tlh"),
        ("language", ""),
        ("more_languages", ["en", "xx"]),
        ("reading_level", "expert"),
        ("reading_level", ""),
        ("strictness", "strict"),
        ("strictness", ""),
        ("interests", ",".join(f"thing {n}" for n in range(MAX_LIST_ITEMS + 1))),
        ("avoid", "x" * (MAX_ITEM_CHARACTERS + 1)),
        ("avoid", "with \x00 in it"),
    ],
)
def test_a_bad_value_is_named_at_its_field_when_creating_and_when_changing(
    field: str, value: object
) -> None:
    existing = Child(name="Mia", birth_year=THIS_YEAR - 6, birth_month=1, languages=["en"])
    for child in (None, existing):
        form = ChildForm(profile_form(**{field: value}), instance=child)
        assert list(form.errors) == [field]


def test_a_child_of_next_month_is_not_born_yet() -> None:
    month = timezone.localdate().month
    form = ChildForm(profile_form(birth_year=str(THIS_YEAR), birth_month=str(month % 12 + 1)))
    assert form.is_valid() == (month == 12)


def test_a_language_with_a_region_survives_a_change_of_something_else() -> None:
    child = Child(name="Mia", birth_year=THIS_YEAR - 6, birth_month=1, languages=["en-GB", "es"])
    shown = ChildForm(instance=child)
    form = ChildForm(
        profile_form(
            language=shown["language"].value(), more_languages=shown["more_languages"].value()
        ),
        instance=child,
    )
    assert form.save(commit=False).languages == ["en-GB", "es"]


def test_the_form_of_a_child_shows_what_is_stored() -> None:
    child = Child(
        name="נועם",
        birth_year=THIS_YEAR - 8,
        birth_month=9,
        languages=["he", "en"],
        interests=["foxes", "the sea"],
    )
    form = ChildForm(instance=child)
    assert form["language"].value() == "he"
    assert form["more_languages"].value() == ["en"]
    assert form["interests"].value() == "foxes, the sea"


def test_months_are_named_in_the_language_of_the_page() -> None:
    with translation.override("es"):
        assert "abril" in str(ChildForm()["birth_month"]).lower()
