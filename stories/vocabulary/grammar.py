"""Each language's rules for telling a name from a word.

A language's words and phrases are its `names.toml`. Where it has no words that are names, a name is
one wherever it stands. The rules are in `pseudonym`.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from .folding import begins_sentence, joined, words_of
from .languages import Language, language_of, languages

_WORD = re.compile(r"[^\W_]+")
_QUESTION = re.compile(r"[^.!…\n?,]*\?")
_END = r"\s*(?:$|[.,;:!?)\"”»…\n])"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that may be a name, as the text has it, with what Hebrew joins to it, and the
    folded text around it."""

    written: str
    prefix: str
    before: str
    after: str

    @property
    def begins_sentence(self) -> bool:
        return begins_sentence(self.before)


_Words = Annotated[tuple[str, ...], BeforeValidator(lambda text: str(text).split())]


class NameTable(BaseModel):
    """A language's data on names (`names.toml`), folded.

    `words` are those that people bear as names, `functions` those too common to be a name where a
    capital says nothing, `modals` the verbs with which a question begins, and `small` stand in
    longer names without a capital. No name follows `indefinite`, nor, if it has no capital,
    `definite`; after `named` a word is a name, and after `kin` where what follows (`after_names`,
    `verbs`, or an end) goes with one. `joining` stand between two names, `linking` before them.

    Without capitals: `article` is what is joined to no name; `counted` follow a noun; `joined` are
    other words that a prefix makes of a name, except after `gifts`; and `infinitives`, after
    `before_infinitives`. `famous` are the words beside which a stand-in is somebody famous.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    has_capitals: bool = True
    words: _Words
    small: _Words = ()
    functions: _Words = ()
    modals: _Words = ()
    indefinite: _Words = ()
    definite: _Words = ()
    named: tuple[str, ...] = ()
    kin: _Words = ()
    after_names: _Words = ()
    joining: _Words = ()
    linking: _Words = ()
    verbs: _Words = ()
    article: _Words = ()
    counted: _Words = ()
    joined: _Words = ()
    gifts: _Words = ()
    infinitives: _Words = ()
    before_infinitives: _Words = ()
    famous: dict[str, _Words] = {}


class Grammar(ABC):
    """How one language tells a name from a word."""

    def __init__(self, table: NameTable) -> None:
        self._functions = frozenset(table.functions)
        self._words = self._functions.union(table.words, table.small)
        self._indefinite = _ends_with(table.indefinite)
        self._named = _ends_with(table.named)
        self._kin = _ends_with(table.kin)

    def is_word(self, words: Sequence[str]) -> bool:
        """Whether all of these are words of the language, or it is one letter."""
        is_letter = len(words) == 1 and len(words[0]) == 1
        return is_letter or self._words.issuperset(words)

    def is_name(self, occurrence: Occurrence) -> bool:
        words = words_of(occurrence.written)
        return not self.is_word(words) or self._is_name_here(words, occurrence)

    @abstractmethod
    def is_plural_name(self, word: str, occurrence: Occurrence) -> bool:
        """Whether the plural of a name's `word` means people."""

    @abstractmethod
    def is_joined(self, gap: str, occurrence: Occurrence, *, is_first: bool) -> bool:
        """True when a possible word is part of a name, given its gap to one."""

    @abstractmethod
    def _is_name_here(self, words: Sequence[str], occurrence: Occurrence) -> bool:
        """True when a word that can be a name is one at this position."""


