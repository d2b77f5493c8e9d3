"""Where words and sentences begin and end, in any script that separates words.

Everything here takes linear time, whatever the text.
"""

# ruff: noqa: RUF001 - the signs of other scripts are meant

import re
import unicodedata
from itertools import pairwise

from stories.vocabulary.languages import language_of, sentence_ends

# Vowel points and accents that have no composed letter: readers need them, counting does not.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]+")
# Typed in place of the sign that marks Hebrew abbreviations.
_TYPED_GERSHAYIM = re.compile('(?<=[א-ת])"(?=[א-ת])')
_WORD = re.compile("[^\\W_]+(?:['’׳״-][^\\W_]+)*")

_OPENERS = "\"'“‘«„([{¿¡—–-"
_CLOSERS = "\"'”’»“)]}—–"


def words(text: str, language: str) -> list[str]:  # noqa: ARG001 - the same rules serve all so far
    """The words and numbers of a text, without marks that stand outside a letter.

    "well-known" and "didn't" are one word each, "בן־דוד" is two.
    """
    return _WORD.findall(_TYPED_GERSHAYIM.sub("״", _MARKS.sub("", _composed(text))))


def sentence_count(text: str, language: str) -> int:
    """Sentences that hold at least one letter or digit; a paragraph's end ends a sentence."""
    abbreviations = frozenset(f"{word}." for word in language_of(language).abbreviations)
    return sum(_sentences_in(paragraph, abbreviations) for paragraph in text.split("\n\n"))


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _sentences_in(paragraph: str, abbreviations: frozenset[str]) -> int:
    chunks = [chunk for chunk in paragraph.split() if any(map(str.isalnum, chunk))]
    borders = pairwise(chunks)
    ended = sum(
        _is_end(chunk, abbreviations) and not _goes_on(following) for chunk, following in borders
    )
    return ended + bool(chunks)


def _is_end(chunk: str, abbreviations: frozenset[str]) -> bool:
    bare = chunk.rstrip(_CLOSERS)
    return bare.endswith(tuple(sentence_ends())) and (
        bare.lstrip(_OPENERS).lower() not in abbreviations
    )


def _goes_on(following: str) -> bool:
    """Whether a chunk goes on with a sentence, as in: "Look!" said the owl."""
    return following.lstrip(_OPENERS)[:1].islower()
