"""Held-back text as read by staff: with the family's names."""

from dataclasses import dataclass

from stories.models import Generation, SafetyFinding
from stories.vocabulary.pseudonym import Pseudonym


@dataclass(frozen=True)
class Held:
    """`seen` is the beginning of the text that readers had for a while, and `unseen` the rest;
    `shown` is what the chapter has in its place."""

    finding: SafetyFinding
    generation: Generation
    before: str
    seen: str
    unseen: str
    shown: str

    @property
    def text(self) -> str:
        return self.seen + self.unseen

    @property
    def is_judged(self) -> bool:
        return self.finding.field == SafetyFinding.Field.CHAPTER

    @property
    def is_one_of_several(self) -> bool:
        """True when `shown` is a list, of which this would have been a part."""
        field = SafetyFinding.Field
        return self.finding.field in {field.CHOICE, field.VOCABULARY, field.LEARNING}


def held_of(finding: SafetyFinding, generation: Generation, name: Pseudonym) -> Held:
    seen = finding.text[: finding.seen_length]
    return Held(
        finding=finding,
        generation=generation,
        before=name.reveal(finding.before),
        seen=name.reveal(seen),
        unseen=name.reveal(finding.text[len(seen) :]),
        shown=name.reveal(finding.replacement),
    )
