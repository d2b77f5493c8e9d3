"""Quoting of families' and models' words, as data in a prompt: inside tags it cannot forge."""

import re

from stories.vocabulary.visible import visible

MAX_FIELD_CHARACTERS = 300


def quoted(tag: str, text: str, longest: int = MAX_FIELD_CHARACTERS) -> str:
    """`<tag>text</tag>` on one line, cut at `longest` characters; "" where there is no text."""
    line = " ".join(visible(text).split())[:longest]
    return f"<{tag}>{line}</{tag}>" if line else ""


def quoted_story(tag: str, text: str) -> str:
    """The same for prose of a story, which keeps its paragraphs and its length."""
    prose = re.sub(r"\n{3,}", "\n\n", visible(text)).strip()
    return f"<{tag}>\n{prose}\n</{tag}>"
