"""The glossary: meanings of words that stories use and children may not know, written by hand for
this project; each language has its own (`glossary.toml`).

A wrong meaning is worse than none. So no word of a text is cut down to a stem: each word of the
glossary is put into the forms that its kind has in the language, and found in these alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from stories.reading.words import words
from stories.vocabulary.languages import Language, language_of

FILE = "glossary.toml"
_FORMS, _NOT = "forms", "not"
# Hebrew joins up to three words to the next one, the longest of two letters; but a rest of two
# letters is as well the end of another word.
_MAX_JOINED_LETTERS = 4
_MIN_LETTERS_JOINED_TO = 3

_Words = Annotated[tuple[str, ...], BeforeValidator(lambda text: str(text).split())]


class _File(BaseModel):
    """`glossary.toml`. `words` have a meaning, or a table of it by its kind, with more `forms` and
    those that are another word, too (`not`). `kinds` have endings of words, and for them those
    of the other forms. For languages without capitals and with joined words, `titles` stand before
    names, and `joined` are patterns of what is joined to a word of each kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: dict[str, str | dict[str, str]]
    kinds: dict[str, dict[str, _Words]] = {}
    joined: dict[str, re.Pattern[str]] = {}
    titles: _Words = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    word: str
    meaning: str
    kind: str = ""
    forms: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def explained(text: str, language: str, count: int) -> list[tuple[str, str]]:
    """Up to `count` pairs of word and meaning for a text, in the order in which they stand there.

    A word is given in its base form. Long words come first where there are more.
    """
    meanings = glossary_of(language_of(language))
    found = list(dict.fromkeys(word for _, word in found_in(text, language)))
    kept = sorted(found, key=len, reverse=True)[:count]
    return [(word, meanings[word]) for word in found if word in kept]


def found_in(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Words of a text that the glossary explains, as they stand there and in base form."""
    written = language_of(language)
    titles = _file(written).titles
    before = ""
    for word in words(text, language):
        base = "" if before in titles else _base(word, written)
        if base:
            yield word, base
        before = word


@cache
def glossary_of(language: Language) -> dict[str, str]:
    """Meanings by word, in base form and lower case. Raises ValueError for a file that will not
    do."""
    return {word: entry.meaning for word, entry in _entries(language).items()}


def forms_of(word: str, language: Language) -> Iterator[str]:
    """The forms in which a word of the glossary is found."""
    entry = _entries(language)[word]
    made = (word, *_inflected(entry, _file(language)), *entry.forms)
    yield from (form for form in dict.fromkeys(made) if form not in entry.excluded)


@cache
def _file(language: Language) -> _File:
    return _File.model_validate(language.toml(FILE))


@cache
def _entries(language: Language) -> dict[str, _Entry]:
    listed = _file(language)
    entries = (_entry(word.casefold(), told, listed) for word, told in listed.words.items())
    return {entry.word: entry for entry in entries}


def _entry(word: str, told: str | dict[str, str], listed: _File) -> _Entry:
    if isinstance(told, str):
        return _Entry(word, told)
    kinds = told.keys() - {_FORMS, _NOT}
    if len(kinds) != 1 or not kinds <= listed.kinds.keys():
        raise ValueError(f"{FILE}, {word}: {sorted(kinds)} is not one of {sorted(listed.kinds)}")
    (kind,) = kinds
    forms, excluded = told.get(_FORMS, "").split(), told.get(_NOT, "").split()
    return _Entry(word, told[kind], kind, tuple(forms), tuple(excluded))


def _inflected(entry: _Entry, listed: _File) -> Iterator[str]:
    fitting = {
        ending: instead
        for endings, instead in listed.kinds.get(entry.kind, {}).items()
        for ending in endings.split() or [""]
        if entry.word.endswith(ending)
    }
    ending = max(fitting, key=len, default="")
    stem = entry.word.removesuffix(ending)
    yield from (stem + instead for instead in fitting.get(ending, ()))


@cache
def _index(language: Language) -> dict[str, _Entry]:
    """The glossary's words by each form; a word as it is listed before another's form."""
    entries = _entries(language)
    made = {form: entry for word, entry in entries.items() for form in forms_of(word, language)}
    return entries | made | {word: each for word, each in entries.items() if word in made}


@cache
def _everyday(language: Language) -> frozenset[str]:
    return frozenset(language.text("common.txt").split())


def _base(word: str, language: Language) -> str:
    """The glossary's word for one of a text, "" where it has none."""
    index, joined = _index(language), _file(language).joined
    if word in index:
        return "" if word in index[word].excluded else index[word].word
    if word in _everyday(language):
        return ""
    for cut in range(1, min(_MAX_JOINED_LETTERS, len(word) - _MIN_LETTERS_JOINED_TO) + 1):
        entry = index.get(word[cut:])
        pattern = joined.get(entry.kind) if entry else None
        if entry and pattern and pattern.fullmatch(word[:cut]):
            return "" if word in entry.excluded else entry.word
    return ""
