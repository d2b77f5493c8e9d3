"""Staff pages for stories: what was written, what was held back and why, and how each run went."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from . import cases, findings, generations, rulings, stories, switches, thresholds, trials

__all__ = [
    "cases",
    "findings",
    "generations",
    "rulings",
    "stories",
    "switches",
    "thresholds",
    "trials",
]

admin.site.site_header = admin.site.site_title = "Storyteller"
admin.site.index_title = _("Staff desk")
