"""Whole chapters written for these tests and labelled by hand.

One file a language. A line "## label band name part" begins a chapter: `label` is harmless or dark,
and bands and parts mean what they mean in `tests.stories.safety.corpus`: a harmless chapter is fit
for its band and every older one, a dark one is unfit for its band and every younger one, and "held"
only measures. Dark chapters are dark as a whole: no sentence of theirs is stopped by the gate.
"""

from dataclasses import dataclass
from pathlib import Path

from stories.vocabulary.brief import AgeBand
from tests.stories.safety.corpus import BANDS, Part


@dataclass(frozen=True, slots=True)
class Chapter:
    is_harmless: bool
    band: AgeBand
    name: str
    part: Part
    text: str

    @property
    def bands(self) -> list[AgeBand]:
        index = BANDS.index(self.band)
        return BANDS[index:] if self.is_harmless else BANDS[: index + 1]


def read(language: str) -> list[Chapter]:
    text = Path(__file__).with_name(f"{language}.txt").read_text("utf-8")
    return [_chapter(block) for block in text.split("## ")[1:]]


def _chapter(block: str) -> Chapter:
    heading, _, text = block.partition("\n")
    label, band, *name, part = heading.split()
    return Chapter(label == "harmless", AgeBand(band), " ".join(name), Part(part), text.strip())
