"""The brief: everything a storyteller is told. the privacy boundary between the family and the
model.

Only the fields of a `StoryBrief` reach prompts, checkpoints and traces. It holds no name: the hero
of a story, and whoever else of the family is in it, goes by a stand-in name, which `Pseudonym`
exchanges for their own on the way out.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from children.profiles import Pronoun, ReadingLevel
from stories.vocabulary.languages import joined_letters, stand_ins


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
    """Kinds of faults that staff find in a chapter; one that is written anew keeps away from
    them."""

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
    """The child's decision at the end of a chapter; `is_own_idea` marks the child's own words."""

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


_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u02bb\u05f3`\u00b4", "'"))
_NAME_WORD = re.compile(r"[^\W_]+")
_BETWEEN = r"[\s'\-\u2010-\u2013\u05be]*"
_MIN_PART = 3


@dataclass(frozen=True, slots=True)
class Alias:
    """A person whose `names` a model is not told: the first of them is put in for `stand_in`."""

    names: tuple[str, ...]
    stand_in: str


class Pseudonym:
    """Exchanges a family's names for stand-ins on the way to the model, and back on the way out:
    the child's, who is a story's hero, and those of `others` whom the family put into it.

    Names are exchanged as whole words: "Mia" in "Mia's" is one, in "Miami" it is not. Hiding
    ignores case, accents, apostrophes and hyphens, and catches each part of a longer name, since
    people type names as they like; revealing does not, so that "a robin sang" stays a bird. What
    was typed while somebody had another name may hold that, and it is hidden, too.
    """

    def __init__(self, hero: Alias, others: Sequence[Alias] = ()) -> None:
        people = (hero, *others)
        self.stand_in = hero.stand_in
        written = [(way, each) for each in people for name in each.names for way in _written(name)]
        # Whole names before parts of them; of equals, such as a family's name, the hero's.
        written.sort(key=lambda pair: len(pair[0]), reverse=True)
        self._hide = _whole_words([way for way, _ in written])
        self._hidden = [person for _, person in written]
        shown = [(each.stand_in, each.names[0]) for each in people]
        self._shown = {stand_in.upper(): name.upper() for stand_in, name in shown} | dict(shown)
        self._reveal = _whole_words([re.escape(stand_in) for stand_in in self._shown])

    @classmethod
    def for_child(
        cls, name: str, language: str, former: Sequence[str] = (), others: Sequence[Alias] = ()
    ) -> "Pseudonym":
        """A stand-in, in the story's language if it can be, that is not in the child's own name."""
        hero = Alias((name.strip(), *former), unlike(name, stand_ins(language)))
        return cls(hero, others)

    def hide(self, text: str) -> str:
        pieces, shown = [], 0
        for start, end, person in self._named(text):
            pieces += [text[shown:start], person.stand_in]
            shown = end
        return "".join([*pieces, text[shown:]])

    def stand_ins_for(self, text: str) -> set[str]:
        """The stand-ins that hiding would put into the text."""
        return {person.stand_in for _, _, person in self._named(text)}

    def reveal(self, text: str) -> str:
        return self._reveal.sub(lambda match: match[1] + self._shown[match[_word(match)]], text)

    def _named(self, text: str) -> Iterator[tuple[int, int, Alias]]:
        """The spans of names in the text, and whose they are."""
        folded, places = _folded(text)
        for match in self._hide.finditer(folded):
            person = self._hidden[_word(match) - _FIRST_WORD]
            yield places[match.end(1)], places[match.end()], person


def unlike(text: str, stand_ins: Sequence[str]) -> str:
    """The first of these stand-ins that is not in the text."""
    folded = _folded(text)[0]
    return next((s for s in stand_ins if _folded(s)[0] not in folded), stand_ins[-1])


def _written(name: str) -> list[str]:
    """Patterns for the ways to write a folded name: as a whole, its first word, its longer ones."""
    words = _NAME_WORD.findall(_folded(name)[0])
    spoken = [word for word in words if not word.isdecimal()]
    parts = {word for word in spoken if len(word) >= _MIN_PART} | set(spoken[:1])
    return [way for way in (_BETWEEN.join(words), *sorted(parts)) if way]


_FIRST_WORD = 2


def _whole_words(patterns: list[str]) -> re.Pattern[str]:
    """Group 1 is what a language joins to a word; each pattern is one of the groups after it."""
    letter, joined = r"[^\W\d_]", f"[{joined_letters()}]{{0,3}}"
    words = "|".join(f"({pattern})" for pattern in patterns)
    return re.compile(rf"(?<!{letter})({joined})(?:{words})(?!{letter})")


def _word(match: re.Match[str]) -> int:
    """The group of the pattern that matched."""
    return match.lastindex or _FIRST_WORD


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