class CasedGrammar(Grammar):
    """The grammar of a language that writes names with capitals."""

    def __init__(self, table: NameTable) -> None:
        super().__init__(table)
        definite, indefinite = table.definite, table.indefinite
        joining, verbs = table.joining, table.verbs
        self._small = frozenset(table.small)
        self._modals = frozenset(table.modals)
        self._words |= self._modals
        self._determined = _ends_with([*definite, *indefinite])
        self._linking = _ends_with([*table.linking, *joining, ","])
        self._verb = _begins_with(verbs)
        after_names = _begins_with([*table.after_names, *verbs]).pattern
        self._goes_on = re.compile(rf"{_END}|'s\b|{after_names}")
        things = _any([*definite, *indefinite])
        self._and_a_thing = re.compile(rf"\s+(?:{_any(joining)})\s+(?:{things})\b")
        self._joint = re.compile(rf"\s*(?:,|,?\s*(?:{_any(joining)}))\s*")

    def is_plural_name(self, word: str, occurrence: Occurrence) -> bool:
        return self._is_capital(occurrence.written) and not (
            self.is_word([word]) and self._is_thing([word], occurrence)
        )

    def is_joined(self, gap: str, occurrence: Occurrence, *, is_first: bool) -> bool:
        """As in "mia and rose"."""
        is_thing = self._determined.search(occurrence.before) is not None
        if is_thing or not self._joint.fullmatch(gap):
            return False
        if is_first:
            begins = occurrence.begins_sentence
            return begins or self._linking.search(occurrence.before) is not None
        return self._goes_on.match(occurrence.after) is not None

    def _is_name_here(self, words: Sequence[str], occurrence: Occurrence) -> bool:
        if self._is_capital(occurrence.written):
            return not self._is_thing(words, occurrence)
        return not self._functions.issuperset(words) and self._is_named(occurrence)

    def _is_capital(self, written: str) -> bool:
        words = _WORD.findall(written)
        large = [word for word in words if word not in self._small] or words
        return all(word[0].isupper() for word in large)

    def _is_thing(self, words: Sequence[str], occurrence: Occurrence) -> bool:
        """Whether a word is nobody's name in spite of its capital."""
        if self._indefinite.search(occurrence.before):
            return True
        if not occurrence.begins_sentence:
            return False
        asks = self._modals.issuperset(words) and _QUESTION.match(occurrence.after)
        does = self._verb.match(occurrence.after)
        return self._functions.issuperset(words) or bool(asks and not does)

    def _is_named(self, occurrence: Occurrence) -> bool:
        """True when a word in lower case stands where only names do."""
        before, after = occurrence.before, occurrence.after
        if self._named.search(before):
            return True
        if self._kin.search(before):
            return self._goes_on.match(after) is not None
        if re.match(r"'s\b", after):
            return not self._determined.search(before)
        does_something = self._verb.match(after) or self._and_a_thing.match(after)
        return bool(occurrence.begins_sentence and does_something)


class CaselessGrammar(Grammar):
    """Of Hebrew: a name has no capital, and no article either."""

    def __init__(self, table: NameTable) -> None:
        super().__init__(table)
        self._article = table.article
        self._and = table.joining
        self._joined_words = frozenset(table.joined)
        self._gift = _ends_with(table.gifts)
        self._infinitives = frozenset(table.infinitives)
        self._before_infinitive = _ends_with(table.before_infinitives)
        self._counted = _begins_with(table.counted)

    def is_plural_name(self, word: str, occurrence: Occurrence) -> bool:
        return bool(word) and occurrence.written[0].isupper()  # in another script

    def is_joined(self, gap: str, occurrence: Occurrence, *, is_first: bool) -> bool:
        return not is_first and not gap.strip() and occurrence.prefix in self._and

    def _is_name_here(self, words: Sequence[str], occurrence: Occurrence) -> bool:
        before = occurrence.before
        if self._functions.issuperset(words):
            return bool(self._named.search(before) or self._kin.search(before))
        joined = occurrence.prefix + "".join(words)
        if joined in self._joined_words:
            return self._gift.search(before) is not None
        if joined in self._infinitives:
            return not self._before_infinitive.search(before)
        is_counted = self._counted.match(occurrence.after) or self._indefinite.search(before)
        return not (occurrence.prefix.endswith(self._article) or is_counted)


def grammar_of(language: str) -> Grammar:
    """The grammar of a BCP 47 tag's language."""
    return _grammar(language_of(language))


def famous_words(stand_in: str) -> tuple[str, ...]:
    """The words beside which this stand-in is somebody famous."""
    tables = (name_table(row) for row in languages())
    return tuple(word for table in tables for word in table.famous.get(stand_in, ()))


@cache
def name_table(row: Language) -> NameTable:
    """The names of a language's file; raises ValueError for a malformed one. An unknown language
    has no words."""
    is_known = row in languages()
    return NameTable.model_validate(row.toml("names.toml") if is_known else {"words": ""})


@cache
def _grammar(row: Language) -> Grammar:
    table = name_table(row)
    return CasedGrammar(table) if table.has_capitals else CaselessGrammar(table)


def _any(phrases: Iterable[str]) -> str:
    return "|".join(re.escape(phrase) for phrase in phrases) or r"(?!)"


def _ends_with(phrases: Iterable[str]) -> re.Pattern[str]:
    """A text that ends with one of these, whatever Hebrew joins to it, and a space or a mark."""
    return re.compile(rf"(?:(?<![^\W_])|(?<=,)){joined()}(?:{_any(phrases)})[\s:\"'“«-]+$")


def _begins_with(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\s+(?:{_any(phrases)})(?![^\W_])")
