"""Text in its visible form: compatible forms made one, signs of tags and of control replaced."""

import unicodedata

_TAG_SIGNS = str.maketrans({"<": "\u2039", ">": "\u203a", "`": "'"})
# Cc and Cf hold control characters, zero-width characters and changes of direction.
_HIDDEN = {"Cc", "Cf"}


def visible(text: str) -> str:
    """The text with a space for each hidden character; line breaks stay."""
    text = unicodedata.normalize("NFKC", text).translate(_TAG_SIGNS)
    return "".join(c if c == "\n" or unicodedata.category(c) not in _HIDDEN else " " for c in text)
