"""Presentation of a story: its cover, its name, and the name and direction of its language."""

from django.utils.translation import get_language_info

from stories import themes
from stories.models import Story
from stories.themes import Theme
from stories.vocabulary.languages import primary_language


def cover(story: Story) -> Theme:
    return themes.cover_of(story.tile, story.theme)


def name(story: Story) -> str:
    """The story's title; before it has one, the wish."""
    return str(story.title or story.requested_title or cover(story).title)


def direction(language: str) -> str:
    """ "rtl" or "ltr", for the `dir` of text in this BCP 47 language."""
    return "rtl" if _info(language).get("bidi") else "ltr"


def language_name(language: str) -> str:
    """The language in its own words."""
    return str(_info(language).get("name_local", language)).capitalize()


def _info(language: str) -> dict[str, object]:
    try:
        return dict(get_language_info(primary_language(language)))
    except KeyError:
        return {}
