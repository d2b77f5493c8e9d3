"""A child's profile as enums that know no Django: what stories are told of a child, in words."""

from enum import StrEnum


class ReadingLevel(StrEnum):
    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Pronoun(StrEnum):
    """The hero's pronoun in stories; OPEN leaves it at the name."""

    OPEN = ""
    SHE = "she"
    HE = "he"
    THEY = "they"
