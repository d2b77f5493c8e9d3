"""Echoes: words handed back by a model from its prompt, instead of a story."""

import re
from collections.abc import Iterable, Iterator

_RUN_WORDS = 3
_MIN_LETTERS = 4
_WORD = re.compile(r"\w+")


class Echo:
    """Finds runs of three content words that stand in one of `sources` as well: samples,
    instructions, earlier chapters. Runs that stand in `wanted` are none."""

    def __init__(self, sources: Iterable[str], wanted: str = "") -> None:
        shown = {run for source in sources for run in _runs(source)}
        self._runs = shown - set(_runs(wanted))

    def is_in(self, text: str) -> bool:
        return not self._runs.isdisjoint(_runs(text))


def content_words(text: str) -> list[str]:
    """The words of at least four letters, in order and lower case: names and things, mostly."""
    return [word for word in _WORD.findall(text.casefold()) if len(word) >= _MIN_LETTERS]


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = content_words(text)
    return zip(*(words[start:] for start in range(_RUN_WORDS)), strict=False)
