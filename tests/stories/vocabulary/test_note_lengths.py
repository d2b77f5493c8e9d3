"""Notes fit their columns, and are cut where it reads best."""

import pytest

from stories.models import Chapter, Choice
from stories.vocabulary import note_lengths
from stories.vocabulary.note_lengths import NoteLength, fitted
from stories.workflow.prompts.notes import ChapterNotes, EndingNotes

LENGTHS = [each for each in vars(note_lengths).values() if isinstance(each, NoteLength)]


@pytest.mark.parametrize(
    ("text", "length", "kept"),
    [
        ("The lantern", 11, "The lantern"),
        ("The lantern glows", 12, "The lantern…"),
        ("The lantern glows", 14, "The lantern…"),
        ("The lantern, it glows", 15, "The lantern…"),
        ("Lanterns", 5, "Lant…"),
        ("", 5, ""),
    ],
)
def test_a_text_is_cut_behind_a_word(text: str, length: int, kept: str) -> None:
    assert fitted(text, length) == kept
    assert len(kept) <= length


def test_all_that_is_asked_for_is_accepted_and_all_that_is_accepted_is_stored() -> None:
    assert len(LENGTHS) == 13
    assert all(each.asked <= each.accepted <= each.stored for each in LENGTHS)


def test_schemas_and_columns_have_the_lengths_of_the_table() -> None:
    for schema in (ChapterNotes, EndingNotes):
        title = schema.model_json_schema()["properties"]["title"]
        assert title["maxLength"] == note_lengths.TITLE.asked
    columns = {
        (Chapter, "title"): note_lengths.TITLE,
        (Chapter, "question"): note_lengths.QUESTION,
        (Choice, "text"): note_lengths.CHOICE,
        (Choice, "description"): note_lengths.CHOICE_DESCRIPTION,
        (Choice, "impact"): note_lengths.CHOICE_DESCRIPTION,
    }
    for (model, field), length in columns.items():
        assert getattr(model._meta.get_field(field), "max_length", None) == length.stored
