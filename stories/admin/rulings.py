"""The log of decisions by staff: read, and edited by nobody."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from children.admin.base import ReadOnlyAdmin
from stories.models import Ruling

from .display import badge, link


@admin.register(Ruling)
class RulingAdmin(ReadOnlyAdmin):
    list_display = ["made_at", "who", "action_badge", "about", "reason", "note"]
    list_filter = ["action", "reason", "made_at"]
    search_fields = ["subject", "by_name", "note"]
    search_help_text = _("Who, what, or words of a note")
    fields = ["made_at", "by_name", "subject", "action", "reason", "note"]

    @admin.display(description=_("who"), ordering="by_name")
    def who(self, ruling: Ruling) -> str:
        return ruling.by_name

    @admin.display(description=_("action"), ordering="action")
    def action_badge(self, ruling: Ruling) -> SafeString:
        return badge(ruling.action, ruling.get_action_display())

    @admin.display(description=_("subject"), ordering="subject")
    def about(self, ruling: Ruling) -> SafeString | str:
        if ruling.case_id is None:
            return ruling.subject
        return link("stories_case", ruling.case_id, str(ruling.case_id)[:8])
