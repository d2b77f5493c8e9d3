"""How templates show a story: its cover, its name, and the direction of its language."""

from django import template
from django.conf import settings
from django.utils.translation import get_language_info

from stories import themes
from stories.brief import primary_language
from stories.models import Story
from stories.themes import Theme

register = template.Library()


@register.simple_tag
def is_shown_by_word() -> bool:
    """Whether words may be seen before all layers have passed them."""
    return bool(settings.RELEASE == "token")


@register.filter
def cover(story: Story) -> Theme:
    return themes.of_idea(story.theme)


@register.filter
def name(story: Story) -> str:
    """The story's title; before it has one, what was asked for."""
    return str(story.title or story.requested_title or themes.of_idea(story.theme).title)


@register.filter
def direction(language: str) -> str:
    """ "rtl" or "ltr", for the `dir` of text in this BCP 47 language."""
    return "rtl" if _info(language).get("bidi") else "ltr"


@register.filter
def language_name(language: str) -> str:
    """The language in its own words."""
    return str(_info(language).get("name_local", language)).capitalize()


def _info(language: str) -> dict[str, object]:
    try:
        return dict(get_language_info(primary_language(language)))
    except KeyError:
        return {}
