"""Runs: a list to find the slow, stopped and failed ones, and a page to explain each. Read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from children.admin.base import PageAdmin
from stories.models import Generation

from .display import badge, foreign, language_name, link, two_lines
from .filters import LanguageFilter, RunHeldBackFilter, ValuesFilter
from .generation_page import generation_page, run_time

# Whole chapters travel in these: a list neither shows nor loads them.
LARGE_FIELDS = ("brief", "timings", "error_detail")


@admin.register(Generation)
class GenerationAdmin(PageAdmin):
    list_display = [
        "short_id",
        "state_badge",
        "story_link",
        "model",
        "run_length",
        "tokens",
        "created_at",
    ]
    list_filter = [
        "status",
        "ahead",
        ("error_code", ValuesFilter),
        RunHeldBackFilter,
        ("story__language", LanguageFilter),
        ("model", ValuesFilter),
        "created_at",
    ]
    search_fields = ["id", "story__title", "story__theme", "error_detail", "model"]
    search_help_text = _("A run's id, a story's title or theme, or words of an error")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        ordered = Generation.with_hidden.order_by(*self.get_ordering(request))
        runs = ordered.select_related("story", "choice")
        timed: QuerySet[Any] = runs.annotate(seconds=F("finished_at") - F("started_at"))
        return timed.defer(*LARGE_FIELDS)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        generation = context["original"]
        generation.refresh_from_db(fields=[*LARGE_FIELDS])
        context["page"] = generation_page(generation)
        context["run_time"] = run_time(generation)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("run"))
    def short_id(self, generation: Generation) -> SafeString:
        return two_lines(str(generation.pk)[:8], generation.get_ahead_display())

    @admin.display(description=_("state, error"), ordering="status")
    def state_badge(self, generation: Generation) -> SafeString:
        state = badge(generation.status, generation.get_status_display())
        return two_lines(state, generation.error_code)

    @admin.display(description=_("story, chapter"), ordering="story__title")
    def story_link(self, generation: Generation) -> SafeString:
        story = generation.story
        name = link("stories_story", story.pk, foreign(str(story), story.language, 60))
        chapter = gettext("chapter %(number)d") % {"number": generation.chapter_number}
        return two_lines(name, f"{chapter}, {language_name(story.language)}")

    @admin.display(description=_("duration, attempts"), ordering="seconds")
    def run_length(self, generation: Generation) -> SafeString:
        count = generation.attempts
        attempts = ngettext("%d attempt", "%d attempts", count) % count
        return two_lines(run_time(generation) or "-", attempts)

    @admin.display(description=_("tokens"), ordering="completion_tokens")
    def tokens(self, generation: Generation) -> SafeString:
        written = gettext("%d out") % generation.completion_tokens
        return two_lines(gettext("%d in") % generation.prompt_tokens, written)
