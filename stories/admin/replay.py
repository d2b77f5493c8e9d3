"""A threshold tried on what was written already, before it holds for anybody."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from stories.models import Chapter, SafetyFinding
from stories.safety import classifier
from stories.safety.gate import Gate, prose_layers
from stories.safety.prose import sentences_of
from stories.vocabulary.brief import AgeBand

DAYS = 30
MAX_CHAPTERS = 400
MAX_FINDINGS = 500
EXAMPLES = 40


@dataclass(frozen=True)
class Example:
    """A sentence, in stand-in form, that another threshold would have judged otherwise."""

    story_id: uuid.UUID
    text: str
    score: float


@dataclass(frozen=True)
class Replay:
    """The effect that `value` would have had: sentences that were shown and would have been held
    back, and the other way round; the first of each, the surest first, and how many there are."""

    value: float
    current: float
    chapters: int
    sentences: int
    findings: int
    held_back: list[Example]
    held_back_count: int
    let_through: list[Example]
    let_through_count: int


def replay(band: AgeBand, value: float, current: float) -> Replay:
    """Scores the newest chapters of the last 30 days of this band, and looks at the newest findings
    of the classifier; some seconds at most, in two queries."""
    texts = list(_chapters(band))
    sentences = [
        (story_id, text)
        for story_id, source in texts
        for text in sentences_of(source, classifier.LANGUAGES[0])
    ]
    scored = (Example(story_id, t.strip(), classifier.score_of(t)) for story_id, t in sentences)
    held_back = sorted(
        (example for example in scored if value <= example.score < current),
        key=lambda example: -example.score,
    )
    found = list(_findings(band))
    let_through = sorted(
        (
            Example(story_id, text, score)
            for story_id, text, score, before, avoid in found
            if score < value and not _is_held_otherwise(text, before, avoid, band)
        ),
        key=lambda example: example.score,
    )
    return Replay(
        value=value,
        current=current,
        chapters=len(texts),
        sentences=len(sentences),
        findings=len(found),
        held_back=held_back[:EXAMPLES],
        held_back_count=len(held_back),
        let_through=let_through[:EXAMPLES],
        let_through_count=len(let_through),
    )


def _chapters(band: AgeBand) -> QuerySet[Chapter, tuple[Any, ...]]:
    written = Chapter.objects.filter(
        created_at__gte=_since(),
        story__language__startswith=classifier.LANGUAGES[0],
        **_of_band("generation__", band),
    )
    return written.order_by("-created_at").values_list("story", "source")[:MAX_CHAPTERS]


def _findings(band: AgeBand) -> QuerySet[SafetyFinding, tuple[Any, ...]]:
    held = SafetyFinding.objects.filter(
        created_at__gte=_since(), layer="classifier", **_of_band("generation__", band)
    )
    columns = ("generation__story", "text", "score", "before", "generation__brief__avoid")
    return held.order_by("-created_at").values_list(*columns)[:MAX_FINDINGS]


def _is_held_otherwise(text: str, before: str, avoid: Sequence[str], band: AgeBand) -> bool:
    """True when a layer without a threshold holds the text back, too."""
    language = classifier.LANGUAGES[0]
    layers = prose_layers(language, band, avoid, classifier.THRESHOLD)
    others = [layer for layer in layers if not isinstance(layer, classifier.ClassifierLayer)]
    return not Gate(language, band, layers=others).check(text, before=before).approved


def _since() -> dt.datetime:
    return timezone.now() - dt.timedelta(days=DAYS)


def _of_band(prefix: str, band: AgeBand) -> dict[str, str]:
    """The look-up for runs that were checked by this band."""
    return {f"{prefix}brief__checked_as": band.value}
