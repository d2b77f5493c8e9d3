"""Thoughts without any mark at the beginning of an answer, and beginnings of stories left alone."""

import re
from itertools import chain
from pathlib import Path

import pytest

from stories.plotting.decks import deck_of
from stories.safety.prose import Aside
from stories.safety.sentences import split
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import codes, language_of
from stories.workflow.thoughts import aside_in

OPENINGS = Path(__file__).parent / "openings"
each_language = pytest.mark.parametrize("language", codes())


def openings(language: str) -> tuple[list[str], list[str]]:
    """Beginnings of stories, and thoughts."""
    text = (OPENINGS / f"{language}.txt").read_text()
    stories, thoughts = text.partition("\n")[2].split("----\n")
    return stories.splitlines(), thoughts.splitlines()


def thoughts_among(sentences: list[str], language: str) -> list[str]:
    row = language_of(language)
    return [each for each in sentences if aside_in(each, row) is Aside.THOUGHT]


@each_language
def test_beginnings_of_stories_are_left_alone(language: str) -> None:
    stories, _ = openings(language)
    assert len(stories) == len(set(stories)) >= 60
    assert thoughts_among(stories, language) == []


@each_language
def test_thoughts_are_told(language: str) -> None:
    _, thoughts = openings(language)
    assert len(thoughts) == len(set(thoughts)) >= 30
    assert thoughts_among(thoughts, language) == thoughts


@pytest.mark.parametrize("band", [*AgeBand])
@each_language
def test_stories_of_the_decks_are_left_alone(language: str, band: AgeBand) -> None:
    deck = deck_of(language, band)
    told = [chapter for plot in deck.plots for chapter in (plot.opening, *plot.steps, plot.finale)]
    leads = chain.from_iterable(chapter.leads for chapter in (*told, *deck.episodes))
    marked = chain.from_iterable(split(lead, language) for lead in leads)
    sentences = [re.sub(r"[<>{}|]", " ", sentence) for sentence in marked]
    assert len(sentences) > len(told) > 0
    assert thoughts_among(sentences, language) == []
