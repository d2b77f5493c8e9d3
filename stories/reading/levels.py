"""Reading levels: the one source of what a beginner, an intermediate and an advanced reader of an
age are given. Prompts, chapter lengths, additions, decks and measured labels all read it.

A level is a standing among children of one age band, so a beginner of 10 is no beginner of 4. Its
target is a mean of words a sentence, and a bound for the share of words outside the language's list
of everyday words (`common.txt`). Both come from norms, none from the texts that are measured:

- Words a sentence: Loban (1976, "Language Development: Kindergarten through Grade Twelve", NCTE
  Research Report 18) followed 211 children and gives the words of a communication unit, a main
  clause with all that hangs on it, by grade for his low, average and high groups. Straight lines
  through his grades 1 to 7 rise by half a word a year and pass grade 4 (age 9) at 7.5, 8.5 and 9.2
  words. They are read at the middle of a band. Up to 5 years a story is heard, and a spoken
  sentence is one such unit; below age 6 the lines are drawn on, where the mean length of
  utterance falls alike (Rice et al. 2010, JSLHR 53(2)). Later a story is read, and a printed
  sentence holds 1.24 units (Hunt 1965, "Grammatical Structures Written at Three Grade Levels",
  NCTE Research Report 3: the writers of magazines).
- Words outside the list: a text is fit for instruction when 95 of its 100 running words are known
  (Betts 1946, "Foundations of Reading Instruction"). We take it that of the words outside the list
  a beginner knows half, an average child two thirds, and more of them with each year of school;
  these shares are ours and have not been calibrated with readers. Advanced readers have no bound.

The figures of these works are given from memory and were not compared with the printed ones.

Norms of that kind exist for English alone. Other languages are brought to English by their rows:
how many words, and how many words outside their list, stand for one in English where both tell the
same stories, our decks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from children.profiles import ReadingLevel
from stories.reading.vocabulary import outside_list
from stories.reading.words import sentence_count, words
from stories.vocabulary.ages import AgeBand
from stories.vocabulary.languages import language_of

_UNIT_WORDS_AT_9 = {
    ReadingLevel.BEGINNER: 7.5,
    ReadingLevel.INTERMEDIATE: 8.5,
    ReadingLevel.ADVANCED: 9.2,
}
_UNIT_WORDS_A_YEAR = 0.5
_UNITS_HEARD, _UNITS_READ = 1.0, 1.24
_AGE_OF_BAND = {AgeBand.YOUNG: 4.0, AgeBand.MIDDLE: 7.0, AgeBand.OLDER: 10.5}
_FIRST_SCHOOL_AGE = 6.0
_PERCENT_OUTSIDE = {ReadingLevel.BEGINNER: 10.0, ReadingLevel.INTERMEDIATE: 15.0}
_PERCENT_OUTSIDE_A_YEAR = 1.0
# Of the mean: a sentence that long is still ordinary, a longer one than that is far over.
# One of twenty words never is: read aloud, it is followed at any age.
_LONG, _FAR_OVER, _NEVER_FAR_OVER_WORDS = 1.35, 3.0, 20
_LEVELS = tuple(ReadingLevel)


@dataclass(frozen=True, slots=True)
class Target:
    """The band of a level. `words` is the mean of words a sentence to aim at; from `least` to
    `most` it counts as this level. `outside` is the greatest percentage of words outside the
    list."""

    words: float
    least: float
    most: float
    outside: float

    @property
    def longest(self) -> int:
        """Words of a single sentence that suits it well."""
        return round(self.words * _LONG)

    @property
    def far_over(self) -> int:
        """Words of a single sentence beyond which it is too much."""
        return max(_NEVER_FAR_OVER_WORDS, round(self.words * _FAR_OVER))


@dataclass(frozen=True, slots=True)
class Difficulty:
    """What a level is measured by: mean words a sentence, and the percentage of words outside the
    list of everyday ones."""

    words: float
    outside: float


def target(age: int, level: ReadingLevel, language: str) -> Target:
    """The band of a reading level at an age in whole years."""
    band = AgeBand.for_age(age)
    means = [_words(band, each, language) for each in _LEVELS]
    bounds = [0.0, *map(mean, pairwise(means)), math.inf]
    rank = _LEVELS.index(level)
    return Target(means[rank], bounds[rank], bounds[rank + 1], _outside(band, level, language))


def difficulty(text: str, language: str) -> Difficulty:
    """The difficulty of a text; 0 without words."""
    found = words(text, language)
    return difficulty_of(found, sentence_count(text, language), language)


def difficulty_of(found: Sequence[str], sentences: int, language: str) -> Difficulty:
    """The same of words that are counted already."""
    if not found:
        return Difficulty(0.0, 0.0)
    outside = len(outside_list(found, language_of(language)))
    return Difficulty(len(found) / max(1, sentences), 100 * outside / len(found))


def level_of(found: Difficulty, *, age: int, language: str) -> ReadingLevel:
    """The level of a text for a child of this age: a text is as hard as the harder of the two."""
    return next(
        level
        for level in _LEVELS
        if found.words <= (band := target(age, level, language)).most
        and found.outside <= band.outside
    )


def _words(band: AgeBand, level: ReadingLevel, language: str) -> float:
    unit = _UNIT_WORDS_AT_9[level] + _UNIT_WORDS_A_YEAR * (_AGE_OF_BAND[band] - 9)
    units = _UNITS_HEARD if band is AgeBand.YOUNG else _UNITS_READ
    return unit * units * language_of(language).words_for_english


def _outside(band: AgeBand, level: ReadingLevel, language: str) -> float:
    if level not in _PERCENT_OUTSIDE:
        return 100.0
    years = max(0.0, _AGE_OF_BAND[band] - _FIRST_SCHOOL_AGE)
    english = _PERCENT_OUTSIDE[level] + _PERCENT_OUTSIDE_A_YEAR * years
    return min(100.0, english * language_of(language).outside_for_english)
