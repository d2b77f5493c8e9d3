"""The gate measured: how much harmless it stops, and how much unsafe it lets through."""

from typing import NamedTuple

import pytest

from stories.safety.classifier import ClassifierLayer, load
from stories.safety.gate import Gate
from stories.safety.layers import Passage, RulesLayer
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import codes
from tests.stories.safety.corpus import Labelled, Part, read

MAX_HARMLESS_STOPPED = 0.02


class Bounds(NamedTuple):
    """The least that a language's corpus holds, and the least of its unsafe part that is caught.

    What is caught is what was measured, less a small margin; most of the rest is what no word
    gives away.
    """

    harmless: int
    unsafe: int
    caught: dict[Part, float]


BOUNDS = {
    "en": Bounds(600, 300, {Part.TUNE: 0.94, Part.HELD: 0.84}),
    "es": Bounds(600, 300, {Part.TUNE: 0.93, Part.HELD: 0.80}),
    "he": Bounds(700, 500, {Part.TUNE: 0.93, Part.HELD: 0.85}),
}

# Kinds of which the rules alone know every sentence that they were made with.
_EVERYWHERE = {"gore", "leftover", "markup", "personal_data", "script", "self_harm", "sexual"}
KNOWN_BY_RULES = {
    "en": _EVERYWHERE
    | {"brands", "dangerous", "drugs", "frightening", "profanity", "violence", "weapons"},
    "es": _EVERYWHERE
    | {"dangerous", "drugs", "grooming", "hate", "profanity", "violence", "weapons"},
    "he": _EVERYWHERE | {"brands", "grooming", "hate"},
}

each_language = pytest.mark.parametrize("language", codes())
each_part = pytest.mark.parametrize("part", Part)


def _approved(labelled: Labelled, band: AgeBand, language: str) -> bool:
    return Gate(language, band).check(labelled.sentence).approved


def _share(part_of: int, whole: int) -> float:
    return part_of / whole if whole else 0.0


@each_language
def test_the_corpus_is_large_enough_to_mean_something(language: str) -> None:
    corpus = read(language)
    assert len(corpus) == len({labelled.sentence for labelled in corpus})
    assert sum(labelled.is_harmless for labelled in corpus) >= BOUNDS[language].harmless
    assert sum(not labelled.is_harmless for labelled in corpus) >= BOUNDS[language].unsafe


@each_language
@each_part
@pytest.mark.parametrize("band", AgeBand)
def test_hardly_any_harmless_sentence_is_stopped_at_any_age_it_is_fit_for(
    language: str, part: Part, band: AgeBand
) -> None:
    harmless = [x for x in read(language) if x.is_harmless and x.part is part and band in x.bands]
    stopped = [x.sentence for x in harmless if not _approved(x, band, language)]
    assert _share(len(stopped), len(harmless)) < MAX_HARMLESS_STOPPED, stopped


@each_language
def test_no_fairy_tale_peril_is_stopped(language: str) -> None:
    peril = [x for x in read(language) if x.category == "peril" and x.part is Part.TUNE]
    assert len(peril) >= 30
    assert [x.sentence for x in peril for band in x.bands if not _approved(x, band, language)] == []


@each_language
@each_part
def test_unsafe_sentences_are_caught_at_every_age_they_are_unfit_for(
    language: str, part: Part
) -> None:
    unsafe = [x for x in read(language) if not x.is_harmless and x.part is part]
    checks = [(x, band) for x in unsafe for band in x.bands]
    missed = [(x.sentence, band) for x, band in checks if _approved(x, band, language)]
    caught = _share(len(checks) - len(missed), len(checks))
    assert caught >= BOUNDS[language].caught[part], missed


@each_language
def test_the_rules_alone_know_every_sentence_of_these_kinds_that_they_were_made_with(
    language: str,
) -> None:
    known = [
        x for x in read(language) if x.category in KNOWN_BY_RULES[language] and x.part is Part.TUNE
    ]
    assert {x.category for x in known} == KNOWN_BY_RULES[language]
    layers = {band: RulesLayer(language, band, "prose") for band in AgeBand}
    checks = [(x.sentence, band) for x in known for band in x.bands]
    assert [
        (text, band) for text, band in checks if layers[band].examine(Passage(text)).approved
    ] == []


def test_the_classifier_is_the_trained_one_only_faster() -> None:
    from profanity_check import predict_prob  # noqa: PLC0415 - seconds of import

    texts = [*(labelled.sentence for labelled in read("en")), "", "???", "shithead shithead"]
    ours = [load().probability(text) for text in texts]
    assert ours == pytest.approx(list(predict_prob(texts)))


def test_the_classifier_stops_no_harmless_sentence_and_knows_abuse_that_no_rule_names() -> None:
    layer = ClassifierLayer()
    rules = RulesLayer("en", AgeBand.OLDER, "prose")
    harmless = [labelled for labelled in read("en") if labelled.is_harmless]
    assert [x for x in harmless if not layer.examine(Passage(x.sentence)).approved] == []
    for abuse in ("You are a scumbag and a shithead.", "What a fucktard you are, shithead."):
        assert rules.examine(Passage(abuse)).approved
        assert not layer.examine(Passage(abuse)).approved
