"""Filters of the staff lists."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from stories.models import Generation, SafetyFinding

from .display import language_name


class StoryState(models.TextChoices):
    """The state of a story, from its reading and its latest run."""

    WRITING = "writing", _("being written")
    FINISHED = "finished", _("finished")
    FAILED = "failed", _("failed")
    STOPPED = "stopped", _("stopped")
    OPEN = "open", _("waiting")


def story_state() -> Case:
    """An expression on stories that are annotated with `last_status`."""
    active = Generation.objects.filter(story=OuterRef("pk"), status__in=Generation.ACTIVE)
    return Case(
        When(Exists(active), then=Value(StoryState.WRITING)),
        When(session__finished_at__isnull=False, then=Value(StoryState.FINISHED)),
        When(
            last_status__in=[Generation.Status.FAILED, Generation.Status.STOPPED],
            then=F("last_status"),
        ),
        default=Value(StoryState.OPEN),
        output_field=models.CharField(),
    )


class StoryStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(StoryState.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state=self.value()) if self.value() else queryset


class HeldBackFilter(admin.SimpleListFilter):
    """`path` leads from a finding to the rows of the list."""

    title = _("held-back text")
    parameter_name = "held_back"
    path = "generation__story"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("with")), ("no", _("without"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"yes", "no"}:
            return queryset
        found = Exists(SafetyFinding.objects.filter(Q((self.path, OuterRef("pk")))))
        return queryset.filter(found if self.value() == "yes" else ~found)


class RunHeldBackFilter(HeldBackFilter):
    path = "generation"


class ValuesFilter(admin.AllValuesFieldListFilter):
    """The values that rows have; a link needs a text where one has none, too."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or _("none")}


class LanguageFilter(admin.AllValuesFieldListFilter):
    """The languages that stories have, by name."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": language_name(str(choice["display"]))}
