"""`stories.presentation` as tags and filters of templates."""

from django import template
from django.conf import settings

from stories import presentation

register = template.Library()
register.filter(presentation.cover)
register.filter(presentation.name)
register.filter(presentation.direction)
register.filter(presentation.language_name)


@register.simple_tag
def shows_unchecked_words() -> bool:
    """True when words may be seen before all layers have passed them."""
    return bool(settings.SHOWS_UNCHECKED_WORDS)
