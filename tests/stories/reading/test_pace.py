"""Reading time."""

import pytest

from children.profiles import ReadingLevel
from stories.reading import reading_minutes
from stories.reading.pace import words_per_minute

LANGUAGES = ["en", "es", "he", "fr"]


@pytest.mark.parametrize(
    ("age", "level", "language", "wpm"),
    [
        (6, ReadingLevel.BEGINNER, "en", 34),
        (8, ReadingLevel.INTERMEDIATE, "en-GB", 112),
        (11, ReadingLevel.ADVANCED, "en", 173),
        (7, ReadingLevel.BEGINNER, "es", 60),
        (9, ReadingLevel.ADVANCED, "es-MX", 114),
        (8, ReadingLevel.INTERMEDIATE, "he", 112 * 187 / 228),
        (4, ReadingLevel.BEGINNER, "en", 183),
        (4, ReadingLevel.ADVANCED, "he", 183 * 187 / 228),
    ],
)
def test_the_pace_is_the_published_one(
    age: int, level: ReadingLevel, language: str, wpm: float
) -> None:
    assert words_per_minute(age=age, level=level, language=language) == wpm


@pytest.mark.parametrize("language", LANGUAGES)
def test_older_children_and_better_readers_are_never_slower(language: str) -> None:
    for level in ReadingLevel:
        paces = [words_per_minute(age=a, level=level, language=language) for a in range(6, 13)]
        assert paces == sorted(paces)
    for age in range(6, 13):
        paces = [words_per_minute(age=age, level=v, language=language) for v in ReadingLevel]
        assert paces == sorted(paces)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("age", [-1, 0, 3, 5, 6, 12, 13, 99])
def test_a_reading_time_is_at_least_a_minute_at_any_age(age: int, language: str) -> None:
    for count in (0, 1, 20):
        for level in ReadingLevel:
            assert reading_minutes(count, age=age, level=level, language=language) >= 1


def test_reading_time_is_in_whole_minutes() -> None:
    counts = (112, 160, 180, 1120)
    level = ReadingLevel.INTERMEDIATE
    minutes = [reading_minutes(n, age=8, level=level, language="en") for n in counts]
    assert minutes == [1, 1, 2, 10]
