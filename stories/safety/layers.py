"""Layers of the gate: each examines a passage and answers with a verdict."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol, runtime_checkable

from stories.safety.normalise import before_letters_apart, disguises, plain
from stories.safety.rules import RuleBook, rule_book
from stories.safety.rules.matching import Found, Lexicon, words_of
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.brief import AgeBand


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to examine, and the end of the approved text that it follows directly."""

    text: str
    before: str = ""


class Layer(Protocol):
    """One way to examine a passage. Whatever it raises counts as not passed."""

    name: str

    def examine(self, passage: Passage) -> Verdict: ...


@runtime_checkable
class Foresight(Protocol):
    """A layer able to clear part of a passage for showing while the rest is being written."""

    def cleared(self, passage: Passage) -> int:
        """The count of characters, of a text that ends with a whole word, safe from this layer
        whatever follows."""
        ...


_ORDER = [Severity.PASS, Severity.SOFT, Severity.HARD]
_SCORES = {Severity.SOFT: 0.7, Severity.HARD: 1.0}
_THRESHOLD = 0.5


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The most severe verdict; among equals the one with the higher score, then the first."""
    return max(verdicts, key=lambda verdict: (_ORDER.index(verdict.severity), verdict.score))


class RulesLayer:
    """The rules of one language for one age; `scope` is "prose" or "input".

    `categories` are those of the rules that count, where not all do; what is said in words of
    `known` alone is for others to judge.
    """

    name = "rules"

    def __init__(
        self,
        language: str,
        band: AgeBand,
        scope: str,
        categories: tuple[str, ...] | None = None,
        *,
        known: frozenset[str] = frozenset(),
    ) -> None:
        self._book: RuleBook = rule_book(language)
        self._severities = _severities(language, band, scope, categories)
        self._known = known

    def examine(self, passage: Passage) -> Verdict:
        before = plain(passage.before)
        whole = before + plain(passage.text)
        verdicts = [self._verdict(hit, text) for hit, text in self._hits(whole, len(before))]
        return worst([Verdict(Severity.PASS, self.name, threshold=_THRESHOLD), *verdicts])

    def cleared(self, passage: Passage) -> int:
        return _cleared(passage, self._suspects)

    def _suspects(self, text: str) -> Iterator[Found]:
        yield from (hit for hit in self._book.find_words(text) if hit.key in self._severities)
        yield from self._book.find_begun(text, self._severities)

    def _hits(self, whole: str, approved: int) -> Iterator[tuple[Found, str]]:
        """Hits of the rules beyond the first `approved` characters, and the reading they are in."""
        found = [*self._book.find_words(whole), *self._book.find_patterns(whole, self._severities)]
        # A hit may begin in approved text: only its last words make it one.
        yield from ((hit, whole) for hit in found if hit.end > approved)
        disguised = [*self._disguised(whole)]
        if disguised:
            # Positions shift in a reading, so what was approved before is known by its words.
            known = {(hit.key, hit.of(text)) for hit, text in self._disguised(whole[:approved])}
            yield from (
                pair for pair in disguised if (pair[0].key, pair[0].of(pair[1])) not in known
            )

    def _disguised(self, text: str) -> Iterator[tuple[Found, str]]:
        for reading in disguises(text):
            yield from ((hit, reading) for hit in self._book.find_words(reading))

    def _verdict(self, hit: Found, text: str) -> Verdict:
        severity = self._severities.get(hit.key, Severity.PASS)
        if severity is Severity.PASS or self._is_for_others(hit, text):
            return Verdict(Severity.PASS, self.name, threshold=_THRESHOLD)
        return Verdict(
            severity,
            self.name,
            rule=hit.key,
            category=self._book.rules[hit.key].category,
            score=_SCORES[severity],
            threshold=_THRESHOLD,
            excerpt=hit.of(text),
        )

    def _is_for_others(self, hit: Found, text: str) -> bool:
        # Words that the story's own language has rules for are left to those.
        words = words_of(hit.of(text))
        return bool(words) and all(not self._known.isdisjoint(word.forms) for word in words)


@dataclass(frozen=True, slots=True)
class RulesTogether:
    """The rules of several languages as one layer: all of them have to let a text pass."""

    layers: Sequence[RulesLayer]
    name = "rules"

    def examine(self, passage: Passage) -> Verdict:
        return worst(layer.examine(passage) for layer in self.layers)

    def cleared(self, passage: Passage) -> int:
        return min(layer.cleared(passage) for layer in self.layers)


@cache
def _severities(
    language: str, band: AgeBand, scope: str, categories: tuple[str, ...] | None
) -> Mapping[str, Severity]:
    """The severity of each rule in force, by its id. Every chapter has a gate, and all of them
    share these."""
    return {
        rule.id: rule.severity(band)
        for rule in rule_book(language).rules.values()
        if rule.scope in {"all", scope}
        and (categories is None or rule.category in categories)
        and rule.severity(band) is not Severity.PASS
    }


class AvoidLayer:
    """The family's avoid list: whole words, with the plainest of their inflections."""

    name = "family"

    def __init__(self, avoid: Sequence[str]) -> None:
        self._words = Lexicon()
        for wish in avoid:
            for entry in plain(wish).replace(";", ",").split(","):
                self._add(entry)

    def _add(self, entry: str) -> None:
        words = [word.forms[0] for word in words_of(entry)]
        if words:
            self._words.add(" ".join("|".join(_inflections(word)) for word in words), entry.strip())

    def examine(self, passage: Passage) -> Verdict:
        before = plain(passage.before)
        whole = before + plain(passage.text)
        for hit in self._words.find(words_of(whole)):
            if hit.end > len(before):
                return self._stopped(hit, whole)
        # Positions shift in a reading, so in one only the passage itself is looked at.
        for reading in disguises(whole[len(before) :]):
            for hit in self._words.find(words_of(reading)):
                return self._stopped(hit, reading)
        return Verdict(Severity.PASS, self.name, threshold=_THRESHOLD)

    def _stopped(self, hit: Found, text: str) -> Verdict:
        # A word to avoid is no danger: another wording will do.
        return Verdict(
            Severity.SOFT,
            self.name,
            rule=f"family.{hit.key}"[:80],
            category="family",
            score=1.0,
            threshold=_THRESHOLD,
            excerpt=hit.of(text),
        )

    def cleared(self, passage: Passage) -> int:
        return _cleared(passage, self._suspects)

    def _suspects(self, text: str) -> Iterator[Found]:
        words = words_of(text)
        yield from self._words.find(words)
        yield from self._words.find_begun(words)


