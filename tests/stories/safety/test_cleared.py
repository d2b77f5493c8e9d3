"""The part of an unfinished sentence that may be shown: nothing that a rule finds in the whole."""

import re

import pytest

from stories.safety.gate import Gate
from stories.safety.layers import AvoidLayer, Layer, Passage, RulesLayer
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import codes
from tests.stories.safety.corpus import read

GENTLE = "The fox looked at the old lantern and was very pleased with it today."

# Each with the first word that may not be seen.
HITS = [
    ("Then the man killed everyone with a gun.", "killed"),
    ("Then the man k.i.l.l.e.d everyone.", "k.i"),
    ("Then the man k i l l e d everyone.", "k i"),
    ("Then the man ki11ed everyone.", "ki11"),
    ("Then the man kiiiilled everyone.", "kiii"),
    ("Then the man k\u200billed everyone.", "k\u200billed"),
    ("Then the man \u043a\u0456lled everyone.", "\u043a\u0456lled"),
    ("They saw it and then he cut off the whole head.", "cut"),
    ("So they put him to death on the hill.", "put"),
    ("Keep this a secret from your mum and dad, he said.", "Keep"),
    ("The babysitter smiled and said it was our little secret.", "babysitter"),
    ("You can write to fox@example.com today.", "fox@"),
    ("You can write to fox @ example . com today.", "fox @"),
    ("You can write to fox at example dot com today.", "fox at"),
    ("Look at www.example.com for more of it.", "www"),
    ("Look at www . example . com for more.", "www"),
    ("Look at foxes dot com for more of it.", "foxes dot"),
    ("Just dial five five five one two three four now.", "dial"),
    ("The number was 555-123-4567 in the book.", "555"),
    ("The number was 555 123 45 67 in the book.", "555"),
    ("The number was +493012345678 in the book.", "+49"),
    ("He lives at 12 Old Oak Street in town.", "12"),
    ("It was [insert name] who came to tea.", "[insert"),
    ("He was called harry potter by them all.", "harry"),
]


def at_every_word(sentence: str) -> list[str]:
    return [sentence[: match.end()] for match in re.finditer(r"\S+", sentence)]


@pytest.mark.parametrize(("sentence", "first"), HITS, ids=[hit[0][:40] for hit in HITS])
def test_a_hit_is_withheld_from_its_first_word_on_whatever_stands_before_it(
    sentence: str, first: str
) -> None:
    layer = RulesLayer("en", AgeBand.YOUNG, "prose")
    assert not layer.examine(Passage(sentence)).approved
    for before in ("", GENTLE):
        for start in at_every_word(f" {sentence}" if before else sentence):
            shown = start[: layer.cleared(Passage(start, before))]
            assert first not in shown + " ", start


def test_a_phrase_that_the_approved_text_has_begun_lets_nothing_out_until_it_is_over() -> None:
    layer = RulesLayer("en", AgeBand.YOUNG, "prose")
    assert layer.cleared(Passage(" him to", "So they put")) == 0
    assert layer.cleared(Passage(" him to bed early, and he", "So they put")) > len(" him to bed")


@pytest.mark.parametrize("language", codes())
def test_of_the_corpus_nothing_is_shown_that_a_rule_finds_and_nothing_shown_is_in_doubt_again(
    language: str,
) -> None:
    layer = RulesLayer(language, AgeBand.YOUNG, "prose")
    words = shown_words = 0
    for labelled in read(language)[::5]:
        sentence = labelled.sentence
        verdict, shown = layer.examine(Passage(sentence)), 0
        for start in at_every_word(sentence)[:-1]:
            cleared = layer.cleared(Passage(start))
            assert cleared >= shown, start
            shown = cleared
        if verdict.approved:
            words += len(sentence.split()) - 1
            shown_words += len(sentence[:shown].split())
        else:
            assert verdict.excerpt not in sentence[:shown]
    assert shown_words > words / 2, "harmless sentences are seen as they are written"


def test_what_a_family_avoids_is_withheld_too() -> None:
    layer = AvoidLayer(["spiders", "the dark forest"])
    for start in at_every_word("Then a spider ran into the dark forest again."):
        assert "spider" not in start[: layer.cleared(Passage(start))]
    assert layer.cleared(Passage("They saw the dark")) == len("They saw")
    assert layer.cleared(Passage("They saw the dark blue")) == len("They saw the dark blue")


class Silent:
    """A layer that cannot say what of an unfinished text it will not stop."""

    name = "silent"

    def examine(self, passage: Passage) -> Verdict:  # noqa: ARG002 - what a layer is given
        return Verdict(Severity.PASS, self.name)


class Failing(Silent):
    def cleared(self, passage: Passage) -> int:
        raise OSError(f"a file is gone, and {len(passage.text)} characters were not read")


@pytest.mark.parametrize("layer", [Silent(), Failing()])
def test_a_layer_that_cannot_say_clears_nothing(layer: Layer) -> None:
    rules = RulesLayer("en", AgeBand.OLDER, "prose")
    assert Gate("en", AgeBand.OLDER, layers=[rules]).cleared("The fox ran", before="") > 0
    assert Gate("en", AgeBand.OLDER, layers=[rules, layer]).cleared("The fox ran", before="") == 0


class Listening(Silent):
    """Remembers what it was told of the text before a passage."""

    def __init__(self) -> None:
        self.before: list[str] = []

    def examine(self, passage: Passage) -> Verdict:
        self.before.append(passage.before)
        return super().examine(passage)

    def cleared(self, passage: Passage) -> int:
        self.before.append(passage.before)
        return len(passage.text)


def test_a_beginning_and_the_whole_sentence_are_seen_after_the_same_text() -> None:
    layer, told = Listening(), "They walked on and on. " * 40
    gate = Gate("en", AgeBand.OLDER, layers=[layer])
    gate.cleared(" The fox", before=told)
    gate.check(" The fox ran.", before=told)
    begun, whole = layer.before
    assert begun == whole
