"""Patterns not tried on a text could not have matched it."""

import re

import pytest

from stories.safety.normalise import plain
from stories.safety.rules import rule_book
from stories.safety.rules.prefilter import Prefilter, tell_tales
from stories.vocabulary.languages import codes
from tests.stories.safety.corpus import read


@pytest.mark.parametrize(
    ("pattern", "strings"),
    [
        ("gun(?:s|powder)?", {"gun"}),
        (r"\b(?:tall|nice) man\b[^.]{0,20}\bsecret", {"secret"}),
        ("(?:knife|sword) (?:fight|duel)", {"knife", "sword"}),
        ("[Cc]alle", {"calle"}),
        (r"\d\d-[0-9]", {"00-0"}),
        ("(?:ab)?", set()),
        ("(?:abc|.)", set()),
        ("[^x]y?", set()),
        ("(?!never)(?<=before)now", {"now"}),
    ],
)
def test_the_tell_tales_of_a_pattern_are_in_each_of_its_matches(
    pattern: str, strings: set[str]
) -> None:
    assert tell_tales(re.compile(pattern, re.IGNORECASE)) == strings


@pytest.mark.parametrize("text", ["GUN", "gUn", "a\u0131r\u017f", "no 12-3", "no \u0661\u0662-3"])
def test_letters_and_digits_are_told_as_the_pattern_tells_them(text: str) -> None:
    patterns = [re.compile(one, re.IGNORECASE) for one in ("gun", "airs", r"\d\d-\d")]
    matching = [number for number, one in enumerate(patterns) if one.search(text)]
    assert matching
    assert Prefilter(patterns).candidates(text) == matching


@pytest.mark.parametrize("language", codes())
def test_no_pattern_is_left_out_that_would_match(language: str) -> None:
    patterns = [rule.pattern for rule in rule_book(language).rules.values() if rule.pattern]
    prefilter = Prefilter(patterns)
    sentences = [plain(labelled.sentence) for labelled in read(language)]
    together = [
        " ".join(three) for three in zip(sentences, sentences[1:], sentences[2:], strict=False)
    ]
    for text in [*sentences, *together, *map(str.upper, sentences)]:
        tried = prefilter.candidates(text)
        missed = [
            patterns[number].pattern
            for number in range(len(patterns))
            if number not in tried and patterns[number].search(text)
        ]
        assert not missed, text
