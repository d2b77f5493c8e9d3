"""Rare words of a text, which a child may not know.

An estimate, without knowledge of frequencies: a list of everyday words (a language's `common.txt`,
base forms, compiled by hand for this project) takes away what a child knows, with light stemming;
what is left is ranked by length, since rarer words are longer on the whole (Zipf's law of
abbreviation). Words that never stand in lower case are taken for names, which costs a few rare
words at the starts of sentences. Hebrew stemming takes off prefix letters and common endings only,
so inflected everyday verbs slip through.
"""

# ruff: noqa: RUF001 - the signs of other scripts are meant

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import assert_never

from stories.reading.words import words
from stories.vocabulary.languages import Language, language_of

_MAX_LETTERS = 20  # beyond this it is a cry or an accident
_MAX_JOINED = 3

_ENGLISH_ENDINGS = (
    ("ies", "y"), ("ied", "y"), ("ier", "y"), ("iest", "y"), ("ily", "y"), ("es", ""), ("s", ""),
    ("ed", ""), ("d", ""), ("ing", ""), ("ing", "e"), ("er", ""), ("r", ""), ("est", ""),
    ("st", ""), ("ly", ""), ("y", ""), ("ful", ""), ("less", ""),
)  # fmt: skip
_SPANISH_ENDING = re.compile(
    r"(?:(?:ar|er|ir|ando|iendo|ado|ada|ido|ida|aba|ía|ió|ó|é|í|ará|erá|irá|ase|ara|iera)"
    r"(?:s|n|mos|is|ron)?|aron|ieron|amos|emos|imos|aste|iste"
    r"|it[oa]s?|mente|[aeo]s?|[aeo]n|es)"
    r"(?:me|te|se|lo|la|le|los|las|les|nos)?$"
)
_HEBREW_ENDING = re.compile("(?:ים|ות|יה|יו|תי|נו|תם|כם|הם|ה|ת|י|ו)$")


def rare_words(text: str, language: str, count: int) -> list[str]:
    """Up to `count` different words as the text writes them (in lower case), rarest first."""
    written = language_of(language)
    shape = re.compile(f"[{written.letters}]{{{written.rare_word_letters},}}")
    names = _stand_in_names(written)
    candidates = dict.fromkeys(
        word
        for word in words(text, language)
        if len(word) <= _MAX_LETTERS and shape.fullmatch(word) and word not in names
    )
    unknown = [word for word in candidates if not is_everyday(word, written)]
    return sorted(unknown, key=len, reverse=True)[:count]


def outside_list(found: Iterable[str], language: Language) -> list[str]:
    """The words, of those as a text has them, that are no everyday ones. Names count as known, and
    so do contractions."""
    shape = _whole(language)
    return [word for word in found if shape.fullmatch(word) and not _is_known(word, language)]


def is_everyday(word: str, language: Language) -> bool:
    """True for a word, in lower case, known to children."""
    known = _known(language)
    return any(form in known for form in forms(word, language))


def forms(word: str, language: Language) -> Iterable[str]:
    """The word and its possible base forms."""
    match language.stemming:
        case "english":
            return _english_forms(word)
        case "spanish":
            return _spanish_forms(word)
        case "hebrew":
            return _hebrew_forms(word, language.joined_letters)
        case "none":
            return (word,)
        case never:
            assert_never(never)


@lru_cache(maxsize=65536)
def _is_known(word: str, language: Language) -> bool:
    names = _stand_in_names(language)
    return is_everyday(word, language) or any(form in names for form in forms(word, language))


@cache
def _whole(language: Language) -> re.Pattern[str]:
    return re.compile(f"[{language.letters}]+")


@cache
def _stand_in_names(language: Language) -> frozenset[str]:
    return frozenset(name.lower() for name in (*language.stand_ins, *language.other_stand_ins))


@cache
def _known(language: Language) -> frozenset[str]:
    listed = language.text("common.txt").split()
    return frozenset(key for word in listed for key in keys(word, language))


def keys(word: str, language: Language) -> tuple[str, ...]:
    """The forms by which a listed word is found: one of them is a form of each inflected word."""
    return (word, _spanish_stem(word)) if language.stemming == "spanish" else (word,)


def _english_forms(word: str) -> Iterator[str]:
    yield word
    for ending, instead in _ENGLISH_ENDINGS:
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            yield stem + instead
            if stem[-1:] == stem[-2:-1]:
                yield stem[:-1]


def _spanish_forms(word: str) -> Iterator[str]:
    yield word
    yield word.removesuffix("s")
    yield _spanish_stem(word)


def _spanish_stem(word: str) -> str:
    """The word without its ending and with a mark, so that a stem is never taken for a word."""
    return _SPANISH_ENDING.sub("", word) + "-"


def _hebrew_forms(word: str, joined_letters: str) -> Iterator[str]:
    joined = len(word) - len(word.lstrip(joined_letters))
    for cut in range(min(joined, _MAX_JOINED) + 1):
        rest = word[cut:]
        bare = _HEBREW_ENDING.sub("", rest)
        yield from (rest, bare, bare + "ה")
