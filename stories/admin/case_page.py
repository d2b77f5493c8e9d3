"""A case as its page shows it: what happened, what the child saw, and what was decided so far."""

from dataclasses import dataclass

from stories import eventlog
from stories.generations import pseudonym_of
from stories.models import CONCERNS, Case, Chapter, Clearance, Generation, Ruling, Story
from stories.vocabulary.brief import AgeBand, stored_brief

from .display import language_name
from .held import Held, held_of
from .marked import MarkedParagraph, marked, with_report


@dataclass(frozen=True)
class CasePage:
    """`checked_as` is the band whose limits held; `paragraphs` are what readers saw; `others` are
    the open cases about the same chapter."""

    case: Case
    generation: Generation
    story: Story
    chapter: Chapter | None
    band: AgeBand
    checked_as: AgeBand
    language_name: str
    held: Held | None
    paragraphs: list[MarkedParagraph]
    all_held: list[Held]
    rulings: list[Ruling]
    others: list[Case]
    clearances: list[tuple[str, str]]
    reasons: list[tuple[str, str]]

    @property
    def may_be_sent_back(self) -> bool:
        return self.chapter is not None and not self.chapter.is_hidden


def case_page(case: Case) -> CasePage:
    """Reads a case with all that belongs to it, in a fixed number of queries."""
    generation = case.generation
    brief = stored_brief(generation.brief)
    story, chapter = generation.story, generation.chapter
    name = pseudonym_of(story)
    all_held = [held_of(found, generation, name) for found in generation.findings.order_by("pk")]
    text, source = _shown(generation, chapter)
    others = generation.cases.filter(decided_at=None).exclude(pk=case.pk)
    return CasePage(
        case=case,
        generation=generation,
        story=story,
        chapter=chapter,
        band=brief.band,
        checked_as=brief.checked_as,
        language_name=language_name(story.language),
        held=held_of(case.finding, generation, name) if case.finding else None,
        paragraphs=with_report(marked(text, source, all_held, name), case.text),
        all_held=all_held,
        rulings=list(case.rulings.order_by("made_at", "pk")),
        others=list(others.select_related("finding")),
        clearances=[(value, str(label)) for value, label in Clearance.choices],
        reasons=[(value, str(label)) for value, label in CONCERNS if value],
    )


def _shown(generation: Generation, chapter: Chapter | None) -> tuple[str, str]:
    """Text as readers saw it, and the same in stand-in form."""
    if chapter is not None:
        return chapter.text, chapter.source
    text = eventlog.shown_text(eventlog.read_after(generation.pk, 0))
    return text, eventlog.source_text(generation.pk)
