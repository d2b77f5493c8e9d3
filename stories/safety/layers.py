"""What a gate is made of: layers that each examine a passage and answer with a verdict."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol, runtime_checkable

from stories.brief import AgeBand
from stories.safety.normalise import before_letters_apart, disguises, plain
from stories.safety.rules import RuleBook, rule_book
from stories.safety.rules.matching import Found, Lexicon, words_of
from stories.safety.verdict import Severity, Verdict


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
    """A layer that can say how much of a passage may be shown while the rest is being written."""

    def cleared(self, passage: Passage) -> int:
        """How many characters, of a text that ends with a whole word, it will not stop whatever
        follows."""
        ...


_ORDER = [Severity.PASS, Severity.SOFT, Severity.HARD]
_SCORES = {Severity.SOFT: 0.7, Severity.HARD: 1.0}
_THRESHOLD = 0.5


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The most severe verdict; among equals the one with the higher score, then the first."""
    return max(verdicts, key=lambda verdict: (_ORDER.index(verdict.severity), verdict.score))


class RulesLayer:
    """The rules of one language for one age; `scope` is "prose" or "input".

    `categories` are those of the rules that count, where not all do.
    """

    name = "rules"

    def __init__(
        self, language: str, band: AgeBand, scope: str, categories: tuple[str, ...] | None = None
    ) -> None:
        self._book: RuleBook = rule_book(language)
        self._severities = _severities(language, band, scope, categories)

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
        """What the rules find beyond the first `approved` characters, and in which reading."""
        found = [*self._book.find_words(whole), *self._book.find_patterns(whole, self._severities)]
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
        if severity is Severity.PASS:
            return Verdict(severity, self.name, threshold=_THRESHOLD)
        return Verdict(
            severity,
            self.name,
            rule=hit.key,
            category=self._book.rules[hit.key].category,
            score=_SCORES[severity],
            threshold=_THRESHOLD,
            excerpt=hit.of(text),
        )


@cache
def _severities(
    language: str, band: AgeBand, scope: str, categories: tuple[str, ...] | None
) -> Mapping[str, Severity]:
    """Of the rules that count. Every chapter has a gate, and all of them share these."""
    return {
        rule.id: rule.severity(band)
        for rule in rule_book(language).rules.values()
        if rule.scope in {"all", scope}
        and (categories is None or rule.category in categories)
        and rule.severity(band) is not Severity.PASS
    }


class AvoidLayer:
    """What the family asked to leave out: whole words, with the plainest of their inflections."""

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
                return Verdict(
                    Severity.SOFT,
                    self.name,
                    rule=f"family.{hit.key}"[:80],
                    category="family",
                    score=1.0,
                    threshold=_THRESHOLD,
                    excerpt=hit.of(whole),
                )
        return Verdict(Severity.PASS, self.name, threshold=_THRESHOLD)

    def cleared(self, passage: Passage) -> int:
        return _cleared(passage, self._suspects)

    def _suspects(self, text: str) -> Iterator[Found]:
        words = words_of(text)
        yield from self._words.find(words)
        yield from self._words.find_begun(words)


_TOKEN = re.compile(r"\S+")


def _cleared(passage: Passage, suspects: Callable[[str], Iterable[Found]]) -> int:
    """Up to where no reading of the passage has a suspect. It counts in words: their positions
    differ between readings, and where even their number does, nothing is cleared."""
    whole = plain(passage.before) + plain(passage.text)
    words = _TOKEN.findall(whole)
    ends = [match.end() for match in _TOKEN.finditer(passage.before + passage.text)]
    approved = len(_TOKEN.findall(passage.before))
    text = before_letters_apart(whole)
    clear = len(_TOKEN.findall(text))
    for reading in (text, *disguises(text)):
        places = [match.span() for match in _TOKEN.finditer(reading)]
        if len(places) != len(_TOKEN.findall(text)) or len(words) != len(ends):
            return 0
        for found in suspects(reading):
            if sum(start < found.end for start, _ in places) > approved:
                clear = min(clear, sum(end <= found.start for _, end in places))
    return ends[clear - 1] - len(passage.before) if clear > approved else 0


def _inflections(word: str) -> set[str]:
    """The word, its plural and its singular, as far as an ending tells (English, Spanish)."""
    forms = {word, word + "s", word + "es"}
    if word.endswith("ies"):
        forms.add(word[:-3] + "y")
    if word.endswith("es"):
        forms.add(word[:-2])
    if word.endswith("s"):
        forms.add(word[:-1])
    if word.endswith("y"):
        forms.add(word[:-1] + "ies")
    return {form for form in forms if len(form) > 1}
