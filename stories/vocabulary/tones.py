"""The tones of stories."""

from enum import StrEnum


class Tone(StrEnum):
    """A story's tone; ANY leaves it to the draw."""

    ANY = ""
    COSY = "cosy"
    FUNNY = "funny"
    ADVENTURE = "adventure"
    MYSTERY = "mystery"
