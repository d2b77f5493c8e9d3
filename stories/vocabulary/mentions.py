"""Mentions: how many of a phrase's longer words stand in a text, however they are inflected."""

from collections.abc import Collection, Iterator

from .folding import fold, words_of
from .languages import Language, language_of

_MIN_LETTERS = 4
# A language that joins small words to the next one writes its nouns with fewer letters.
_MIN_LETTERS_WHERE_JOINED = 3
_STEM_LETTERS = 5


def mentions(phrase: str, text: str, language: str, *, ignoring: Collection[str] = ()) -> int:
    """The count of the phrase's words in the text; `ignoring` are words, in lower case, that say
    nothing about it."""
    folded = fold(text).text
    return sum(
        any(form in folded for form in forms)
        for forms in _stems(phrase, language_of(language), ignoring)
    )


def says_anything(phrase: str, language: str, *, ignoring: Collection[str] = ()) -> bool:
    """True when a phrase has a word that could be looked for."""
    return any(_stems(phrase, language_of(language), ignoring))


def _stems(phrase: str, row: Language, ignoring: Collection[str]) -> Iterator[tuple[str, ...]]:
    """The beginnings of each word, with and without a letter that may be joined to it."""
    least = _MIN_LETTERS_WHERE_JOINED if row.joined_letters else _MIN_LETTERS
    for word in dict.fromkeys(words_of(phrase)):
        if len(word) < least or word in ignoring:
            continue
        bare = word[1:] if word[0] in row.joined_letters and len(word) > least else word
        yield tuple(dict.fromkeys((word[:_STEM_LETTERS], bare[:_STEM_LETTERS])))
