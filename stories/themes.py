"""The picture tiles a child picks a story from, and the cover a story wears afterwards.

A tile's `title` is in the language of the page; its `idea` is what the story is told to be about,
in the language of the story.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

SEPARATOR = ": "


@dataclass(frozen=True, slots=True)
class Theme:
    """`accent` is a colour of base.css; `picture` a file in static/stories/themes."""

    key: str
    title: str | Promise
    idea: str | Promise
    accent: str

    @property
    def picture(self) -> str:
        return f"stories/themes/{self.key}.svg"

    def idea_in(self, language: str) -> str:
        with override(language):
            return str(self.idea)


THEMES = (
    Theme(
        "forest",
        _("The whispering forest"),
        _("A friendly forest where the old trees whisper secrets"),
        "forest",
    ),
    Theme("sea", _("Across the sea"), _("A small boat on a big journey across the sea"), "sea"),
    Theme(
        "space", _("Up to the stars"), _("A trip by rocket to a planet nobody has seen"), "space"
    ),
    Theme("dragon", _("The shy dragon"), _("A shy little dragon who needs a friend"), "ember"),
    Theme("castle", _("The castle's secret"), _("An old castle with a secret door"), "rose"),
    Theme(
        "dinosaur",
        _("Valley of dinosaurs"),
        _("A green valley where gentle dinosaurs still live"),
        "moss",
    ),
    Theme("robot", _("The little robot"), _("A little robot who learns to help"), "slate"),
    Theme("snow", _("The first snow"), _("A quiet snowy day with animal friends"), "frost"),
    Theme(
        "garden", _("The tiny garden"), _("Being as small as a ladybird in the garden"), "violet"
    ),
    Theme(
        "train", _("The night train"), _("A night train that stops at wonderful places"), "honey"
    ),
)


def find(key: str) -> Theme | None:
    return next((theme for theme in THEMES if theme.key == key), None)


def cover_of(tile: str, theme: str) -> Theme:
    """The tile that a story began with; for a story of another theme, the cover of a wish."""
    return find(tile) or Theme("wish", theme, theme, "dusk")
