# ruff: noqa: RUF001 - typographic punctuation is what this module is about
"""Finds whole words and phrases in a text.

Entries are written in a small language, one phrase a line:

    gun(s)              "gun" and "guns"
    keep(s|ing) it|this secret      alternatives for one word of the phrase
    don't tell my? mum|mom          "my" may be missing
    promise ... to tell nobody      up to three words in between
    סוד                 also with the letters that Hebrew joins to a word (והסוד); not so =סוד
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from stories.safety.normalise import latinised
from stories.vocabulary.languages import Language, joined_letters, languages

_WORD = re.compile(r"[^\W_]+(?:['’׳][^\W_]+)*")
_ALTERNATIVE = re.compile(r"([^\s|()]+)((?:\([^()]*\))*)")
_MAX_GAP = 3
_MAX_JOINED_LETTERS = 3
_MIN_STEM_LETTERS = 3
_JOINED = "~"

Slots = tuple[frozenset[str], ...]
_GAP: frozenset[str] = frozenset()


class Word(NamedTuple):
    """A word of a text: the forms by which entries may name it, and its position."""

    forms: tuple[str, ...]
    start: int
    end: int


class Found(NamedTuple):
    """An entry's occurrence: what it was entered for, and its position in the text."""

    key: str
    start: int
    end: int

    def of(self, text: str) -> str:
        """The words that were found, as they stand in the text."""
        return text[self.start : self.end]


@lru_cache(maxsize=64)  # several rule books look at one text, and at its readings
def words_of(text: str) -> tuple[Word, ...]:
    return tuple(Word(_forms(m[0].lower()), m.start(), m.end()) for m in _WORD.finditer(text))


@lru_cache(maxsize=8192)
def _forms(word: str) -> tuple[str, ...]:
    word = latinised(word).replace("’", "'").replace("׳", "'")
    if word.endswith("'s"):
        return (word, word[:-2])
    joined = len(word) - len(word.lstrip(joined_letters()))
    longest = min(joined, _MAX_JOINED_LETTERS, len(word) - _MIN_STEM_LETTERS)
    return (word, *(_JOINED + word[cut:] for cut in range(1, longest + 1)))


_Phrases = list[tuple[str, Slots]]


class Lexicon:
    """Entries, each with the key to report, found by their first two words.

    Those of one word, and those with a gap behind the first, stand under "".
    """

    def __init__(self) -> None:
        self._by_first_words: dict[str, dict[str, _Phrases]] = {}

    def add(self, entry: str, key: str) -> None:
        for first, *rest in _spelled_out(entry):
            for word, second in itertools.product(first, rest[0] if rest and rest[0] else ("",)):
                by_second = self._by_first_words.setdefault(word, {})
                by_second.setdefault(second, []).append((key, tuple(rest)))

    def vocabulary(self) -> set[str]:
        """Every word named by an entry."""
        named = set(self._by_first_words)
        for phrases in self._by_first_words.values():
            named.update(*(slot for _, rest in _all_of(phrases) for slot in rest))
        return {word for word in named if not word.startswith(_JOINED)}

    def find(self, words: Sequence[Word]) -> Iterator[Found]:
        for first, word in enumerate(words):
            for form in word.forms:
                if by_second := self._by_first_words.get(form):
                    following = words[first + 1].forms if first + 1 < len(words) else ()
                    for second in ("", *following):
                        for key, rest in by_second.get(second, ()):
                            last = _end_of_match(rest, words, first)
                            if last is not None:
                                yield Found(key, word.start, words[last].end)

    def find_begun(self, words: Sequence[Word]) -> Iterator[Found]:
        """Entries begun by the last words, for words to come to complete."""
        for first, word in enumerate(words):
            for form in word.forms:
                for key, rest in _all_of(self._by_first_words.get(form, {})):
                    if _is_begun(rest, words, first):
                        yield Found(key, word.start, words[-1].end)


def _all_of(by_second: dict[str, _Phrases]) -> Iterator[tuple[str, Slots]]:
    return itertools.chain.from_iterable(by_second.values())


def _end_of_match(slots: Slots, words: Sequence[Word], at: int) -> int | None:
    """The index of the last word, if the slots are filled by the words that follow `at`."""
    for number, slot in enumerate(slots):
        if slot is _GAP:
            rest = slots[number + 1 :]
            ends = (_end_of_match(rest, words, at + n) for n in range(_MAX_GAP + 1))
            return next((end for end in ends if end is not None), None)
        at += 1
        if at >= len(words) or slot.isdisjoint(words[at].forms):
            return None
    return at


def _is_begun(slots: Slots, words: Sequence[Word], at: int) -> bool:
    """True when the words after `at` fill the first of the slots, and end before the last."""
    for number, slot in enumerate(slots):
        if slot is _GAP:
            rest, left = slots[number + 1 :], len(words) - at
            return any(_is_begun(rest, words, at + n) for n in range(min(_MAX_GAP + 1, left)))
        at += 1
        if at >= len(words):
            return True
        if slot.isdisjoint(words[at].forms):
            return False
    return False


def _spelled_out(entry: str) -> Iterator[Slots]:
    """The slots of an entry, with and without those that may be missing."""
    written = entry.split()
    choices = [(True, False) if slot.endswith("?") else (True,) for slot in written]
    for kept in itertools.product(*choices):
        yield tuple(_slot(slot) for slot in itertools.compress(written, kept))


def _slot(written: str) -> frozenset[str]:
    return _GAP if written == "..." else frozenset(_alternatives(written.rstrip("?")))


def _alternatives(written: str) -> Iterator[str]:
    for match in _ALTERNATIVE.finditer(written):
        groups = [["", *group.split("|")] for group in re.findall(r"\(([^()]*)\)", match[2])]
        for endings in itertools.product(*groups):
            word = match[1] + "".join(endings)
            yield word.removeprefix("=")
            if _takes_joined_letters(languages()).match(word):
                yield _JOINED + word


@cache
def _takes_joined_letters(rows: tuple[Language, ...]) -> re.Pattern[str]:
    letters = "".join(row.letters for row in rows if row.joined_letters)
    return re.compile(f"[{letters}]")
