"""Two wordings of one place in an authored text, `<plain|rich>`, and how many of them are rich: as
many as bring a chapter to the words a sentence of the child's level."""

import random
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from itertools import count

from stories.reading import Target, difficulty

MARK = re.compile(r"<([^|<>]*)\|([^|<>]*)>")


def plain(text: str) -> str:
    """The text for a reader who is just beginning."""
    return MARK.sub(r"\1", text)


def rich(text: str) -> str:
    """The text for a reader who is far ahead."""
    return MARK.sub(r"\2", text)


def both(text: str) -> list[str]:
    """Both wordings of a text, once where it has only one."""
    return list(dict.fromkeys([plain(text), rich(text)]))


def fitted(texts: Sequence[str], wanted: Target, language: str, *, seed: int) -> list[str]:
    """A chapter's paragraphs, with the number of rich places that comes nearest to the level's mean
    of words a sentence; which ones they are, the seed decides."""
    places = range(sum(len(MARK.findall(text)) for text in texts))
    order = random.Random(seed).sample(places, len(places))  # noqa: S311 - an order, no secret

    @cache
    def words(size: int) -> float:
        return _words(_worded(texts, order[:size]), language)

    # Each rich place makes sentences longer, as good as always.
    over = bisect_left(range(len(order)), wanted.words, key=words)
    size = min((max(0, over - 1), over), key=lambda size: abs(words(size) - wanted.words))
    return _worded(texts, order[:size])


@lru_cache(maxsize=4096)
def can_reach(texts: tuple[str, ...], wanted: Target, language: str) -> bool:
    """True when a chapter of these paragraphs can be told for a level."""
    least, most = (
        difficulty("\n\n".join(map(worded, texts)), language) for worded in (plain, rich)
    )
    reaches = least.words <= wanted.most and most.words >= wanted.least
    return reaches and max(least.outside, most.outside) <= wanted.outside


def _worded(texts: Iterable[str], chosen: Collection[int]) -> list[str]:
    place = count()
    return [MARK.sub(lambda mark: mark[1 + (next(place) in chosen)], text) for text in texts]


def _words(texts: Iterable[str], language: str) -> float:
    return difficulty("\n\n".join(texts), language).words
