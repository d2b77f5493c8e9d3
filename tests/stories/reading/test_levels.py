"""The bands of the reading levels, and the level of a text for a child."""

from itertools import pairwise

import pytest

from children.profiles import ReadingLevel
from stories.reading import difficulty, level_of, target
from stories.reading.levels import Difficulty
from stories.vocabulary.languages import codes

AGES = (4, 7, 10)
each_language = pytest.mark.parametrize("language", [*codes(), "fr"])


@each_language
@pytest.mark.parametrize("age", range(3, 13))
def test_the_bands_of_an_age_join_without_a_gap(age: int, language: str) -> None:
    bands = [target(age, level, language) for level in ReadingLevel]
    assert all(low.most == high.least for low, high in pairwise(bands))
    assert all(band.least < band.words < band.most for band in bands)
    assert all(band.words < band.longest < band.far_over for band in bands)


@each_language
def test_a_beginner_of_ten_is_no_beginner_of_four(language: str) -> None:
    for level in ReadingLevel:
        means = [target(age, level, language).words for age in AGES]
        assert means == sorted(set(means))
    beginner, advanced = ReadingLevel.BEGINNER, ReadingLevel.ADVANCED
    assert target(10, beginner, language).words > target(4, advanced, language).words


def test_the_bands_are_the_published_lines() -> None:
    heard = [round(target(4, level, "en").words, 2) for level in ReadingLevel]
    read = [round(target(7, level, "en").words, 2) for level in ReadingLevel]
    assert heard == [5.0, 6.0, 6.7]
    assert read == [round(units * 1.24, 2) for units in (6.5, 7.5, 8.2)]


@each_language
@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("level", ReadingLevel)
def test_a_text_at_the_mean_of_a_band_has_its_level(
    level: ReadingLevel, age: int, language: str
) -> None:
    found = Difficulty(target(age, level, language).words, outside=0.0)
    assert level_of(found, age=age, language=language) is level


@each_language
@pytest.mark.parametrize("age", AGES)
def test_rare_words_make_a_text_harder(age: int, language: str) -> None:
    words = target(age, ReadingLevel.BEGINNER, language).words
    bounds = [target(age, level, language).outside for level in [*ReadingLevel][:2]]
    levels = [
        level_of(Difficulty(words, outside), age=age, language=language)
        for outside in (bounds[0], bounds[0] + 0.1, bounds[1] + 0.1)
    ]
    assert levels == [*ReadingLevel]


def test_words_outside_the_list_are_no_names_and_no_contractions() -> None:
    text = "Robin didn't see the astrolabe. Esmeralda's astrolabe isn't here."
    assert difficulty(text, "en") == Difficulty(words=4.5, outside=200 / 9)
