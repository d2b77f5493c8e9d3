"""A chapter's notes as the family reads them: their own names in the place of the stand-ins."""

from dataclasses import dataclass

from stories.models import TITLE_LENGTH
from stories.vocabulary.brief import Pseudonym
from stories.vocabulary.events import VocabularyWord
from stories.workflow import ChapterDraft


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
    reveal = name.reveal
    return RevealedNotes(
        title=reveal(draft.title)[:TITLE_LENGTH],
        question=reveal(draft.question),
        choices=tuple(
            RevealedChoice(reveal(one.text), reveal(one.description), reveal(one.impact))
            for one in draft.choices
        ),
        vocabulary=tuple(
            VocabularyWord(word=reveal(one.word), meaning=reveal(one.meaning))
            for one in draft.vocabulary
        ),
        educational_elements=tuple(map(reveal, draft.educational_elements)),
    )
