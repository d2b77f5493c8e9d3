"""The forms of a text in which rules look for words: disguises taken off, words apart.

`plain` undoes what Unicode offers for disguise and keeps words and their order. `disguises` adds
the readings that a disguised word may have (leetspeak, s.p.a.c.i.n.g, stretched letters); it is
empty for nearly every honest sentence.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

_TILDE = "\u0303"
# Control characters but white space: the letters on their two sides are read as one word.
_CONTROLS = bytes(
    code for code in range(128) if not (chr(code).isprintable() or chr(code).isspace())
)
# Letters that nobody can see.
_FILLERS = "\u115f\u1160"
_LOOKALIKES = str.maketrans(
    dict(
        zip(
            "авекмнорстухіјѕԁɡһӏԛԝьёїгпАВЕКМНОРСТУХІЈЅαβεηικμνορστυχγωΑΒΕΖΗΙΚΜΝΟΡΤΥΧıłøđɑɩʋ",
            "abekmhopctyxijsdghlqwbeirnABEKMHOPCTYXIJSabenikuvopotuxywABEZHIKMNOPTYXilodaiu",
            strict=True,
        )
    )
)
_LEET = str.maketrans("013457894@$!|€£+", "oieastbgaasilelt")
_LEET_WORD = re.compile(
    r"(?<![\w@$])(?=\S*[^\W\d_])[\w@$!|€£+]*[\d@$!|€£+](?:[\w@$!|€£+]*[^\W_]|(?<=[$@]))"
)
_SPACED = re.compile(
    r"(?<![^\W_])[^\W_](?P<gap>[ .\-_*·•,/|]{1,3})(?:[^\W_](?P=gap))+[^\W_](?![^\W_])"
)
_LETTER_APART = re.compile(r"(?<![^\W_])[^\W_](?:[ .\-_*·•,/|]{1,3}[^\W_])*[ .\-_*·•,/|]*\Z")
_LEET_ELL = str.maketrans("1!|", "lll")
_CAPITAL_EYE = re.compile(r"(?<=[a-z])I+(?![A-Z])")
_INNER_MARK = re.compile(r"(?<=[^\W\d_])[.\-_*·•־/|#%^~+=:;,]{1,3}(?=[^\W\d_])")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_APART = re.compile(r"[\W_]+")
_WORD_CUT = re.compile(r"\S+\Z")


def plain(text: str) -> str:
    """The text without invisible characters, accents, niqqud and foreign look-alike letters.

    Spanish ñ stays, since "año" and "ano" are two words. Case stays too, for excerpts and for the
    rules that need it.
    """
    if text.isascii():
        # As bytes, which takes a microsecond for a page, where a regular expression takes twenty.
        return text.encode("ascii").translate(None, _CONTROLS).decode("ascii")
    return "".join(map(_plain_char, unicodedata.normalize("NFKC", text)))


@lru_cache(maxsize=4096)
def _plain_char(char: str) -> str:
    kept = []
    decomposed = unicodedata.normalize("NFD", char)
    for part in decomposed:
        category = unicodedata.category(part)
        if category[0] == "M" and not (part == _TILDE and decomposed[0] in "nN"):
            continue
        if (category in {"Cf", "Cc"} and not part.isspace()) or part in _FILLERS:
            continue
        kept.append(part)
    return unicodedata.normalize("NFC", "".join(kept))


def latinised(text: str) -> str:
    """The text with the Cyrillic, Greek and other letters that look Latin as Latin ones."""
    return text if text.isascii() else text.translate(_LOOKALIKES)


@lru_cache(maxsize=32)  # several rule books look at one text
def disguises(text: str) -> tuple[str, ...]:
    """Other readings of a plain text, one for each kind of disguise found in it."""
    return tuple(_readings(text))


def _readings(text: str) -> Iterator[str]:
    together = text
    for disguise, uncover in _DISGUISES:
        if disguise.search(together):
            together = disguise.sub(uncover, together)
            yield together
    if _SPACED.search(text):
        # "a k i l l e r": the first letter may be a word of its own.
        yield _SPACED.sub(lambda spaced: _APART.sub("", spaced[0][1:]), text)
    if _LEET_WORD.search(text):
        # "ki11": a one is as often an l as an i.
        yield _LEET_WORD.sub(lambda word: word[0].translate(_LEET_ELL).translate(_LEET), text)
    if _STRETCHED.search(text):
        yield _STRETCHED.sub(r"\1", text)
        yield _STRETCHED.sub(r"\1\1", text)


def before_letters_apart(text: str) -> str:
    """A plain text up to the first word that is spelled out letter by letter, or may come to be."""
    apart = _SPACED.search(text) or _LETTER_APART.search(text)
    return text if apart is None else _WORD_CUT.sub("", text[: apart.start()]).rstrip()


_DISGUISES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_SPACED, lambda spaced: _APART.sub("", spaced[0])),
    (_INNER_MARK, lambda _: ""),
    (_LEET_WORD, lambda word: word[0].translate(_LEET)),
    (_CAPITAL_EYE, lambda eyes: "l" * len(eyes[0])),
)
