"""What can be measured in a text without a model or a network: words, difficulty, reading time."""

from stories.reading.measures import Measures, measure
from stories.reading.pace import reading_minutes
from stories.reading.vocabulary import rare_words
from stories.reading.words import words

__all__ = ["Measures", "measure", "rare_words", "reading_minutes", "words"]
