"""What the storyteller is told: the privacy boundary between the family and the model.

Only the fields of a `StoryBrief` reach prompts, checkpoints and traces. It holds no name: the hero
of a story goes by a stand-in name, which `Pseudonym` exchanges for the child's own on the way out.
"""

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class ReadingLevel(StrEnum):
    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Pronoun(StrEnum):
    """What a story says of its hero; OPEN leaves it at the name."""

    OPEN = ""
    SHE = "she"
    HE = "he"
    THEY = "they"


class AgeBand(StrEnum):
    """The ages for which rules, judgements and word counts differ."""

    YOUNG = "3-5"
    MIDDLE = "6-8"
    OLDER = "9-12"

    @classmethod
    def for_age(cls, years: int) -> "AgeBand":
        if years <= 5:
            return cls.YOUNG
        return cls.MIDDLE if years <= 8 else cls.OLDER

    @property
    def younger(self) -> "AgeBand":
        """The band below; the youngest's is itself."""
        bands = list(AgeBand)
        return bands[max(0, bands.index(self) - 1)]


class Concern(StrEnum):
    """What staff may find wrong with a chapter; one that is written anew keeps away from it."""

    FEAR = "fear"
    VIOLENCE = "violence"
    SADNESS = "sadness"
    MEANNESS = "meanness"
    DANGEROUS = "dangerous"
    UNSUITABLE = "unsuitable"
    QUALITY = "quality"
    OTHER = "other"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChoiceTaken(_Frozen):
    """What the child decided at the end of a chapter; `is_own_idea` marks the child's own words."""

    text: str
    description: str = ""
    is_own_idea: bool = False


class PastChapter(_Frozen):
    """A chapter on the path that was really taken, and the choice that led away from it.

    `text` and `summary` are in stand-in form. `choice` is None where the story simply went on.
    """

    number: int
    title: str
    summary: str
    text: str
    choice: ChoiceTaken | None = None


class StoryBrief(_Frozen):
    """One chapter's commission.

    `age` is in whole years; `checked_as` is the band whose limits hold for what happens, while
    voice and length go by the age; `language` is a BCP 47 tag; `path` holds the chapters before
    this one, oldest first, so that the last one's `choice` is the choice this chapter has to
    honour. `hero` is the stand-in name of the main character. `concerns` are what staff found
    wrong with earlier chapters at this place: kinds of things, never anybody's words.
    """

    theme: str
    title: str = ""
    language: str = "en"
    age: int
    checked_as: AgeBand = Field(default_factory=lambda known: AgeBand.for_age(known["age"]))
    reading_level: ReadingLevel
    interests: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    concerns: tuple[Concern, ...] = ()
    hero: str = ""
    pronoun: Pronoun = Pronoun.OPEN
    chapter_number: int = 1
    total_chapters: int = 5
    path: tuple[PastChapter, ...] = ()

    @property
    def band(self) -> AgeBand:
        """The band that the story is written for."""
        return AgeBand.for_age(self.age)

    @property
    def is_ending(self) -> bool:
        return self.chapter_number >= self.total_chapters

    @property
    def choice(self) -> ChoiceTaken | None:
        return self.path[-1].choice if self.path else None


STAND_INS = {
    "en": ("Robin", "Alex", "Charlie"),
    "es": ("Ariel", "Noa", "Cruz"),
    "he": ("נועם", "שחר", "עדן"),
}

# Hebrew writes "and", "to", "from" and the like as letters joined to the next word.
_PREFIX = "[ובכלמשה]{0,3}"
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u02bb\u05f3`\u00b4", "'"))
_NAME_WORD = re.compile(r"[^\W_]+")
_BETWEEN = r"[\s'\-\u2010-\u2013\u05be]*"
_SHORTEST_PART = 3


class Pseudonym:
    """Exchanges a child's name for a stand-in on the way to the model, and back on the way out.

    Names are exchanged as whole words: "Mia" in "Mia's" is one, in "Miami" it is not. Hiding
    ignores case, accents, apostrophes and hyphens, and catches each part of a longer name, since
    people type names as they like; revealing does not, so that "a robin sang" stays a bird. What
    was typed while the child had one of the `former` names may hold that, and it is hidden, too.
    """

    def __init__(self, name: str, stand_in: str, former: Sequence[str] = ()) -> None:
        self.name = name.strip()
        self.stand_in = stand_in
        names = (self.name, *former)
        self._hide = _whole_words([pattern for each in names for pattern in _written(each)])
        self._reveal = _whole_words(sorted({re.escape(stand_in), re.escape(stand_in.upper())}))

    @classmethod
    def for_child(cls, name: str, language: str, former: Sequence[str] = ()) -> "Pseudonym":
        """A stand-in, in the story's language if it can be, that is not in the child's own name."""
        own = STAND_INS.get(primary_language(language), STAND_INS["en"])
        everybody = (*own, *(other for others in STAND_INS.values() for other in others))
        folded = _folded(name)[0]
        return cls(name, next(s for s in everybody if _folded(s)[0] not in folded), former)

    def hide(self, text: str) -> str:
        folded, places = _folded(text)
        pieces, shown = [], 0
        for match in self._hide.finditer(folded):
            start, end = places[match.end(1)], places[match.end()]
            pieces += [text[shown:start], self.stand_in]
            shown = end
        return "".join([*pieces, text[shown:]])

    def reveal(self, text: str) -> str:
        return self._reveal.sub(self._own_name, text)

    def _own_name(self, match: re.Match[str]) -> str:
        is_shouted = match[2] != self.stand_in
        return match[1] + (self.name.upper() if is_shouted else self.name)


def primary_language(tag: str) -> str:
    """The language of a BCP 47 tag without region or script: "en" for "en-GB"."""
    return tag.partition("-")[0].lower()


def _written(name: str) -> list[str]:
    """Patterns for the ways to write a folded name: as a whole, its first word, its longer ones."""
    words = _NAME_WORD.findall(_folded(name)[0])
    spoken = [word for word in words if not word.isdecimal()]
    parts = {word for word in spoken if len(word) >= _SHORTEST_PART} | set(spoken[:1])
    return [_BETWEEN.join(words), *sorted(parts, key=len, reverse=True)]


def _whole_words(patterns: list[str]) -> re.Pattern[str]:
    """Group 1 is what Hebrew joins to a word, group 2 the word."""
    letter = r"[^\W\d_]"
    return re.compile(rf"(?<!{letter})({_PREFIX})({'|'.join(patterns)})(?!{letter})")


def _folded(text: str) -> tuple[str, list[int]]:
    """The text without case, accents, niqqud and invisible characters; and where each character of
    it begins in the text, with the text's end as the last."""
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = unicodedata.normalize("NFKD", character.translate(_APOSTROPHES)).casefold()
        kept = [part for part in plain if not _is_left_out(part)]
        folded += kept
        places += [place] * len(kept)
    return "".join(folded), [*places, len(text)]


def _is_left_out(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "M" or category == "Cf"
