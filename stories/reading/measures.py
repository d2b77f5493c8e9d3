"""The figures of one finished text."""

from dataclasses import dataclass

from children.profiles import ReadingLevel
from stories.reading import readability
from stories.reading.pace import reading_minutes
from stories.reading.words import sentence_count, words


@dataclass(frozen=True, slots=True)
class Measures:
    """`level` is what the text turned out to be; `grade` is the readability figure behind it."""

    word_count: int
    sentence_count: int
    level: ReadingLevel
    reading_minutes: int
    grade: float


def measure(text: str, *, language: str, age: int, level: ReadingLevel) -> Measures:
    """Measures a text for a child of this age and reading level. Never raises on any text."""
    found = words(text, language)
    sentences = sentence_count(text, language)
    grade = readability.grade(found, sentences, language)
    return Measures(
        word_count=len(found),
        sentence_count=sentences,
        level=readability.level(grade, language),
        reading_minutes=reading_minutes(len(found), age=age, level=level, language=language),
        grade=round(grade, 2),
    )
