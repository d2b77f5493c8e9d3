"""How long the notes on a chapter may be: the one table for prompts, checks and columns."""

from typing import NamedTuple


class NoteLength(NamedTuple):
    """In characters: as much as a model is asked for, as much as is accepted of its answer before
    our own words take its place, and as much as is stored once the family's names are put in.

    The first is about twice what is wanted: a grammar that cuts a model off in the middle of a word
    does more harm than a long line.
    """

    asked: int
    accepted: int
    stored: int


TITLE = NoteLength(80, 120, 120)
QUESTION = NoteLength(160, 160, 300)
CHOICE = NoteLength(80, 300, 300)
CHOICE_DESCRIPTION = NoteLength(160, 300, 300)
WORD = NoteLength(40, 80, 120)
MEANING = NoteLength(160, 160, 300)
SUMMARY = NoteLength(400, 600, 600)
LEARNING = NoteLength(80, 600, 600)
# Of a story's memory and plan, which are stored in stand-in form.
WHO = NoteLength(40, 80, 80)
FACT = NoteLength(80, 300, 300)
SHOWN_BY = NoteLength(240, 600, 600)
THREAD = NoteLength(120, 300, 300)
PLAN_LINE = NoteLength(120, 300, 300)


def fitted(text: str, length: int) -> str:
    """The text, cut behind a word and marked with an ellipsis if it is too long."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    if not text[length - 1].isspace():
        kept = kept.rpartition(" ")[0] or kept
    return kept.rstrip(" ,;:\u2014\u2013-") + "\u2026"
