"""Validators of a child's profile: one set of rules for forms, the API and the admin."""

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

MAX_LIST_ITEMS = 20
MAX_ITEM_CHARACTERS = 60

# The parts of a BCP 47 tag (RFC 5646) that name a language, script and region.
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?")


def validate_languages(value: Any) -> None:
    """At least one BCP 47 tag, each of a language that stories are written in."""
    allowed = ", ".join(code for code, _name in settings.LANGUAGES)
    if not isinstance(value, list) or not value:
        raise ValidationError(_("Choose at least one language: %(all)s.") % {"all": allowed})
    for tag in value:
        if not isinstance(tag, str) or not _TAG.fullmatch(tag):
            raise ValidationError(_("Not a language tag. Allowed: %(all)s.") % {"all": allowed})
        if current_tag(tag).split("-")[0] not in dict(settings.LANGUAGES):
            raise ValidationError(
                _("%(tag)s is not offered. Allowed: %(all)s.") % {"tag": tag, "all": allowed}
            )


def current_tag(tag: str) -> str:
    """The tag in today's codes: "he-IL" for "iw-IL"."""
    primary, *rest = tag.split("-")
    try:
        code: str = get_language_info(primary.lower())["code"]
    except KeyError:
        code = primary.lower()
    return "-".join([code, *rest])


def validate_short_lines(value: Any) -> None:
    """A list of short texts, such as interests."""
    if not isinstance(value, list) or len(value) > MAX_LIST_ITEMS:
        raise ValidationError(_("At most %(count)s entries.") % {"count": MAX_LIST_ITEMS})
    for item in value:
        if not isinstance(item, str) or not 1 <= len(item.strip()) <= MAX_ITEM_CHARACTERS:
            raise ValidationError(
                _("Each entry has 1 to %(count)s characters.") % {"count": MAX_ITEM_CHARACTERS}
            )
        if not item.isprintable():
            raise ValidationError(_("Entries are single lines of ordinary characters."))


def validate_name(value: str) -> None:
    if not value.isprintable() or not any(character.isalpha() for character in value):
        raise ValidationError(_("A name has letters, and no control characters."))
