"""Sentences written for these tests and labelled by hand.

One TSV file a language: `label` (harmless or unsafe), `band`, `category`, `sentence`, `part`. A
harmless sentence is fit for its band and every older one; an unsafe one is unfit for its band and
every younger one. The category "implicit" holds what no word gives away, and what rules therefore
miss. Rules may be written with the part "tune" in view. The part "held" is held out: it only
measures, and nobody changes a rule for one of its sentences; one that was is moved to "tune". A
line without a part is "tune".
"""

import csv
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from stories.vocabulary.brief import AgeBand

BANDS = list(AgeBand)


class Part(StrEnum):
    TUNE = "tune"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Labelled:
    is_harmless: bool
    band: AgeBand
    category: str
    sentence: str
    part: Part

    @property
    def bands(self) -> list[AgeBand]:
        index = BANDS.index(self.band)
        return BANDS[index:] if self.is_harmless else BANDS[: index + 1]


def read(language: str) -> list[Labelled]:
    path = Path(__file__).with_name(f"{language}.tsv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Labelled(
                row["label"] == "harmless",
                AgeBand(row["band"]),
                row["category"],
                row["sentence"],
                Part(row.get("part") or Part.TUNE),
            )
            for row in rows
        ]
