"""Measures of a text that need no model and no network: words, difficulty, reading time."""

from stories.reading.glossary import explained
from stories.reading.levels import Target, difficulty, level_of, target
from stories.reading.measures import Measures, measure
from stories.reading.pace import reading_minutes
from stories.reading.vocabulary import forms, is_everyday, keys, rare_words
from stories.reading.words import words

__all__ = [
    "Measures",
    "Target",
    "difficulty",
    "explained",
    "forms",
    "is_everyday",
    "keys",
    "level_of",
    "measure",
    "rare_words",
    "reading_minutes",
    "target",
    "words",
]
