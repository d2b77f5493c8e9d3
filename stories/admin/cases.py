"""The queue of cases to decide, gravest and oldest first, and the page to decide them on."""

import uuid
from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from children.admin.base import PageAdmin
from children.models import User
from stories import llm
from stories.execution import engine
from stories.generations import ModelMissing, NotNow, caller_for, pseudonym_of
from stories.models import Case, Clearance, Generation
from stories.moderation import CannotRule, cases, rulings
from stories.vocabulary.brief import Concern

from .case_page import case_page
from .charts import numbers
from .display import badge, foreign, language_name, two_lines
from .filters import LanguageFilter

HIGH_RISK = 70
MIDDLE_RISK = 50
MAX_NOTE_CHARACTERS = 500

_HIDDEN = Generation.Ahead.HIDDEN

Act = Callable[[Case, User, str, str], None]


class CaseStateFilter(admin.SimpleListFilter):
    """Unless something else is asked for, the queue is what waits: what nobody has asked for yet
    can wait longer, and mostly is never read."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("mine", _("mine")),
            ("ahead", _("of chapters written ahead")),
            ("decided", _("decided")),
            ("all", _("all")),
        ]

    def choices(self, changelist: Any) -> Any:
        first, *rest = super().choices(changelist)
        return [{**first, "display": _("waiting")}, *rest]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "mine":
                return queryset.filter(claimed_by=request.user, decided_at=None)
            case "ahead":
                return queryset.filter(decided_at=None, generation__ahead=_HIDDEN)
            case "decided":
                return queryset.filter(decided_at__isnull=False)
            case "all":
                return queryset
        return queryset.filter(decided_at=None).exclude(generation__ahead=_HIDDEN)


@admin.register(Case)
class CaseAdmin(PageAdmin):
    list_display = ["what", "risk_badge", "source_line", "story_line", "age", "who"]
    list_filter = [
        CaseStateFilter,
        "source",
        ("generation__story__language", LanguageFilter),
        "opened_at",
    ]
    search_fields = ["id", "text", "finding__text", "finding__rule", "generation__story__title"]
    search_help_text = gettext_lazy(
        "Words of a text, a rule, a story's title, or a case's id; no child's name"
    )
    change_list_template = "admin/stories/case/queue.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        related = ("finding", "claimed_by", "generation__story__child", "generation__chapter")
        return super().get_queryset(request).select_related(*related)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("numbers/", wrap(self.numbers), name="stories_case_numbers"),
            path("open/<uuid:generation_id>/", wrap(self.open), name="stories_case_open"),
            path("<uuid:case_id>/decide/", wrap(self.decide), name="stories_case_decide"),
        ]
        return own + super().get_urls()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        case = context["original"]
        context["page"] = case_page(case)
        context["is_mine"] = case.claimed_by_id == request.user.pk
        context["may_decide"] = _may_decide(request)
        context["longest_note"] = MAX_NOTE_CHARACTERS
        return super().render_change_form(request, context, *args, **kwargs)

    def numbers(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Numbers at a glance"),
            "numbers": numbers(),
        }
        return TemplateResponse(request, "admin/stories/case/numbers.html", context)

    def open(self, request: HttpRequest, generation_id: uuid.UUID) -> HttpResponse:
        """A moderator makes a case of what they read."""
        by = _decider(request)
        generation = get_object_or_404(Generation.with_hidden, pk=generation_id)
        return _to(cases.open_by_staff(generation, by))

    def decide(self, request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
        by = _decider(request)
        case = get_object_or_404(self.get_queryset(request), pk=case_id)
        act = ACTIONS.get(request.POST.get("action", ""))
        reason = request.POST.get("reason", "")
        note = request.POST.get("note", "").strip()[:MAX_NOTE_CHARACTERS]
        if act is None or reason not in {"", *Concern, *Clearance.values}:
            raise PermissionDenied
        try:
            act(case, by, reason, note)
        except CannotRule as refusal:
            messages.error(request, str(refusal))
        except (ModelMissing, NotNow):
            messages.error(request, _("There is no storyteller to write it anew just now."))
        else:
            return _after(request, case, by)
        return _to(case)

    @admin.display(description=gettext_lazy("what"), ordering="finding__text")
    def what(self, case: Case) -> SafeString:
        story = case.generation.story
        held = pseudonym_of(story).reveal(case.finding.text) if case.finding else ""
        text = held or case.text
        rule = f"{case.finding.layer}: {case.finding.rule}" if case.finding else case.remark
        return two_lines(foreign(text or str(story), story.language, 140), rule)

    @admin.display(description=gettext_lazy("risk"), ordering="risk")
    def risk_badge(self, case: Case) -> SafeString:
        return badge(risk_level(case.risk), case.risk)

    @admin.display(description=gettext_lazy("source"), ordering="source")
    def source_line(self, case: Case) -> str:
        return case.get_source_display()

    @admin.display(description=gettext_lazy("story"), ordering="generation__story__title")
    def story_line(self, case: Case) -> SafeString:
        generation = case.generation
        chapter = _("chapter %(number)d") % {"number": generation.chapter_number}
        name = foreign(str(generation.story), generation.story.language, 60)
        gone = generation.withdrawn_at is not None
        language = language_name(generation.story.language)
        return two_lines(name, f"{chapter}, {_('withdrawn') if gone else language}")

    @admin.display(description=gettext_lazy("opened ago"), ordering="-opened_at")
    def age(self, case: Case) -> str:
        return timesince(case.opened_at, timezone.now(), depth=1)

    @admin.display(description=gettext_lazy("who"), ordering="claimed_by")
    def who(self, case: Case) -> SafeString | str:
        if not case.is_open:
            return badge(case.outcome, case.get_outcome_display())
        return case.claimed_by.email if case.claimed_by else "-"


def risk_level(risk: int) -> str:
    if risk >= HIGH_RISK:
        return "hard"
    return "soft" if risk >= MIDDLE_RISK else "low"


def _may_decide(request: HttpRequest) -> bool:
    return request.user.has_perm("stories.decide_case")


def _decider(request: HttpRequest) -> User:
    if request.method != "POST" or not _may_decide(request) or request.user.is_anonymous:
        raise PermissionDenied
    return request.user


def _to(case: Case) -> HttpResponse:
    return redirect(_page(case))


def _page(case: Case) -> str:
    return reverse("admin:stories_case_change", args=[case.pk])


def _after(request: HttpRequest, case: Case, by: User) -> HttpResponse:
    """From a case that is decided on to the next one of the queue."""
    case.refresh_from_db()
    if case.outcome == Case.Outcome.APPROVED and case.generation.withdrawn_at:
        messages.warning(
            request,
            _("It stays withdrawn: another case took it away, or its place in the story is taken."),
        )
    if case.is_open:
        messages.success(request, _("Done, and written into the log."))
        return _to(case)
    free = Case.objects.filter(Q(claimed_by=None) | Q(claimed_by=by), decided_at=None)
    free = free.exclude(generation__ahead=_HIDDEN)
    following = free.first()
    said = _("%(decision)s, and written into the log") % {"decision": case.get_outcome_display()}
    then = _("This is the next case.") if following else _("Nothing else waits for you.")
    story = case.generation.story
    title = foreign(str(story), story.language, 60)
    messages.success(
        request, format_html('{}: <a href="{}">{}</a>. {}', said, _page(case), title, then)
    )
    return _to(following) if following else redirect(reverse("admin:stories_case_changelist"))


# What the page's buttons do -----------------------------------------------------------------------


def _claim(case: Case, by: User, _reason: str, _note: str) -> None:
    cases.claim(case.pk, by)


def _release(case: Case, by: User, _reason: str, _note: str) -> None:
    cases.unclaim(case.pk, by)


def _approve(case: Case, by: User, reason: str, note: str) -> None:
    rulings.approve(case.pk, by, reason, note)


def _reject(case: Case, by: User, reason: str, note: str) -> None:
    rulings.reject(case.pk, by, reason, note)


def _withdraw(case: Case, by: User, reason: str, note: str) -> None:
    rulings.withdraw_for(case.pk, by, reason, note)


def _send_back(case: Case, by: User, reason: str, note: str) -> None:
    caller = caller_for(by, async_to_sync(llm.status)(), engine.enqueue)
    rulings.send_back(case.pk, caller, reason, note)


ACTIONS: dict[str, Act] = {
    "claim": _claim,
    "release": _release,
    "approve": _approve,
    "reject": _reject,
    "withdraw": _withdraw,
    "send_back": _send_back,
}
