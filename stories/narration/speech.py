"""A sentence as a voice has said it."""

from typing import Any, NamedTuple

from .words import Word


class Speech(NamedTuple):
    """Samples in [-1, 1], how many there are to a second, and the times of the words that are
    known."""

    samples: Any
    rate: int
    words: list[Word]
