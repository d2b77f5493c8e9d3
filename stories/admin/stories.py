"""The list of stories, and the page on which one reads like a story."""

from typing import TYPE_CHECKING, Any, TypedDict

from django.contrib import admin
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from children.admin.base import DeletedBySuperusers, PageAdmin
from stories.models import Chapter, Generation, SafetyFinding, Story
from stories.vocabulary.brief import AgeBand

from .display import badge, foreign, language_name, short, two_lines
from .filters import HeldBackFilter, LanguageFilter, StoryState, StoryStateFilter, story_state
from .story_page import story_page

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Summary(TypedDict):
        chapter_count: int
        furthest: int
        held_back_count: int
        last_status: str | None
        last_error: str | None
        state: str

    ListedStory = WithAnnotations[Story, _Summary]


@admin.register(Story)
class StoryAdmin(DeletedBySuperusers, PageAdmin):
    list_display = [
        "name",
        "state_badge",
        "held_back",
        "progress",
        "audience",
        "created_at",
    ]
    list_display_links = ["name"]
    list_filter = [
        StoryStateFilter,
        HeldBackFilter,
        ("language", LanguageFilter),
        "reading_level",
        "created_at",
    ]
    search_fields = ["title", "requested_title", "theme", "chapters__title", "chapters__text", "id"]
    search_help_text = _("Words in a title, a theme or a chapter's text, or a story's id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_summary(super().get_queryset(request))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        story = context["original"]
        context["page"] = story_page(story)
        context["state_label"] = StoryState(story.state).label
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("story and theme"), ordering="title")
    def name(self, story: Story) -> SafeString:
        theme = short(story.theme, 90) if story.title else ""
        return two_lines(foreign(str(story), story.language, 90), theme)

    @admin.display(description=_("written for"), ordering="language")
    def audience(self, story: Story) -> SafeString:
        band = AgeBand.for_age(story.child.age)
        level = story.get_reading_level_display()
        return two_lines(f"{language_name(story.language)}, {band}", level)

    @admin.display(description=_("chapters"), ordering="furthest")
    def progress(self, story: "ListedStory") -> str:
        aside = story.chapter_count - story.furthest
        line = f"{story.furthest} / {story.total_chapters}"
        return f"{line} (+{aside})" if aside else line

    @admin.display(description=_("state, last error"), ordering="state")
    def state_badge(self, story: "ListedStory") -> SafeString:
        return two_lines(badge(story.state, StoryState(story.state).label), story.last_error or "")

    @admin.display(description=_("held back"), ordering="held_back_count", empty_value="-")
    def held_back(self, story: "ListedStory") -> SafeString | None:
        return badge("held", story.held_back_count) if story.held_back_count else None


def with_summary(stories: QuerySet[Story]) -> QuerySet[Any]:
    """Stories with what a list shows of their chapters and runs, in one query."""
    chapters = Chapter.objects.filter(story=OuterRef("pk")).order_by().values("story")
    runs = Generation.objects.filter(story=OuterRef("pk")).order_by("-created_at")
    findings = (
        SafetyFinding.objects.filter(generation__story=OuterRef("pk"))
        .order_by()
        .values("generation__story")
    )
    summed: QuerySet[Any] = stories.select_related("child", "session").annotate(
        chapter_count=Coalesce(Subquery(chapters.annotate(n=Count("pk")).values("n")), 0),
        furthest=Coalesce(Subquery(chapters.annotate(n=Max("number")).values("n")), 0),
        held_back_count=Coalesce(Subquery(findings.annotate(n=Count("pk")).values("n")), 0),
        last_status=Subquery(runs.values("status")[:1]),
        last_error=Subquery(runs.exclude(error_code="").values("error_code")[:1]),
    )
    stated: QuerySet[Any] = summed.annotate(state=story_state())
    return stated
