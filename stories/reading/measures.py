"""The figures of one finished text."""

from dataclasses import dataclass

from children.profiles import ReadingLevel
from stories.reading import readability
from stories.reading.levels import difficulty_of, level_of
from stories.reading.pace import reading_minutes
from stories.reading.words import sentence_count, words


@dataclass(frozen=True, slots=True)
class Measures:
    """`level` is what the text turned out to be for a child of this age, by the words of a sentence
    and the percentage of words outside the list of everyday ones. `grade` and `list_grade` are
    two published measures, in school grades."""

    word_count: int
    sentence_count: int
    level: ReadingLevel
    reading_minutes: int
    grade: float
    list_grade: float
    sentence_words: float
    outside_percent: float


def measure(text: str, *, language: str, age: int, level: ReadingLevel) -> Measures:
    """Measures a text for a child of this age and reading level. Never raises on any text."""
    found = words(text, language)
    sentences = sentence_count(text, language)
    difficulty = difficulty_of(found, sentences, language)
    return Measures(
        word_count=len(found),
        sentence_count=sentences,
        level=level_of(difficulty, age=age, language=language),
        reading_minutes=reading_minutes(len(found), age=age, level=level, language=language),
        grade=round(readability.grade(found, sentences, language), 2),
        list_grade=round(readability.list_grade(found, sentences, language), 2),
        sentence_words=round(difficulty.words, 2),
        outside_percent=round(difficulty.outside, 1),
    )
