"""The trials of models: what each can be asked for, and what its host refuses."""

from django.contrib import admin

from children.admin.base import ReadOnlyAdmin
from stories.models import ModelTrial


@admin.register(ModelTrial)
class ModelTrialAdmin(ReadOnlyAdmin):
    list_display = [
        *("model", "provider", "address", "tried_at", "writes", "schema"),
        *("tokens_per_second", "first_word_seconds"),
    ]
    fields = [
        *("model", "version", "provider", "address", "elsewhere", "tried_at", "context_tokens"),
        *("languages", "writes", "schema", "left_out", "first_word_seconds", "tokens_per_second"),
        "problem",
    ]
