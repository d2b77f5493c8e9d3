"""Repair of a structured answer that violates its schema.

An object cut off in the middle, plain strings where objects were asked for, other names for the
same fields.
"""

from typing import Any

from stories.safety.cleaning import cleaned
from stories.safety.structured import found_in, whole_part

_TEXT_KEYS = ("text", "choice", "option", "title", "label", "action")
_DESCRIPTION_KEYS = ("description", "impact", "hint", "consequence")
_WORD_KEYS = ("word", "term")
_MEANING_KEYS = ("meaning", "definition", "explanation")


def loaded(raw: str) -> dict[str, Any]:
    """The first JSON object in `raw`, as far as its values are whole; {} where there is none."""
    found = found_in(raw)
    return found.whole[0] if found.whole else whole_part(found.torn)


def line(value: Any) -> str:
    """A text field on one line, cleaned as prose is; "" for anything else."""
    return " ".join(cleaned(value).split()) if isinstance(value, str) else ""


def lines(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in map(line, values) if text]


def choices(value: Any) -> list[tuple[str, str]]:
    """Pairs of text and description."""
    pairs = _pairs(value, _TEXT_KEYS, _DESCRIPTION_KEYS)
    return list({text.casefold(): (text, about) for text, about in pairs if text}.values())


def vocabulary(value: Any) -> list[tuple[str, str]]:
    """Pairs of word and meaning."""
    if isinstance(value, dict):
        value = [{"word": word, "meaning": meaning} for word, meaning in value.items()]
    return [pair for pair in _pairs(value, _WORD_KEYS, _MEANING_KEYS) if all(pair)]


def _pairs(
    value: Any, first_keys: tuple[str, ...], second_keys: tuple[str, ...]
) -> list[tuple[str, str]]:
    items = value if isinstance(value, list) else []
    return [
        (_first(item, first_keys), _first(item, second_keys))
        if isinstance(item, dict)
        else (line(item), "")
        for item in items
    ]


def _first(item: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := line(item.get(key)))), "")
