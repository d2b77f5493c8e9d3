"""Numbers at a glance: cases a day, what each layer held back, and how long decisions took."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from stories.models import Case, Chapter, Clearance, Generation, Ruling, SafetyFinding

from .display import duration

DAYS = 30
CHART_HEIGHT = 30
MAX_DECISIONS = 5000
_HOUR = 3600


@dataclass(frozen=True)
class Bar:
    """`percent` is the bar's length or height, of the longest one."""

    label: str
    value: str
    percent: int


@dataclass(frozen=True)
class Day(Bar):
    """A bar that stands; `x`, `y` and `height` are in units of a chart of 100 by 30."""

    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Numbers:
    waiting: int
    oldest: dt.datetime | None
    days: list[Day]
    layers: list[Bar]
    wrongly: list[Bar]
    held_back: int
    words: int
    rate: str
    times: list[Bar]
    median: str
    ahead: "Ahead"


@dataclass(frozen=True)
class Ahead:
    """Chapters begun before anybody asked for them; of these, those that were then chosen, and
    those that were ended without."""

    begun: int
    chosen: int
    given_up: int


def numbers() -> Numbers:
    """Today and the 29 days before, in a fixed number of queries."""
    first = timezone.localdate() - dt.timedelta(days=DAYS - 1)
    since = timezone.make_aware(dt.datetime.combine(first, dt.time.min))
    open_cases = Case.objects.filter(decided_at=None).order_by("opened_at")
    waiting = open_cases.exclude(generation__ahead=Generation.Ahead.HIDDEN)
    findings = SafetyFinding.objects.filter(created_at__gte=since).order_by()
    by_layer = list(findings.values_list("layer").annotate(n=Count("pk")).order_by("-n"))
    seconds = _decision_seconds(since)
    held_back = sum(count for _layer, count in by_layer)
    written = Chapter.with_hidden.filter(created_at__gte=since)
    words = written.aggregate(words=Sum("word_count"))["words"] or 0
    return Numbers(
        waiting=waiting.count(),
        oldest=waiting.values_list("opened_at", flat=True).first(),
        days=_days(first, since),
        layers=_shares(by_layer, held_back),
        wrongly=_wrongly_held(since),
        held_back=held_back,
        words=words,
        rate=f"{1000 * held_back / words:.1f}" if words else "-",
        times=_times(seconds),
        median=duration(median(seconds)) if seconds else "-",
        ahead=_ahead(since),
    )


def _ahead(since: dt.datetime) -> Ahead:
    kinds, states = Generation.Ahead, Generation.Status
    is_over = Q(ahead=kinds.HIDDEN, status__in=[states.STOPPED, states.FAILED])
    runs = Generation.with_hidden.exclude(ahead="").filter(created_at__gte=since)
    return Ahead(
        **runs.aggregate(
            begun=Count("pk"),
            chosen=Count("pk", filter=Q(ahead=kinds.CHOSEN)),
            given_up=Count("pk", filter=is_over),
        )
    )


def _days(first: dt.date, since: dt.datetime) -> list[Day]:
    opened = Case.objects.filter(opened_at__gte=since).order_by()
    by_day = opened.annotate(day=TruncDate("opened_at")).values_list("day")
    counts: dict[dt.date, int] = dict(by_day.annotate(n=Count("pk")))
    most = max(counts.values(), default=0) or 1
    days = [first + dt.timedelta(days=number) for number in range(DAYS)]
    return [
        Day(
            label=date_format(day, "MONTH_DAY_FORMAT"),
            value=str(counts.get(day, 0)),
            percent=round(100 * counts.get(day, 0) / most),
            x=100 * number / DAYS,
            y=CHART_HEIGHT * (1 - counts.get(day, 0) / most),
            height=CHART_HEIGHT * counts.get(day, 0) / most,
        )
        for number, day in enumerate(days)
    ]


def _shares(by_layer: Sequence[tuple[str, int]], total: int) -> list[Bar]:
    """Each layer's part of all held-back texts."""
    most = max((count for _layer, count in by_layer), default=0) or 1
    return [
        Bar(layer, f"{count} ({100 * count / total:.0f} %)", round(100 * count / most))
        for layer, count in by_layer
    ]


def _wrongly_held(since: dt.datetime) -> list[Bar]:
    """By layer: of the decided cases about held-back text, those in which a moderator found it
    harmless."""
    says_so = Ruling.objects.filter(case=OuterRef("pk"), reason=Clearance.HELD_WRONGLY)
    decided = Case.objects.filter(decided_at__gte=since, finding__isnull=False).order_by()
    by_layer = (
        decided.annotate(is_wrong=Exists(says_so))
        .values_list("finding__layer")
        .annotate(n=Count("pk"), wrong=Count("pk", filter=Q(is_wrong=True)))
        .order_by("-n")
    )
    return [
        Bar(layer, f"{wrong} / {count} ({100 * wrong / count:.0f} %)", round(100 * wrong / count))
        for layer, count, wrong in by_layer
    ]


def _decision_seconds(since: dt.datetime) -> list[float]:
    decided = Case.objects.filter(decided_at__gte=since).order_by("-decided_at")
    rows = decided.values_list("opened_at", "decided_at")[:MAX_DECISIONS]
    return [(end - start).total_seconds() for start, end in rows if end is not None]


def _times(seconds: Sequence[float]) -> list[Bar]:
    bounds = {
        _("under an hour"): _HOUR,
        _("under four hours"): 4 * _HOUR,
        _("under a day"): 24 * _HOUR,
        _("under three days"): 72 * _HOUR,
        _("longer"): float("inf"),
    }
    counts = Counter(
        next(label for label, bound in bounds.items() if taken < bound) for taken in seconds
    )
    most = max(counts.values(), default=0) or 1
    return [Bar(label, str(counts[label]), round(100 * counts[label] / most)) for label in bounds]
