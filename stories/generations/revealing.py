"""A chapter's notes as the family reads them: their own names in the place of the stand-ins, and
then no longer than their columns."""

from dataclasses import dataclass

from stories.vocabulary.events import VocabularyWord
from stories.vocabulary.note_lengths import (
    CHOICE,
    CHOICE_DESCRIPTION,
    LEARNING,
    MEANING,
    QUESTION,
    TITLE,
    WORD,
    NoteLength,
    fitted,
)
from stories.vocabulary.pseudonym import Pseudonym
from stories.workflow.steps import ChapterDraft


@dataclass(frozen=True, slots=True)
class RevealedChoice:
    text: str
    description: str
    impact: str


@dataclass(frozen=True, slots=True)
class RevealedNotes:
    """Stored with the chapter, and told in its events."""

    title: str
    question: str
    choices: tuple[RevealedChoice, ...]
    vocabulary: tuple[VocabularyWord, ...]
    educational_elements: tuple[str, ...]


def revealed_notes(draft: ChapterDraft, name: Pseudonym) -> RevealedNotes:
    def put_in(text: str, length: NoteLength) -> str:
        return fitted(name.reveal(text), length.stored)

    return RevealedNotes(
        title=put_in(draft.title, TITLE),
        question=put_in(draft.question, QUESTION),
        choices=tuple(
            RevealedChoice(
                put_in(one.text, CHOICE),
                put_in(one.description, CHOICE_DESCRIPTION),
                put_in(one.impact, CHOICE_DESCRIPTION),
            )
            for one in draft.choices
        ),
        vocabulary=tuple(
            VocabularyWord(word=put_in(one.word, WORD), meaning=put_in(one.meaning, MEANING))
            for one in draft.vocabulary
        ),
        educational_elements=tuple(put_in(each, LEARNING) for each in draft.educational_elements),
    )
