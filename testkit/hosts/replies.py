"""Replies: the text of one answer, how it is cut into tokens, and what happens on the way."""

import itertools
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .signals import Hold

Cut = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class Reply:
    """How one call is answered.

    `text` None is what the storyteller would have said; `thinking` comes before it, in a field of
    its own. `tokens` says how the text is cut, and may be endless. Token numbers count from the
    first thought; those beyond the end mean "before the last object". `holds` are further stops
    after `hold`. A reply with `end_after` ends there as a whole one does, but for its last object.
    """

    text: str | None = None
    tokens: Iterable[str] | None = None
    thinking: str = ""
    status: int = 200
    error: str = "llama runner process has terminated: exit status 2"
    reason: str = "stop"
    obeys_limit: bool = True
    hold: Hold | None = None
    holds: Sequence[Hold] = ()
    cut_after: int | None = None
    hang_after: int | None = None
    error_after: int | None = None
    end_after: int | None = None


@dataclass(frozen=True)
class Piece:
    """A token of a reply, or its end: `reason` says why, and `error` that it failed."""

    text: str = ""
    thinking: str = ""
    is_last: bool = False
    reason: str = ""
    error: str = ""


def cold() -> Reply:
    """A model that is only being loaded because of this call."""
    return Reply("", reason="load")


def endless(text: str = "And on they went, over hill {n}. ") -> Reply:
    """Prose that never ends, and does not care for the call's limit of tokens."""
    return Reply(tokens=(text.format(n=n) for n in itertools.count(1)), obeys_limit=False)


def words(text: str) -> list[str]:
    """Tokens as models have them: each word with the space before it."""
    return re.findall(r"\s*\S+|\s+\Z", text)


def characters(text: str) -> list[str]:
    return list(text)


def at_random(seed: int) -> Cut:
    """Cuts anywhere, in pieces of one to twelve characters; the same seed cuts the same way."""

    def cut(text: str) -> Iterator[str]:
        dice, start = random.Random(seed), 0
        while start < len(text):
            size = dice.randint(1, 12)
            yield text[start : start + size]
            start += size

    return cut


def pieces_of(reply: Reply, cut: Cut, limit: int) -> Iterator[Piece]:
    """The reply's tokens, at most `limit` where that is not negative, and then its end."""
    thoughts = (Piece(thinking=token) for token in cut(reply.thinking))
    tokens = cut(reply.text or "") if reply.tokens is None else reply.tokens
    told = itertools.chain(thoughts, (Piece(token) for token in tokens))
    for count, piece in enumerate(told):
        if reply.obeys_limit and 0 <= limit <= count:
            yield Piece(is_last=True, reason="length")
            return
        yield piece
    yield Piece(is_last=True, reason=reply.reason)
