"""Quoting of families' and models' words, as data in a prompt: inside tags it cannot forge."""

import re
import unicodedata

_TAG_SIGNS = str.maketrans({"<": "\u2039", ">": "\u203a", "`": "'"})
MAX_FIELD_CHARACTERS = 300


def quoted(tag: str, text: str, longest: int = MAX_FIELD_CHARACTERS) -> str:
    """`<tag>text</tag>` on one line, cut at `longest` characters; "" where there is no text."""
    line = " ".join(_visible(text).split())[:longest]
    return f"<{tag}>{line}</{tag}>" if line else ""


def quoted_story(tag: str, text: str) -> str:
    """The same for prose of a story, which keeps its paragraphs and its length."""
    prose = re.sub(r"\n{3,}", "\n\n", _visible(text)).strip()
    return f"<{tag}>\n{prose}\n</{tag}>"


def _visible(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).translate(_TAG_SIGNS)
    # Cc and Cf hold control characters, zero-width characters and changes of direction.
    kept = (c if c == "\n" or unicodedata.category(c) not in {"Cc", "Cf"} else " " for c in text)
    return "".join(kept)
