"""A finished chapter on its run's page: its measures beside their targets, and what it leaves to
the next chapters."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from children.models import READING_LEVELS
from stories.models import Chapter, Generation
from stories.vocabulary.brief import StoryBrief, stored_brief
from stories.vocabulary.memory import FactKind, Scene, stored_memory
from stories.vocabulary.own_plan import FIELDS, OwnPlan, stored_own_plan
from stories.vocabulary.pseudonym import Pseudonym
from stories.workflow.lengths import MAX_LENGTH_SHARE, MIN_LENGTH_SHARE, target_words
from stories.workflow.promises import EARLY_WORDS, keeps_choice, uses_find

_KINDS: dict[FactKind, str | Promise] = {
    FactKind.HAS: gettext_lazy("Has"),
    FactKind.KNOWS: gettext_lazy("Knows"),
    FactKind.IS_AT: gettext_lazy("Is at"),
    FactKind.DID: gettext_lazy("Did"),
}


@dataclass(frozen=True)
class MeasureLine:
    """A measure of the chapter, what was asked for, what was got where that is more than yes or
    no, and whether it was met."""

    label: str
    asked: str
    got: str
    is_met: bool


@dataclass(frozen=True)
class FactLine:
    kind: str | Promise
    who: str
    what: str
    sentence: str


@dataclass(frozen=True)
class ChapterReport:
    """`plan` is a model's plan that was made after the chapter, of the chapters from there on."""

    measures: list[MeasureLine]
    facts: list[FactLine]
    opened: list[str]
    closed: list[str]
    scene: str
    plan: OwnPlan | None


def report_on(generation: Generation, name: Pseudonym) -> ChapterReport | None:
    """The report on a run's chapter; None where it has none."""
    chapter = generation.chapter
    if chapter is None:
        return None
    memory = stored_memory(chapter.facts, chapter.threads)
    return ChapterReport(
        measures=_measures(generation, chapter),
        facts=[
            FactLine(
                _KINDS[fact.kind],
                name.reveal(fact.who),
                name.reveal(fact.what),
                name.reveal(fact.sentence),
            )
            for fact in memory.facts
        ],
        opened=[name.reveal(thread) for thread in memory.opened],
        closed=[name.reveal(thread) for thread in memory.closed],
        scene=_in_words(chapter),
        plan=_revealed(stored_own_plan(chapter.plan), name),
    )


def _revealed(plan: OwnPlan | None, name: Pseudonym) -> OwnPlan | None:
    if plan is None:
        return None
    lines = {field: name.reveal(getattr(plan, field)) for field in FIELDS}
    turns = tuple(name.reveal(turn) for turn in plan.turns)
    return plan.model_copy(update={**lines, "turns": turns})


def _in_words(chapter: Chapter) -> str:
    try:
        scene = Scene.model_validate(chapter.scene, extra="ignore")
    except ValidationError:
        return ""
    who = " + ".join(scene.who)
    return ", ".join(filter(None, [scene.place, scene.time, scene.weather, who, scene.thing]))


def _measures(generation: Generation, chapter: Chapter) -> list[MeasureLine]:
    try:
        brief = stored_brief(generation.brief)
    except ValidationError:
        return []
    lines = [_length(brief, chapter), _level(brief, chapter)]
    if brief.choice:
        lines.append(_choice(brief, chapter))
    if brief.is_ending and (find := _find(brief)):
        is_used = uses_find(chapter.source, find, brief.language)
        lines.append(MeasureLine(_("Find used"), find, "", is_used))
    return lines


def _length(brief: StoryBrief, chapter: Chapter) -> MeasureLine:
    wanted = target_words(brief)
    is_met = MIN_LENGTH_SHARE <= chapter.word_count / wanted <= MAX_LENGTH_SHARE
    return MeasureLine(_("Words"), str(wanted), str(chapter.word_count), is_met)


def _level(brief: StoryBrief, chapter: Chapter) -> MeasureLine:
    labels = dict(READING_LEVELS)
    asked, got = brief.reading_level.value, chapter.measured_level
    return MeasureLine(_("Level"), str(labels[asked]), str(labels.get(got, got)), asked == got)


def _choice(brief: StoryBrief, chapter: Chapter) -> MeasureLine:
    label = _("Choice honoured in the first %(count)d words") % {"count": EARLY_WORDS}
    asked = brief.choice.text if brief.choice else ""
    return MeasureLine(label, asked, "", keeps_choice(chapter.source, brief))


def _find(brief: StoryBrief) -> str:
    """The find that the ending was told of; "" where it was told of none."""
    plan = brief.plan
    if plan is None:
        return ""
    own = plan.own.find if plan.own else ""
    return own or (plan.find if plan.fits_wish else "")
