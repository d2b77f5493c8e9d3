"""State of the graph: a state that a checkpointer can store, and a context that it cannot."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

from pydantic import TypeAdapter

from stories.safety.judge import Judgement
from stories.vocabulary.brief import StoryBrief
from stories.workflow.progress import ProgressMeter
from stories.workflow.resources import ChapterResources
from stories.workflow.resume import Resume
from stories.workflow.steps import ChapterDraft, Step

Emit = Callable[[Step], None]


_drafts = TypeAdapter(ChapterDraft)
_judgements = TypeAdapter(Judgement)


class ChapterState(TypedDict, total=False):
    """JSON only, and all text in stand-in form: checkpoints keep it.

    `attempt` counts from 1 over every new start, `version` from 0 over the texts that were shown
    whole; `judgement` is of the last of them, and `draft` is the finished chapter. `is_guarded`:
    a guard model is known to have passed all of the text.
    """

    text: str
    attempt: int
    version: int
    is_guarded: bool
    judgement: dict[str, Any]
    draft: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """Shared context of a run's nodes; `resume` is what the log said when the run was claimed."""

    brief: StoryBrief
    resources: ChapterResources
    progress: ProgressMeter
    resume: Resume


def judgement_from_json(stored: dict[str, Any]) -> Judgement:
    return _judgements.validate_python(stored)


def draft_to_json(draft: ChapterDraft) -> dict[str, Any]:
    stored: dict[str, Any] = _drafts.dump_python(draft, mode="json")
    return stored


def draft_from_json(stored: dict[str, Any]) -> ChapterDraft:
    return _drafts.validate_python(stored)
