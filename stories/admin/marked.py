"""A chapter's text with a mark at each place where a sentence was held back."""

from collections.abc import Sequence
from dataclasses import dataclass

from stories.brief import Pseudonym
from stories.models import Chapter, SafetyFinding


@dataclass(frozen=True)
class Mark:
    """A sentence that was held back, with the child's name put in."""

    finding: SafetyFinding
    text: str


Piece = str | Mark


@dataclass(frozen=True)
class MarkedParagraph:
    """What stands in a paragraph, in order: text, and marks where sentences would have stood."""

    pieces: list[Piece]


def marked_chapter(
    chapter: Chapter, findings: Sequence[SafetyFinding], name: Pseudonym
) -> list[MarkedParagraph]:
    """The chapter as it was shown. A finding of a version that was rewritten has no place in it."""
    marks = [
        (
            len(name.reveal(chapter.source[: finding.offset])),
            Mark(finding, name.reveal(finding.text)),
        )
        for finding in findings
        if finding.offset is not None and chapter.source[: finding.offset].endswith(finding.before)
    ]
    return marked_text(chapter.text, sorted(marks, key=lambda mark: (mark[0], mark[1].finding.pk)))


def marked_text(text: str, marks: Sequence[tuple[int, Mark]]) -> list[MarkedParagraph]:
    """`marks` are sorted by their places, which count characters of `text`."""
    waiting = list(marks)
    paragraphs: list[MarkedParagraph] = []
    start = 0
    for paragraph in text.split("\n\n"):
        end = start + len(paragraph)
        is_last = end >= len(text)
        here = [mark for mark in waiting if mark[0] <= end or is_last]
        waiting = waiting[len(here) :]
        if paragraph.strip() or here:
            paragraphs.append(MarkedParagraph(_pieces(paragraph, start, here)))
        start = end + 2
    return paragraphs


def _pieces(paragraph: str, start: int, marks: Sequence[tuple[int, Mark]]) -> list[Piece]:
    pieces: list[Piece] = []
    done = 0
    for place, mark in marks:
        at = min(max(place - start, done), len(paragraph))
        pieces += [paragraph[done:at], mark]
        done = at
    pieces.append(paragraph[done:])
    return [piece for piece in pieces if piece]
