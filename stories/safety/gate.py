"""The gate that text passes before anyone sees it: layers in order, each of which can stop it."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from threading import Lock

from stories.safety import classifier
from stories.safety.classifier import ClassifierLayer
from stories.safety.layers import (
    AvoidLayer,
    Foresight,
    Layer,
    Passage,
    RulesLayer,
    RulesTogether,
    worst,
)
from stories.safety.rules import rule_book
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import codes, primary_language

logger = logging.getLogger(__name__)

_loading = Lock()

# As much of the approved text as a rule may need to see what only two sentences make unsafe.
CONTEXT_CHARACTERS = 160
# Stopped even in lists of things to avoid, which may well name frightening ones.
NEVER_TYPED = ("orders", "personal_data", "leftover", "markup")
# Checked in every language's rules: a model may slip into another language for a word.
GRAVEST = (
    *("sexual", "self_harm", "hate", "profanity", "violence", "gore", "weapons", "drugs"),
    "grooming",
)


class UnsupportedLanguage(ValueError):
    """There are no rules for this language, so nothing written in it can be checked."""


class Gate:
    """The gate between the storyteller and one child: by language, age and family.

    `layers` and `input_layers` replace the language's own ones; `threshold` is the classifier's.
    """

    def __init__(  # noqa: PLR0913 - what a gate depends on, and what tests put in its place
        self,
        language: str,
        band: AgeBand,
        avoid: Sequence[str] = (),
        *,
        threshold: float = classifier.THRESHOLD,
        layers: Sequence[Layer] | None = None,
        input_layers: Sequence[Layer] | None = None,
    ) -> None:
        primary = primary_language(language)
        if primary not in codes():
            raise UnsupportedLanguage(language)
        prose = prose_layers(primary, band, avoid, threshold)
        self._layers = prose if layers is None else layers
        typed = typed_layers(primary, band, threshold)
        self._input_layers = typed if input_layers is None else input_layers
        self._named_layers = [RulesLayer(other, band, "input", NEVER_TYPED) for other in codes()]

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers that a text has to pass."""
        return tuple(layer.name for layer in self._layers)

    def check(self, text: str, *, before: str = "") -> Verdict:
        """The verdict on a text, shown after the approved text that ends with `before`."""
        return _examine(self._layers, Passage(text, _tail(before)))

    def cleared(self, text: str, *, before: str) -> int:
        """How many characters of an unfinished sentence no rule can reach any more, whatever
        follows; the text ends with a whole word. A layer that cannot say clears nothing."""
        passage = Passage(text, _tail(before))
        try:
            return min(
                layer.cleared(passage) if isinstance(layer, Foresight) else 0
                for layer in self._layers
            )
        except Exception:  # whatever it was, nothing is known of the text
            logger.exception("What may be shown of a sentence is not known")
            return 0

    def check_input(self, text: str) -> Verdict:
        """The verdict on a parent's or child's typed text as part of a story's brief."""
        return _examine(self._input_layers, Passage(text))

    def check_named(self, text: str) -> Verdict:
        """The verdict on a typed name, or on a topic that a family wants kept out of stories.

        It passes whatever it is about, unless it gives orders, holds markup or tells who somebody
        is.
        """
        return _examine(self._named_layers, Passage(text))


def load() -> None:
    """Load slow parts ahead of the first check. May be called from any thread."""
    with _loading:
        classifier.load()
        for language in codes():
            prose_rules(language, AgeBand.YOUNG)


def prose_layers(
    language: str, band: AgeBand, avoid: Sequence[str], threshold: float
) -> list[Layer]:
    layers: list[Layer] = [prose_rules(language, band)]
    if avoid:
        layers.append(AvoidLayer(avoid))
    if language in classifier.LANGUAGES:
        layers.append(ClassifierLayer(threshold))
    return layers


def prose_rules(language: str, band: AgeBand) -> RulesTogether:
    """The language's own rules, and the other languages' for the gravest matters. A word that both
    have is for its own to judge."""
    known = rule_book(language).vocabulary
    others = [
        RulesLayer(other, band, "prose", GRAVEST, known=known)
        for other in codes()
        if other != language
    ]
    return RulesTogether([RulesLayer(language, band, "prose"), *others])


def typed_layers(language: str, band: AgeBand, threshold: float) -> list[Layer]:
    """Every language's rules, since a model obeys orders in any of them."""
    layers: list[Layer] = [RulesLayer(other, band, "input") for other in codes()]
    if language in classifier.LANGUAGES:
        layers.append(ClassifierLayer(threshold))
    return layers


def _tail(before: str) -> str:
    """The last words of an approved text, the first of them whole."""
    if len(before) <= CONTEXT_CHARACTERS:
        return before
    return before[-CONTEXT_CHARACTERS:].partition(" ")[2]


def _examine(layers: Iterable[Layer], passage: Passage) -> Verdict:
    verdicts: list[Verdict] = []
    for layer in layers:
        verdicts.append(_answer(layer, passage))
        if verdicts[-1].severity is Severity.HARD:
            break
    ran = tuple(verdict.layer for verdict in verdicts)
    if not verdicts:
        return Verdict(Severity.HARD, "gate", rule="gate.no_layer", category="failure", score=1.0)
    return replace(worst(verdicts), layers=ran)


def _answer(layer: Layer, passage: Passage) -> Verdict:
    try:
        return layer.examine(passage)
    except Exception:  # whatever it was, the text has not been checked
        logger.exception("Safety layer %s failed", layer.name)
        return Verdict(
            Severity.HARD,
            layer.name,
            rule=f"{layer.name}.failed",
            category="failure",
            score=1.0,
            threshold=0.0,
        )
