"""The trials of models: each one's abilities, and the parameters its host refuses."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from children.admin.base import ReadOnlyAdmin
from stories.models import ModelTrial


@admin.register(ModelTrial)
class ModelTrialAdmin(ReadOnlyAdmin):
    list_display = [
        *("model", "provider", "address", "tried_at", "writes", "schema"),
        *("tokens_per_second", "first_word_seconds", "is_in_use"),
    ]
    fields = [
        *("model", "version", "provider", "address", "elsewhere", "tried_at", "context_tokens"),
        *("languages", "writes", "schema", "left_out", "first_word_seconds", "tokens_per_second"),
        *("problem", "unjudged", "is_in_use"),
    ]

    actions = ["use_again"]

    def has_use_permission(self, request: HttpRequest) -> bool:
        """True for those who may turn a model on and off."""
        return request.user.has_perm("stories.change_switch")

    @admin.action(description=_("Use for new stories again"), permissions=["use"])
    def use_again(self, request: HttpRequest, rows: QuerySet[ModelTrial]) -> None:
        rows.update(unjudged=0)
        messages.success(request, _("The next chapters show whether they can be judged."))

    @admin.display(boolean=True, description=_("in use"))
    def is_in_use(self, trial: ModelTrial) -> bool:
        """A cross where chapters in a row could not be judged."""
        return not trial.is_out_of_use
