"""Thoughts without any mark at the beginning of an answer, told by a language's `outcome.toml`."""

import re
from functools import cache

from stories.safety.prose import Aside
from stories.vocabulary.languages import Language
from stories.workflow.asked import outcome_words, without_speech

_DASHES = ("\u2014", "\u2013")
_OF_PAUSES = " \t\n.,!?\u2026\u00a1\u00bf:;"


def aside_in(sentence: str, row: Language) -> Aside | None:
    """The kind of aside that a sentence is, if any, among the first of an answer."""
    if sentence.lstrip().startswith(_DASHES):
        return None
    told = without_speech(sentence).replace("\u2019", "'").casefold().strip()
    known = outcome_words(row).thoughts
    if _any_in(told, known.talk, known.lead):
        return Aside.THOUGHT
    if re.fullmatch("|".join(known.pauses) or r"(?!)", told.strip(_OF_PAUSES)):
        return Aside.PAUSE
    return Aside.PLAN if _any_in(told, known.plans, "") else None


def _any_in(told: str, patterns: tuple[str, ...], lead: str) -> bool:
    return any(pattern.search(told) for pattern in _compiled(patterns, lead))


@cache
def _compiled(patterns: tuple[str, ...], lead: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern.replace("{lead}", lead)) for pattern in patterns)
