"""The glossary: meanings of words that stories use and children may not know, written by hand for
this project; each language has its own (`glossary.toml`)."""

from functools import cache

from stories.reading.vocabulary import forms, keys
from stories.reading.words import words
from stories.vocabulary.languages import Language, language_of

FILE = "glossary.toml"
# A shorter stem, its mark counted, is that of several words: faro, farol.
_MIN_STEM_LETTERS = 6


def explained(text: str, language: str, count: int) -> list[tuple[str, str]]:
    """Up to `count` pairs of word and meaning for a text, in the order in which they stand there.

    A word is given in its base form. Long words come first where there are more.
    """
    written = language_of(language)
    index, meanings = _index(written), glossary_of(written)
    bases = (
        next((index[form] for form in forms(word, written) if form in index), "")
        for word in words(text, language)
    )
    found = [base for base in dict.fromkeys(bases) if base]
    kept = sorted(found, key=len, reverse=True)[:count]
    return [(base, meanings[base]) for base in found if base in kept]


@cache
def glossary_of(language: Language) -> dict[str, str]:
    """Meanings by word, in base form and lower case."""
    listed: dict[str, str] = language.toml(FILE)["words"]
    return {word.casefold(): meaning for word, meaning in listed.items()}


@cache
def _index(language: Language) -> dict[str, str]:
    """Words of the glossary by each form that finds them; a word itself before another's stem."""
    listed = glossary_of(language)
    by_stem = {
        key: word
        for word in listed
        for key in keys(word, language)
        if len(key) >= _MIN_STEM_LETTERS
    }
    return by_stem | {word: word for word in listed}
