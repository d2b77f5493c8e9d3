"""Display of values on staff pages: languages, durations, badges and links."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from stories.presentation import direction


def language_name(tag: str) -> str:
    """The language in the reader's words, or the tag where Django does not know it."""
    try:
        return str(get_language_info(tag)["name_translated"])
    except KeyError:
        return tag


def duration(seconds: float) -> str:
    if seconds < 60:
        return _("%(seconds).1f s") % {"seconds": seconds}
    if seconds >= 2 * 3600:
        return _("%(hours).1f h") % {"hours": seconds / 3600}
    minutes, rest = divmod(round(seconds), 60)
    return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": rest}


def short(text: str, length: int = 120) -> str:
    return Truncator(" ".join(text.split())).chars(length)


def foreign(text: str, language: str, length: int = 120) -> SafeString:
    """A line of a story's own text, isolated from the direction of the page around it."""
    return format_html(
        '<bdi lang="{}" dir="{}">{}</bdi>', language, direction(language), short(text, length)
    )


def two_lines(first: Any, second: str) -> SafeString:
    """A cell with a quieter second line."""
    return format_html('{}<br><bdi class="quiet">{}</bdi>', first, second)


def badge(value: str, label: Any) -> SafeString:
    return format_html('<span class="badge badge-{}">{}</span>', value, label)


def link(name: str, key: Any, label: Any) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{name}_change", args=[key]), label)
