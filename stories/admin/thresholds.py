"""The classifier's threshold by age: tried on last month's text, seen, and then set."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from children.admin.base import ReadOnlyAdmin
from stories.controls.thresholds import threshold_of
from stories.models import Threshold
from stories.moderation import CannotRule, rulings
from stories.safety.classifier import THRESHOLD
from stories.vocabulary.brief import AgeBand

from .replay import DAYS, replay

PROOF_AGE = dt.timedelta(hours=1)


class TryForm(forms.Form):
    value = forms.FloatField(
        label=gettext_lazy("New threshold"), min_value=0.05, max_value=0.99, localize=False
    )
    note = forms.CharField(label=gettext_lazy("Why"), max_length=400, required=False)
    proof = forms.CharField(required=False)

    def proof_of(self, band: AgeBand) -> str:
        """Says that this value was replayed for this band, so that no other can be set."""
        return signing.dumps([band.value, self.cleaned_data["value"]])

    def is_proven(self, band: AgeBand) -> bool:
        wanted = [band.value, self.cleaned_data["value"]]
        try:
            return bool(signing.loads(self.cleaned_data["proof"], max_age=PROOF_AGE) == wanted)
        except signing.BadSignature:
            return False


@admin.register(Threshold)
class ThresholdAdmin(ReadOnlyAdmin):
    """There are as many as age bands, whether set or not, so the list is a page of its own."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("stories.change_threshold")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Thresholds"),
            "default": THRESHOLD,
            "rows": [(band.value, threshold_of(band)) for band in AgeBand],
        }
        return TemplateResponse(request, "admin/stories/threshold/list.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A GET with a value replays it; what was replayed, and nothing else, can be set."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        band = _band(object_id)
        if request.method == "POST":
            return self._set(request, band)
        current = threshold_of(band)
        form = TryForm(request.GET if "value" in request.GET else None)
        tried = replay(band, form.cleaned_data["value"], current) if form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Threshold for the ages %(band)s") % {"band": band.value},
            "band": band.value,
            "current": current,
            "form": form,
            "replay": tried,
            "proof": form.proof_of(band) if tried else "",
            "days": DAYS,
            "may_set": self.has_change_permission(request),
        }
        return TemplateResponse(request, "admin/stories/threshold/replay.html", context)

    def _set(self, request: HttpRequest, band: AgeBand) -> HttpResponse:
        if not self.has_change_permission(request) or request.user.is_anonymous:
            raise PermissionDenied
        form = TryForm(request.POST)
        page = reverse("admin:stories_threshold_change", args=[band.value])
        if not (form.is_valid() and form.is_proven(band)):
            messages.error(request, _("Only a threshold that was tried just now can be set."))
            return redirect(page)
        value, note = form.cleaned_data["value"], form.cleaned_data["note"]
        try:
            rulings.set_threshold(band, value, request.user, note)
        except CannotRule as refusal:
            messages.error(request, str(refusal))
            return redirect(f"{page}?value={value}")
        messages.success(request, _("Done, and written into the log."))
        return redirect(reverse("admin:stories_threshold_changelist"))


def _band(text: str) -> AgeBand:
    try:
        return AgeBand(text)
    except ValueError as error:
        raise Http404 from error
