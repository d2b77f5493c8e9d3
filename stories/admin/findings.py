"""Text that was held back: where, by which rule, how sure it was, and what was shown instead."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from children.admin.base import PageAdmin
from stories.generations import pseudonym_of
from stories.models import SafetyFinding

from .display import badge, foreign, language_name, link, two_lines
from .filters import LanguageFilter
from .held import held_of


@admin.register(SafetyFinding)
class SafetyFindingAdmin(PageAdmin):
    list_display = [
        "excerpt",
        "severity_badge",
        "rule_line",
        "score_line",
        "story_link",
        "created_at",
    ]
    list_filter = [
        ("severity", admin.AllValuesFieldListFilter),
        ("category", admin.AllValuesFieldListFilter),
        ("layer", admin.AllValuesFieldListFilter),
        "field",
        ("generation__story__language", LanguageFilter),
        "created_at",
    ]
    search_fields = ["text", "replacement", "rule"]
    search_help_text = _(
        "Words in the text that was held back or shown instead, or a rule; no child's name"
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("generation__story__child")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        finding = context["original"]
        generation = finding.generation
        context["language_name"] = language_name(generation.story.language)
        context["held"] = held_of(finding, generation, pseudonym_of(generation.story))
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("held back"), ordering="text")
    def excerpt(self, finding: SafetyFinding) -> SafeString:
        story = finding.generation.story
        text = foreign(pseudonym_of(story).reveal(finding.text), story.language, 120)
        return two_lines(text, finding.get_field_display())

    @admin.display(description=_("severity, category"), ordering=Concat("severity", "category"))
    def severity_badge(self, finding: SafetyFinding) -> SafeString:
        return two_lines(badge(finding.severity, finding.severity), finding.category)

    @admin.display(description=_("layer and rule"), ordering=Concat("layer", "rule"))
    def rule_line(self, finding: SafetyFinding) -> SafeString:
        return two_lines(finding.layer, finding.rule)

    @admin.display(description=_("score / threshold"), ordering="score")
    def score_line(self, finding: SafetyFinding) -> str:
        return f"{finding.score:.2f} / {finding.threshold:.2f}"

    @admin.display(description=_("story"), ordering="generation__story__title")
    def story_link(self, finding: SafetyFinding) -> SafeString:
        story = finding.generation.story
        name = link("stories_story", story.pk, foreign(str(story), story.language, 60))
        return two_lines(name, language_name(story.language))
