"""The rules of each language, read from `rules.toml` in its folder.

A file holds `[[rule]]` tables: `id` (reported as "<language>.<id>"), `category`, `severity` (one
word, or three for ages 3-5, 6-8 and 9-12), `scope` ("all", "prose" or "input"), and what to look
for: `words` and `phrases` in the language of `rules.matching`, and `patterns`, regular expressions
over the plain text (ignoring case, unless `cased`). `[harmless]` `phrases` are those in which a
word that a rule names means no harm. `[sets]` names alternatives: "@body" in an entry stands for
them. `common.toml`, beside this module, holds what is the same in every language.
"""

import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

import regex

from stories.safety.normalise import plain
from stories.safety.rules.matching import Found, Lexicon, words_of
from stories.safety.rules.prefilter import Prefilter
from stories.safety.verdict import Severity
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import language_of

_COMMON = "common"
_SET = re.compile(r"@(\w+)")
_EDGE = r"\b"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's name and severities; `severities` follow the order of `AgeBand`."""

    id: str
    category: str
    severities: tuple[Severity, Severity, Severity]
    scope: str
    pattern: re.Pattern[str] | None

    def severity(self, band: AgeBand) -> Severity:
        return self.severities[list(AgeBand).index(band)]


class RuleBook:
    """All rules of one language, ready to be looked up."""

    def __init__(self, rules: dict[str, Rule], words: Lexicon, harmless: Lexicon) -> None:
        self.rules = rules
        self._words = words
        self._harmless = harmless
        self._patterns = [(rule.id, rule.pattern) for rule in rules.values() if rule.pattern]
        self._prefilter = Prefilter(pattern for _, pattern in self._patterns)

    def find_words(self, text: str) -> Iterator[Found]:
        """Occurrences of words and phrases in a plain text, but for the harmless ones."""
        words = words_of(text)
        found = list(self._words.find(words))
        if not found:
            return
        harmless = [(span.start, span.end) for span in self._harmless.find(words)]
        for hit in found:
            if not any(start <= hit.start and hit.end <= end for start, end in harmless):
                yield hit

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word named by an entry."""
        return frozenset(self._words.vocabulary() | self._harmless.vocabulary())

    def find_patterns(self, text: str, rule_ids: Collection[str]) -> Iterator[Found]:
        for number in self._prefilter.candidates(text):
            rule_id, pattern = self._patterns[number]
            if rule_id in rule_ids:
                for match in pattern.finditer(text):
                    yield Found(rule_id, match.start(), match.end())

    def find_begun(self, text: str, rule_ids: Collection[str]) -> Iterator[Found]:
        """The rules begun or held by a text that ends at a whole word; of each pattern its first
        match."""
        for begun in self._words.find_begun(words_of(text)):
            if begun.key in rule_ids:
                yield begun
        for rule_id, pattern in self._patterns:
            if rule_id in rule_ids and (match := _reaching(pattern).search(text, partial=True)):
                yield Found(rule_id, match.start(), len(text))


@cache
def _reaching(pattern: re.Pattern[str]) -> regex.Pattern[str]:
    """Matches partially where the pattern does or, with more text, may do: it asks for an end that
    no text has, so that a match which is whole already does not hide an earlier one that is not."""
    return regex.compile(rf"(?:{pattern.pattern})(?s:.*)\x00", pattern.flags & regex.IGNORECASE)


@cache
def rule_book(language: str) -> RuleBook:
    """The rules of a primary language tag, together with the shared rules of all languages."""
    rules: dict[str, Rule] = {}
    words, harmless = Lexicon(), Lexicon()
    common = resources.files(__name__).joinpath(f"{_COMMON}.toml").read_text("utf-8")
    own = language_of(language).toml("rules.toml")
    for name, data in ((_COMMON, tomllib.loads(common)), (language, own)):
        sets = data.get("sets", {})
        for table in data.get("rule", []):
            rule = _rule(name, table)
            rules[rule.id] = rule
            for entry in entries_of(table):
                words.add(_with_sets(entry, sets), rule.id)
        for phrase in _lines(data.get("harmless", {}).get("phrases", "")):
            harmless.add(_with_sets(phrase, sets), name)
    return RuleBook(rules, words, harmless)


def _rule(name: str, table: dict[str, Any]) -> Rule:
    patterns = table.get("patterns", [])
    flags = re.NOFLAG if table.get("cased") else re.IGNORECASE
    return Rule(
        id=f"{name}.{table['id']}",
        category=table["category"],
        severities=_severities(table["severity"]),
        scope=table.get("scope", "all"),
        pattern=re.compile(_any_of(patterns), flags) if patterns else None,
    )


def _any_of(patterns: list[str]) -> str:
    """A pattern for all of them; those that begin with a word's edge share it, for speed."""
    at_edges = [f"(?:{p.removeprefix(_EDGE)})" for p in patterns if p.startswith(_EDGE)]
    others = [f"(?:{p})" for p in patterns if not p.startswith(_EDGE)]
    shared = [rf"{_EDGE}(?:{'|'.join(at_edges)})"] if at_edges else []
    return "|".join([*shared, *others])


def _severities(value: str | list[str]) -> tuple[Severity, Severity, Severity]:
    young, middle, older = [value] * 3 if isinstance(value, str) else value
    return Severity(young), Severity(middle), Severity(older)


def entries_of(table: dict[str, Any]) -> Iterator[str]:
    """A table's `words` and `phrases`, as entries of a lexicon."""
    yield from plain(table.get("words", "")).lower().split()
    yield from _lines(table.get("phrases", ""))


def _with_sets(entry: str, sets: dict[str, str]) -> str:
    return _SET.sub(lambda named: "|".join(sets[named[1]].split()), entry)


def _lines(block: str) -> list[str]:
    return [line for line in plain(block).lower().splitlines() if line.strip()]
