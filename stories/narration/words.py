"""Words of a text and the times at which a voice says them.

A voice reads a text in a form of its own: "7:30" becomes "seven thirty". The two are laid side by
side here; where one word became several, or several became one, they share the time.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

_CHUNK = re.compile(r"\S+")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


class Said(NamedTuple):
    """A word as the voice reads it, and when, in seconds of the audio."""

    text: str
    begins: float
    ends: float


class Word(NamedTuple):
    """A word of the text: where it stands, in UTF-16 units as browsers count, and when it is said,
    in seconds."""

    start: int
    length: int
    begins: float
    ends: float


def word_times(text: str, said: Sequence[Said]) -> list[Word]:
    """The words of `text` that are heard, in order."""
    spans = list(_words_in(text))
    ours = [_key(text[start:end]) for start, end in spans]
    theirs = [_key(word.text) for word in said]
    timed: list[Word] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind in {"equal", "replace"}:
            times = _shared(said[j1:j2], [len(key) for key in ours[i1:i2]])
            timed += [
                Word(_utf16(text[:start]), _utf16(text[start:end]), *time)
                for (start, end), time in zip(spans[i1:i2], times, strict=True)
            ]
    return timed


def _words_in(text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of each word, without the marks around it."""
    for chunk in _CHUNK.finditer(text):
        bare = _EDGES.sub("", chunk[0])
        if bare:
            start = chunk.start() + chunk[0].index(bare)
            yield start, start + len(bare)


def _shared(said: Sequence[Said], weights: Sequence[int]) -> list[tuple[float, float]]:
    """A time for each weight: each word's own where there are as many, else parts of the whole."""
    if len(said) == len(weights):
        return [(word.begins, word.ends) for word in said]
    begins, ends = said[0].begins, said[-1].ends
    pace = (ends - begins) / sum(weights)
    borders = [begins + pace * sum(weights[:count]) for count in range(len(weights) + 1)]
    return list(itertools.pairwise(borders))


def _key(word: str) -> str:
    """Letters and digits alone: quotes and apostrophes are written in several ways."""
    return "".join(letter for letter in word.lower() if letter.isalnum())


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
