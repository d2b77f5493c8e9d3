"""Words, where they begin and end, in any script that separates them; and how many sentences.

Everything here takes linear time, whatever the text.
"""

# ruff: noqa: RUF001 - the signs of other scripts are meant

import re
import unicodedata

from stories.safety.sentences import split

# Vowel points and accents that have no composed letter: readers need them, counting does not.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]+")
# Typed in place of the sign that marks Hebrew abbreviations.
_TYPED_GERSHAYIM = re.compile('(?<=[א-ת])"(?=[א-ת])')
_WORD = re.compile("[^\\W_]+(?:['’׳״-][^\\W_]+)*")


def words(text: str, language: str) -> list[str]:  # noqa: ARG001 - the same rules serve all so far
    """The words and numbers of a text, without marks that stand outside a letter.

    "well-known" and "didn't" are one word each, "בן־דוד" is two.
    """
    return _WORD.findall(_TYPED_GERSHAYIM.sub("״", _MARKS.sub("", _composed(text))))


def sentence_count(text: str, language: str) -> int:
    """Sentences with at least one letter or digit."""
    return sum(any(map(str.isalnum, sentence)) for sentence in split(text, language))


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
