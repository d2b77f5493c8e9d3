"""A chapter's text with a mark at each position where a sentence was held back, or reported."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stories.vocabulary.pseudonym import Pseudonym

from .held import Held


@dataclass(frozen=True)
class Reported:
    """A sentence that a family complained of, where it stands."""

    sentence: str


Piece = str | Held | Reported


@dataclass(frozen=True)
class MarkedParagraph:
    """The pieces of a paragraph, in order: text, marks where sentences would have stood, and
    sentences that are marked themselves."""

    pieces: list[Piece]


def marked(
    text: str, source: str, all_held: Sequence[Held], name: Pseudonym
) -> list[MarkedParagraph]:
    """`text` is what was shown, `source` the same in stand-in form. A finding of a version that was
    rewritten, or after a paragraph that the guard stopped, has no position in it."""
    marks = [
        (len(name.reveal(source[: held.finding.offset])), held)
        for held in all_held
        if held.finding.has_position_in(source)
    ]
    by_position = sorted(marks, key=lambda mark: (mark[0], mark[1].finding.pk))
    return _paragraphs(text, by_position)


def _paragraphs(text: str, marks: Sequence[tuple[int, Held]]) -> list[MarkedParagraph]:
    """The paragraphs of `text` with its `marks`, which are sorted by position in characters. A mark
    that would have begun a paragraph is one of its own, so far as a paragraph ends there."""
    waiting = list(marks)
    paragraphs: list[MarkedParagraph] = []
    start = 0
    for paragraph in text.split("\n\n"):
        end = start + len(paragraph)
        is_last = end >= len(text)
        here = [mark for mark in waiting if mark[0] <= end or is_last]
        waiting = waiting[len(here) :]
        alone = [mark for mark in here if mark[1].finding.begins_paragraph and mark[0] in (0, end)]
        inside = [mark for mark in here if mark not in alone]
        paragraphs += [MarkedParagraph([mark]) for position, mark in alone if position == 0]
        if paragraph.strip() or inside:
            paragraphs.append(MarkedParagraph(_pieces(paragraph, start, inside)))
        paragraphs += [MarkedParagraph([mark]) for position, mark in alone if position > 0]
        start = end + 2
    return paragraphs


def _pieces(paragraph: str, start: int, marks: Sequence[tuple[int, Held]]) -> list[Piece]:
    pieces: list[Piece] = []
    done = 0
    for position, mark in marks:
        at = min(max(position - start, done), len(paragraph))
        pieces += [paragraph[done:at], mark]
        done = at
    pieces.append(paragraph[done:])
    return [piece for piece in pieces if piece]


def with_report(paragraphs: Sequence[MarkedParagraph], sentence: str) -> list[MarkedParagraph]:
    """The same, with a mark on this sentence wherever it stands; white space may differ."""
    words = r"\s+".join(map(re.escape, sentence.split()))
    if not words:
        return list(paragraphs)
    pattern = re.compile(rf"(?<!\w){words}")
    return [
        MarkedParagraph([part for piece in each.pieces for part in _reported(piece, pattern)])
        for each in paragraphs
    ]


def _reported(piece: Piece, pattern: re.Pattern[str]) -> list[Piece]:
    if not isinstance(piece, str):
        return [piece]
    parts: list[Piece] = []
    done = 0
    for found in pattern.finditer(piece):
        parts += [piece[done : found.start()], Reported(found.group())]
        done = found.end()
    return [part for part in (*parts, piece[done:]) if part]
