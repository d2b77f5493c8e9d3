"""Covers: a story wears the picture it began with, whatever becomes of the picture's words."""

from importlib import import_module

import pytest
from django.apps import apps

from children.models import Child
from stories.models import Story
from stories.presentation import cover
from tests.factories.stories import make_story

migration = import_module("stories.migrations.0007_story_tile")


def test_a_cover_stays_when_the_words_of_its_picture_change() -> None:
    assert cover(Story(tile="dragon", theme="As the tile was worded long ago")).key == "dragon"


def test_a_story_without_a_picture_or_with_one_that_is_gone_wears_the_cover_of_a_wish() -> None:
    shy = "A shy little dragon who needs a friend"
    assert cover(Story(theme=shy)).key == "wish"
    assert cover(Story(tile="zeppelin", theme=shy)).key == "wish"


@pytest.mark.parametrize(
    ("theme", "tile"),
    [
        ("A shy little dragon who needs a friend", "dragon"),
        ("Un pequeño dragón tímido que necesita un amigo: con mi gato", "dragon"),
        ("טירה עתיקה עם דלת סודית: with: colons", "castle"),
        ("a shy little dragon who needs a friend", ""),
        ("A shy little dragon who needs a friend, and a cat", ""),
        ("a fox who finds a lantern", ""),
    ],
)
def test_a_story_of_before_keeps_the_cover_that_it_wore(mia: Child, theme: str, tile: str) -> None:
    story = make_story(mia, theme=theme)
    migration.keep_tiles(apps, None)
    story.refresh_from_db()
    assert story.tile == tile
