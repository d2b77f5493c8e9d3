"""Candidates for the words to learn."""

from itertools import pairwise

import pytest

from stories.reading import rare_words, words
from stories.vocabulary.languages import language_of


@pytest.mark.parametrize(
    ("language", "text", "rare"),
    [
        (
            "en",
            (
                "The children were running happily when they discovered an observatory. "
                "The biggest puppies barked. It was gigantic."
            ),
            ["observatory", "gigantic"],
        ),
        (
            "es",
            (
                "Los niños caminaron contentos hasta el observatorio. Encontraron una brújula "
                "y las niñas cantaban."
            ),
            ["observatorio", "brújula"],
        ),
        ("he", "הילדים הלכו אל הבית ומצאו מצפן. הילדה שמחה.", ["מצפן"]),
    ],
)
def test_everyday_words_are_no_candidates_in_any_form(
    language: str, text: str, rare: list[str]
) -> None:
    assert rare_words(text, language, 10) == rare


def test_names_and_stand_ins_are_no_candidates() -> None:
    assert rare_words("Esmeralda met Charlie. Esmeralda laughed.", "en", 5) == []
    assert rare_words("נועם צחק.", "he", 5) == []


def test_other_scripts_and_cries_are_no_candidates() -> None:
    assert rare_words("the привет שלום waaaaaaaaaaaaaaaaaaaaaaaaah", "en", 5) == []


def test_candidates_are_different_words_of_the_text_and_no_more_than_asked_for() -> None:
    text = "a marvellous lantern, an ancient lantern, a peculiar compass and a crimson needle"
    found = rare_words(text, "en", 4)
    assert len(found) == len(set(found)) == 4
    assert set(found) <= set(words(text, "en"))
    assert all(len(first) >= len(second) for first, second in pairwise(found))
    assert rare_words(text, "en", 0) == []


def test_a_language_without_a_list_still_has_candidates() -> None:
    assert rare_words("le chat observe la constellation", "fr", 2) == ["constellation", "observe"]


@pytest.mark.parametrize("language", ["en", "es", "he"])
def test_the_lists_of_everyday_words_are_clean(language: str) -> None:
    text = language_of(language).text("common.txt")
    assert len(set(text.split())) > 500
    assert words(text, language) == text.split()
