"""Choices of a family for a new story."""

import uuid
from typing import Any

import pytest

from children.models import Child
from stories import themes
from stories.models import THEME_LENGTH
from stories.pages.forms import WISH_LENGTH, NewStoryForm, languages_for
from tests.factories.stories import make_story

CHILD = Child(name="Mia", birth_year=2019, birth_month=3, languages=["en", "he"])


def chosen(**changes: Any) -> NewStoryForm:
    data = {
        "theme": "dragon",
        "wish": "",
        "title": "",
        "total_chapters": "3",
        "language": "en",
        "key": str(uuid.uuid4()),
    } | changes
    return NewStoryForm(data, child=CHILD, languages=["en", "he"])


def test_a_picture_is_told_in_the_language_of_the_story() -> None:
    form = chosen(language="he")
    assert form.is_valid()
    dragon = themes.find("dragon")
    assert dragon
    assert form.new_story().theme == dragon.idea_in("he")
    assert dragon.idea_in("he") != dragon.idea_in("en")


def test_a_wish_joins_the_picture_and_the_cover_stays() -> None:
    form = chosen(wish="with my cat Muffin")
    assert form.is_valid()
    story = form.new_story()
    assert story.theme.endswith("with my cat Muffin")
    assert story.tile == "dragon"


def test_a_wish_is_enough() -> None:
    form = chosen(theme="", wish="A cat who can fly")
    assert form.is_valid()
    story = form.new_story()
    assert (story.theme, story.tile) == ("A cat who can fly", "")
    assert themes.cover_of(story.tile, story.theme).key == "wish"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"theme": "", "wish": ""}, "theme"),
        ({"theme": "", "wish": "   "}, "theme"),
        ({"theme": "zombies"}, "theme"),
        ({"theme": "", "wish": "?!"}, "wish"),
        ({"wish": "x" * (WISH_LENGTH + 1)}, "wish"),
        ({"wish": "a \x00 b"}, "wish"),
        ({"title": "x" * 121}, "title"),
        ({"total_chapters": "4"}, "total_chapters"),
        ({"total_chapters": "-5"}, "total_chapters"),
        ({"total_chapters": ""}, "total_chapters"),
        ({"language": "es"}, "language"),
        ({"key": "not a key"}, "key"),
        ({"key": ""}, "key"),
    ],
)
def test_a_bad_choice_is_named_at_its_field(changes: dict[str, str], field: str) -> None:
    assert list(chosen(**changes).errors) == [field]


@pytest.mark.parametrize("theme", themes.THEMES, ids=lambda theme: str(theme.key))
@pytest.mark.parametrize("language", ["en", "es", "he"])
def test_every_picture_leaves_room_for_a_wish(theme: themes.Theme, language: str) -> None:
    idea = theme.idea_in(language)
    assert len(idea) + len(themes.SEPARATOR) + WISH_LENGTH <= THEME_LENGTH


def test_every_form_has_a_key_of_its_own() -> None:
    first, second = (NewStoryForm(child=CHILD, languages=["en"]) for _ in range(2))
    assert first["key"].value() != second["key"].value()


def test_only_languages_that_the_storyteller_writes_are_offered() -> None:
    assert languages_for(CHILD, ("en", "es")) == ["en"]
    assert languages_for(CHILD, ("es",)) == ["es"]
    british = Child(languages=["en-GB"])
    assert languages_for(british, ("en", "he")) == ["en-GB"]


@pytest.mark.django_db
def test_a_surprise_is_a_picture_that_the_child_has_not_had_lately(mia: Child) -> None:
    had = [theme.key for theme in themes.THEMES[:5]]
    for tile in had:
        make_story(mia, tile=tile)
    tiles = set()
    for number in range(60):
        data = {
            "surprise": "on",
            "total_chapters": "3",
            "language": "en",
            "key": uuid.UUID(int=number),
        }
        form, again = (NewStoryForm(data, child=mia, languages=["en"]) for _ in range(2))
        assert form.is_valid()
        assert again.is_valid()
        assert form.request_key() == again.request_key()
        assert form.new_story().tile == again.new_story().tile
        tiles.add(form.new_story().tile)
    assert tiles == {theme.key for theme in themes.THEMES} - {*had}


@pytest.mark.django_db
def test_a_surprise_leaves_the_wish_aside(mia: Child) -> None:
    data = {"surprise": "on", "wish": "a cat", "theme": "", "total_chapters": "3", "language": "en"}
    form = NewStoryForm(data | {"key": uuid.uuid4()}, child=mia, languages=["en"])
    assert form.is_valid()
    assert "a cat" not in form.new_story().theme
