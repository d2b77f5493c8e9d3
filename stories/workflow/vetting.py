"""The guard model's check of the editor's notes, before anyone sees them.

The gate's own layers have passed each part by then. The guard reads them all at once, and one by
one only where something is wrong with them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from stories.safety.guard import NAME, Guard
from stories.safety.layers import Passage
from stories.safety.verdict import Verdict
from stories.workflow.state import Emit
from stories.workflow.steps import ChapterDraft, HeldBack

_FIELDS = {
    "title": "title",
    "question": "question",
    "choices": "choice",
    "vocabulary": "vocabulary",
    "summary": "summary",
    "educational_elements": "learning",
    "memory": "memory",
}


class Opinion(NamedTuple):
    """The names of the notes stopped by the guard; `is_guarded` says that it has seen them all."""

    unfit: frozenset[str]
    is_guarded: bool


async def vet_notes(draft: ChapterDraft, attempt: int, guard: Guard, emit: Emit) -> Opinion:
    """The guard's verdict on the notes."""
    parts = _parts(draft)
    unfit, is_guarded = await unfit_among(parts, guard)
    for name in sorted(unfit):
        emit(HeldBack(attempt, _FIELDS[name], parts[name], "", unfit[name]))
    return Opinion(frozenset(unfit), is_guarded)


async def unfit_among(parts: Mapping[str, str], guard: Guard) -> tuple[dict[str, Verdict], bool]:
    """The verdicts on the parts that the guard stops, by their names, and whether it has seen them
    all; where it only says that they are unfit together, all are."""
    if not parts:
        return {}, True
    verdict = await guard.examine(Passage("\n".join(parts.values())))
    is_guarded = NAME in verdict.layers
    if verdict.approved:
        return {}, is_guarded
    verdicts = {}
    if verdict.category != "failure":
        verdicts = {name: await guard.examine(Passage(text)) for name, text in parts.items()}
    unfit = {name: found for name, found in verdicts.items() if not found.approved}
    return unfit or dict.fromkeys(parts, verdict), is_guarded


def _parts(draft: ChapterDraft) -> dict[str, str]:
    texts = {
        "title": draft.title,
        "question": draft.question,
        "choices": "\n".join(f"{choice.text}. {choice.description}" for choice in draft.choices),
        "vocabulary": "\n".join(f"{word.word}: {word.meaning}" for word in draft.vocabulary),
        "summary": draft.summary,
        "educational_elements": "\n".join(draft.educational_elements),
        "memory": "\n".join(draft.memory.lines),
    }
    return {name: text for name, text in texts.items() if text}
