"""Text folded for comparison: without case, accents, Hebrew points and invisible characters."""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from .languages import joined_letters

_LETTER = r"[^\W\d_]"

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u02bb\u05f3`\u00b4", "'"))
_WORD = re.compile(r"[^\W_]+")
_FIRST_GROUP = 2
_START = re.compile("(?:^|[.!?…:\u05c3\n¿¡])[\\s\"'“„«(\\[{¿¡—\u2013*_-]*$")


class FoldedText(NamedTuple):
    """A folded text and the position of each of its characters in the original, with the original's
    end as the last."""

    text: str
    positions: list[int]


def fold(text: str) -> FoldedText:
    folded: list[str] = []
    positions: list[int] = []
    for position, character in enumerate(text):
        plain = unicodedata.normalize("NFKD", character.translate(_APOSTROPHES)).casefold()
        kept = [part for part in plain if not _is_left_out(part)]
        folded += kept
        positions += [position] * len(kept)
    return FoldedText("".join(folded), [*positions, len(text)])


def words_of(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return _WORD.findall(fold(text).text)


def begins_sentence(before: str) -> bool:
    """True when a sentence begins behind this text."""
    return _START.search(before) is not None


def whole_words(patterns: Iterable[str]) -> re.Pattern[str]:
    """A pattern for whole words: group 1 is the letters that a language joins to a word, each of
    `patterns` a group after it."""
    words = "|".join(f"({pattern})" for pattern in patterns)
    return re.compile(rf"(?<!{_LETTER})({joined()})(?:{words})(?!{_LETTER})")


def joined() -> str:
    """The pattern of letters joined to a word."""
    return f"[{joined_letters()}]{{0,3}}"


def pattern_index(match: re.Match[str]) -> int:
    """The index, among the patterns of `whole_words`, of the one that matched."""
    return (match.lastindex or _FIRST_GROUP) - _FIRST_GROUP


def _is_left_out(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "M" or category == "Cf"
