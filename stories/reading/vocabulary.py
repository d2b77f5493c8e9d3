"""Which words of a text a child may not know.

An estimate, without knowledge of frequencies: a list of everyday words per language
(`common/*.txt`, base forms, compiled by hand for this project) takes away what a child knows, with
light stemming; what is left is ranked by length, since rarer words are longer on the whole (Zipf's
law of abbreviation). Words that never stand in lower case are taken for names, which costs a few
rare words at the starts of sentences. Hebrew stemming takes off prefix letters and common endings
only, so inflected everyday verbs slip through.
"""

# ruff: noqa: RUF001 - the signs of other scripts are meant

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from stories.reading.words import words
from stories.vocabulary.brief import OTHERS_STAND_INS, STAND_INS, primary_language

_COMMON = Path(__file__).parent / "common"
_LONGEST = 20  # letters; beyond this it is a cry or an accident
_SHAPES = {
    "en": re.compile(r"[a-z]{4,}"),
    "es": re.compile(r"[a-zñáéíóúü]{5,}"),
    "he": re.compile(r"[א-ת]{4,}"),
}
_ANY_SHAPE = re.compile(r"[^\W\d_]{5,}")

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
_HEBREW_PREFIX = re.compile("^[ובכלמשה]{1,3}")
_HEBREW_ENDING = re.compile("(?:ים|ות|יה|יו|תי|נו|תם|כם|הם|ה|ת|י|ו)$")


def rare_words(text: str, language: str, count: int) -> list[str]:
    """Up to `count` different words as the text writes them (in lower case), rarest first."""
    tag = primary_language(language)
    shape = _SHAPES.get(tag, _ANY_SHAPE)
    stand_ins = (*STAND_INS.get(tag, ()), *OTHERS_STAND_INS.get(tag, ()))
    names = {name.lower() for name in stand_ins}
    candidates = dict.fromkeys(
        word
        for word in words(text, language)
        if len(word) <= _LONGEST and shape.fullmatch(word) and word not in names
    )
    unknown = [word for word in candidates if not _is_common(word, tag)]
    return sorted(unknown, key=len, reverse=True)[:count]


def _is_common(word: str, tag: str) -> bool:
    known = _known(tag)
    return any(form in known for form in _forms(tag)(word))


def _forms(tag: str) -> Callable[[str], Iterator[str]]:
    return {"en": _english_forms, "es": _spanish_forms, "he": _hebrew_forms}.get(tag, _as_it_is)


@lru_cache
def _known(tag: str) -> frozenset[str]:
    path = _COMMON / f"{tag}.txt"
    listed = path.read_text(encoding="utf-8").split() if tag in _SHAPES else []
    return frozenset(listed) | {_spanish_stem(word) for word in listed if tag == "es"}


def _as_it_is(word: str) -> Iterator[str]:
    yield word


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


def _hebrew_forms(word: str) -> Iterator[str]:
    prefix = _HEBREW_PREFIX.search(word)
    for cut in range(len(prefix[0]) + 1 if prefix else 1):
        rest = word[cut:]
        bare = _HEBREW_ENDING.sub("", rest)
        yield from (rest, bare, bare + "ה")
