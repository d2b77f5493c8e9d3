"""The names of people in a typed text, in whichever way they are written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .folding import FoldedText, fold, pattern_index, whole_words, words_of
from .grammar import Grammar, Occurrence

_BETWEEN = r"[\s'\-\u2010-\u2013\u05be]*"
_BETWEEN_INITIALS = r"[\s.'\-\u2010-\u2013\u05be]*"
_MIN_PART = 3
_CONTEXT_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody's name in a text: from where to where, and whose, by their number."""

    start: int
    end: int
    person: int
    is_plural: bool

    def overlaps(self, other: "Found") -> bool:
        return self.start < other.end and other.start < self.end


class NameFinder:
    """Finds the names of `people`, each of whom may have had several."""

    def __init__(self, people: Sequence[Sequence[str]], grammar: Grammar) -> None:
        self._grammar = grammar
        named = [(name, person) for person, names in enumerate(people) for name in names]
        wholes = [_Way(_pattern(words), person) for words, person in _wholes(named)]
        parts = [_Way(_pattern(words), person) for words, person in _parts(named)]
        # Whole names before parts of them.
        self._stages = [_Stage(wholes), _Stage(parts), _Stage(list(_plurals(named)))]

    def find(self, text: str) -> list[Found]:
        """In the order of the text."""
        folded = fold(text)
        names: list[Found] = []
        words: dict[Found, Occurrence] = {}
        for stage in self._stages:
            for found, way, occurrence in stage.candidates(text, folded):
                if any(found.overlaps(name) for name in names):
                    continue
                if self._is_name(way, occurrence):
                    names.append(found)
                elif not found.is_plural:
                    words[found] = occurrence
        joined = [
            found
            for found, occurrence in words.items()
            if any(self._is_joined(text, found, name, occurrence) for name in names)
        ]
        return sorted([*names, *joined], key=lambda found: found.start)

    def _is_name(self, way: "_Way", occurrence: Occurrence) -> bool:
        if way.singular:
            return self._grammar.is_plural_name(way.singular, occurrence)
        return self._grammar.is_name(occurrence)

    def _is_joined(self, text: str, word: Found, name: Found, occurrence: Occurrence) -> bool:
        if word.overlaps(name):
            return False
        first, second = sorted([word, name], key=lambda found: found.start)
        prefix = len(occurrence.prefix) if second is word else 0
        gap = fold(text[first.end : second.start]).text
        gap = gap[: len(gap) - prefix]
        return self._grammar.is_joined(gap, occurrence, is_first=first is word)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to write somebody's name, as a pattern of folded text; of what it is the plural, if it
    is one."""

    pattern: str
    person: int
    singular: str = ""


class _Stage:
    """Ways that are looked for at once."""

    def __init__(self, ways: Sequence[_Way]) -> None:
        # Longer ones first; of equals, such as a family's name, the first person's.
        self._ways = sorted(ways, key=lambda way: len(way.pattern), reverse=True)
        self._pattern = whole_words(way.pattern for way in self._ways)

    def candidates(self, text: str, folded: FoldedText) -> Iterator[tuple[Found, _Way, Occurrence]]:
        if not self._ways:
            return
        for match in self._pattern.finditer(folded.text):
            way = self._ways[pattern_index(match)]
            start, end = folded.positions[match.end(1)], folded.positions[match.end()]
            near = slice(max(0, match.start() - _CONTEXT_CHARACTERS), match.start())
            occurrence = Occurrence(
                written=text[start:end],
                prefix=match[1],
                before=folded.text[near],
                after=folded.text[match.end() :],
            )
            yield Found(start, end, way.person, bool(way.singular)), way, occurrence


def _wholes(named: Sequence[tuple[str, int]]) -> Iterator[tuple[list[str], int]]:
    for name, person in named:
        if words := words_of(name):
            yield words, person


def _parts(named: Sequence[tuple[str, int]]) -> Iterator[tuple[list[str], int]]:
    """The first unit and the longer ones of the others; one letter is never a part."""
    for name, person in named:
        for number, unit in enumerate(_units(name)):
            size = sum(map(len, unit))
            if size >= _MIN_PART or (number == 0 and size > 1):
                yield unit, person


def _plurals(named: Sequence[tuple[str, int]]) -> Iterator[_Way]:
    for unit, person in _parts(named):
        word = unit[0]
        if len(unit) == 1 and word.isascii() and word.isalpha():
            irregular = {"z": "ces", "y": "ies"}.get(word[-1], "es")
            yield _Way(f"(?:{word}e?s|{word[:-1]}{irregular})", person, singular=word)


def _units(name: str) -> list[list[str]]:
    """A name's words without numbers; letters that stand in a row, as in "A.J.", are one unit."""
    units: list[list[str]] = []
    for word in words_of(name):
        if word.isdecimal():
            continue
        if len(word) == 1 and units and all(len(letter) == 1 for letter in units[-1]):
            units[-1].append(word)
        else:
            units.append([word])
    return units


def _pattern(words: Sequence[str]) -> str:
    *others, last = words
    between = "".join(word + (_BETWEEN_INITIALS if len(word) == 1 else _BETWEEN) for word in others)
    return between + last + (r"\.?" if others and len(last) == 1 else "")
