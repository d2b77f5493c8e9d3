"""A case as its page shows it: what happened, what the child saw, and what was decided so far."""

from dataclasses import dataclass

from stories import eventlog
from stories.brief import AgeBand, Pseudonym, StoryBrief
from stories.generations import pseudonym_of
from stories.models import Case, Chapter, Generation, Reason, Ruling, SafetyFinding, Story

from .display import language_name
from .marked import MarkedParagraph, marked


@dataclass(frozen=True)
class Held:
    """A text that was held back, with the child's name put in as the child saw it."""

    finding: SafetyFinding
    before: str
    text: str
    shown: str


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
    findings: list[SafetyFinding]
    rulings: list[Ruling]
    others: list[Case]
    reasons: list[tuple[str, str]]

    @property
    def may_be_sent_back(self) -> bool:
        return self.chapter is not None


def case_page(case: Case) -> CasePage:
    """Reads a case with all that belongs to it, in a fixed number of queries."""
    generation = case.generation
    brief = StoryBrief.model_validate(generation.brief)
    story, chapter = generation.story, generation.chapter
    name = pseudonym_of(story)
    findings = list(generation.findings.order_by("pk"))
    return CasePage(
        case=case,
        generation=generation,
        story=story,
        chapter=chapter,
        band=brief.band,
        checked_as=brief.checked_as,
        language_name=language_name(story.language),
        held=_held(case.finding, name) if case.finding else None,
        paragraphs=_paragraphs(generation, chapter, findings, name),
        findings=findings,
        rulings=list(case.rulings.order_by("made_at", "pk")),
        others=list(generation.cases.filter(decided_at=None).exclude(pk=case.pk)),
        reasons=[(value, str(label)) for value, label in Reason.choices],
    )


def _held(finding: SafetyFinding, name: Pseudonym) -> Held:
    texts = (finding.before, finding.text, finding.replacement)
    before, text, shown = (name.reveal(text) for text in texts)
    return Held(finding, before, text, shown)


def _paragraphs(
    generation: Generation, chapter: Chapter | None, findings: list[SafetyFinding], name: Pseudonym
) -> list[MarkedParagraph]:
    if chapter is not None:
        return marked(chapter.text, chapter.source, findings, name)
    text = eventlog.shown_text(eventlog.read_after(generation.pk, 0))
    return marked(text, eventlog.source_text(generation.pk), findings, name)