_TOKEN = re.compile(r"\S+")


def _cleared(passage: Passage, suspects: Callable[[str], Iterable[Found]]) -> int:
    """The position up to which no reading of the passage has a suspect. It counts in words: their
    positions differ between readings, and where even their number does, nothing is cleared."""
    whole = plain(passage.before) + plain(passage.text)
    words = _TOKEN.findall(whole)
    ends = [match.end() for match in _TOKEN.finditer(passage.before + passage.text)]
    approved = len(_TOKEN.findall(passage.before))
    # Letters set apart may yet spell any word, so nothing behind their first is cleared.
    text = before_letters_apart(whole)
    clear = len(_TOKEN.findall(text))
    for reading in (text, *disguises(text)):
        spans = [match.span() for match in _TOKEN.finditer(reading)]
        if len(spans) != len(_TOKEN.findall(text)) or len(words) != len(ends):
            return 0
        for found in suspects(reading):
            if sum(start < found.end for start, _ in spans) > approved:
                clear = min(clear, sum(end <= found.start for _, end in spans))
    return ends[clear - 1] - len(passage.before) if clear > approved else 0


def _inflections(word: str) -> set[str]:
    """The word, its plural and its singular, as far as an ending tells."""
    if "א" <= word[0] <= "ת":
        return _hebrew_inflections(word)
    forms = {word, word + "s", word + "es"}
    if word.endswith("ies"):
        forms.add(word[:-3] + "y")
    if word.endswith("es"):
        forms.add(word[:-2])
    if word.endswith("s"):
        forms.add(word[:-1])
    if word.endswith("y"):
        forms.add(word[:-1] + "ies")
    # "as" without its ending is "a", which nobody wants to avoid.
    return {form for form in forms if len(form) > 1}


_MIN_STEM_LETTERS = 2
_HEBREW_ENDINGS = ("ים", "ות", "ה", "ת", "י")  # noqa: RUF001
_INNER_LETTERS = str.maketrans("םןךףץ", "מנכפצ")
_FINAL_LETTERS = str.maketrans("מנכפצ", "םןךףץ")


def _hebrew_inflections(word: str) -> set[str]:
    """The word with the endings of the plural, of the feminine and of the construct state.

    They go to the stem, which is what is left without such an ending where that is long enough to
    be one; a letter that has another form at the end of a word takes its place there.
    """
    stems = {word} | {word.removesuffix(ending) for ending in _HEBREW_ENDINGS}
    stems = {stem for stem in stems if stem == word or len(stem) > _MIN_STEM_LETTERS}
    forms = {word}
    for stem in stems:
        open_stem = stem.translate(_INNER_LETTERS)
        forms.update(open_stem + ending for ending in _HEBREW_ENDINGS)
        forms.add(stem[:-1] + stem[-1].translate(_FINAL_LETTERS))
    return forms
