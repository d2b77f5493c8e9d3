"""Typed input of parents and children: made one line of ordinary characters, and admitted or
not."""

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from children.models import Child, Strictness
from stories.controls.thresholds import threshold_of
from stories.safety.gate import Gate, prose_rules
from stories.safety.layers import AvoidLayer, Passage
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import codes, primary_language

# Controls, surrogates, private use and unassigned characters; format characters stay, since emoji
# and right-to-left text are made with them.
_REFUSED = ("Cc", "Cs", "Co", "Cn")


class InvalidRequest(Exception):
    """A request out of bounds; the message gives the bounds."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def one_line(text: str) -> str:
    """`text` in normal form, with single spaces and without control characters."""
    kept = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or unicodedata.category(character) not in _REFUSED
    )
    return " ".join(kept.split())


def clean_line(field: str, text: str, longest: int, *, is_required: bool = False) -> str:
    """`text` as one line in normal form; raises InvalidRequest for an empty or too long one."""
    line = one_line(text)
    if len(line) > longest:
        raise InvalidRequest(
            field, f"{field} has {len(line)} characters: at most {longest} are allowed."
        )
    if is_required and not any(_is_visible(character) for character in line):
        raise InvalidRequest(field, f"{field} is empty: 1 to {longest} characters are needed.")
    return line


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZM"


def check_text(child: Child, language: str, **typed: str) -> None:
    """Raises InvalidRequest, with a kind answer, for the first typed field stopped by the gate."""
    gate = _gate(child, language)
    for field, text in typed.items():
        if answer := _answer(gate.check_input, text):
            raise InvalidRequest(field, answer)


def profile_problems(child: Child) -> dict[str, list[str]]:
    """Problems of a profile's typed fields: kind answers, by field."""
    gate = _gate(child, child.language)
    found = {
        "name": [_answer(gate.check_named, child.name)],
        "interests": _answers(gate.check_input, _lines(child.interests)),
        "avoid": _answers(gate.check_named, _lines(child.avoid)),
    }
    kept = {field: [answer for answer in answers if answer] for field, answers in found.items()}
    return {field: answers for field, answers in kept.items() if answers}


def checked_profile(child: Child, language: str) -> tuple[list[str], list[str]]:
    """The interests, and the things to avoid, fit to be told to a storyteller now.

    Rules grow, and children grow: what was saved once may no longer pass.
    """
    if not (child.interests or child.avoid):
        return [], []
    gate = _gate(child, language)
    interests = [item for item in child.interests if gate.check_input(item).approved]
    return interests, [item for item in child.avoid if gate.check_named(item).approved]


def checked_as(child: Child) -> AgeBand:
    """The age band by which texts for this child are checked, as the parents decided."""
    band = AgeBand.for_age(child.age)
    return band.younger if child.strictness == Strictness.GENTLE else band


def passes(child: Child, language: str) -> Callable[[str], bool]:
    """A check whether this child may be shown an authored text, line by line: by the rules for its
    age, and by what its family avoids."""
    primary, band = primary_language(language), checked_as(child)
    avoided = AvoidLayer(child.avoid) if child.avoid else None

    def passes_here(text: str) -> bool:
        is_avoided = avoided and any(
            avoided.examine(Passage(line)).severity is not Severity.PASS
            for line in text.splitlines()
        )
        return not is_avoided and _passes_rules(primary, band, text)

    return passes_here


@lru_cache(maxsize=1024)
def _passes_rules(language: str, band: AgeBand, text: str) -> bool:
    """The rules' word on an authored text: the same for every family, and slow to find out."""
    gate = Gate(language, band, layers=[prose_rules(language, band)], input_layers=())
    return all(gate.check(line).approved for line in text.splitlines())


def _gate(child: Child, language: str) -> Gate:
    band = checked_as(child)
    has_rules = primary_language(language) in codes()
    return Gate(language if has_rules else "en", band, child.avoid, threshold=threshold_of(band))


def _lines(value: Any) -> list[str]:
    """The entries of a list; what is none is for the field's own validators to name."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _answers(check: Callable[[str], Verdict], items: list[str]) -> list[str]:
    named = ((item, _answer(check, item)) for item in items)
    return [
        _("“%(entry)s”: %(answer)s") % {"entry": item, "answer": answer}
        for item, answer in named
        if answer
    ]


def _answer(check: Callable[[str], Verdict], text: str) -> str:
    """Kind words for a text that did not pass; empty for one that did."""
    verdict = check(text) if text else None
    if verdict is None or verdict.approved:
        return ""
    match verdict.category:
        case "personal_data":
            return _("Please leave out addresses, numbers and full names: a story needs none.")
        case "orders" | "leftover" | "markup":
            return _("Please say what it is about, in plain words and without instructions.")
        case "failure":
            return _("We cannot check what you typed just now. Please try again in a little while.")
        case _:
            return _("Let's think of something else: that is not for a children's story.")
