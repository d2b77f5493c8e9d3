"""Turning a feature or a model off for everyone, at once, and on again."""

from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from children.admin.base import ReadOnlyAdmin
from stories import llm
from stories.controls import switches
from stories.models import Generation, Switch
from stories.moderation import CannotRule, rulings

MAX_NOTE_CHARACTERS = 400
RECENT_RUNS = 200


@dataclass(frozen=True)
class Row:
    name: str
    label: str
    is_off: bool


@admin.register(Switch)
class SwitchAdmin(ReadOnlyAdmin):
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("stories.change_switch")

    def get_urls(self) -> list[URLPattern]:
        turn = self.admin_site.admin_view(self.turn)
        return [path("turn/", turn, name="stories_switch_turn"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        off = switches.turned_off()
        features = [Row(key, str(label), key in off) for key, label in switches.Feature.choices]
        models = [Row(switches.of_model(m), m, switches.of_model(m) in off) for m in _models(off)]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Switches"),
            "groups": [(_("Features"), features), (_("Models"), models)],
            "may_turn": self.has_change_permission(request),
            "longest_note": MAX_NOTE_CHARACTERS,
        }
        return TemplateResponse(request, "admin/stories/switch/list.html", context)

    def turn(self, request: HttpRequest) -> HttpResponse:
        is_allowed = request.method == "POST" and self.has_change_permission(request)
        if not is_allowed or request.user.is_anonymous:
            raise PermissionDenied
        name, note = (
            request.POST.get("name", ""),
            request.POST.get("note", "")[:MAX_NOTE_CHARACTERS],
        )
        try:
            if request.POST.get("to") == "on":
                rulings.turn_on(name, request.user, note)
            else:
                rulings.turn_off(name, request.user, note)
        except CannotRule as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Done, and written into the log."))
        return redirect(reverse("admin:stories_switch_changelist"))


def _models(off: frozenset[str]) -> list[str]:
    """The models that have written lately, would write now, or are turned off."""
    recent = Generation.objects.exclude(model="").order_by("-created_at")
    names = set(recent.values_list("model", flat=True)[:RECENT_RUNS])
    names.add(async_to_sync(llm.status)().name)
    names |= {name.removeprefix("model:") for name in off if name.startswith("model:")}
    return sorted(names - {""})
