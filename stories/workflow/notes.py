"""Asking the editor for a chapter's notes: title, question, choices, words, summary."""

import logging
from collections.abc import AsyncIterator
from typing import Any

from pydantic import BaseModel, ValidationError

from stories.plotting.telling import planned
from stories.reading import rare_words
from stories.safety import structured
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.chapter_plan import ChapterPlan
from stories.vocabulary.errors import told_to_staff
from stories.vocabulary.nodes import Node
from stories.workflow.calls import Retries, metered
from stories.workflow.prompts.notes import ChapterNotes, EndingNotes, notes_prompt
from stories.workflow.repair import loaded
from stories.workflow.resources import ChapterResources
from stories.workflow.state import Emit

log = logging.getLogger(__name__)

MAX_QUESTIONS = 2
_CANDIDATE_WORDS = 5


async def ask_notes(
    brief: StoryBrief, text: str, resources: ChapterResources, emit: Emit
) -> dict[str, Any]:
    """The notes as far as the editor gave any: {} at worst, whatever goes wrong, since the chapter
    is written and shall not be lost. A chapter that follows the story's plan has its notes there,
    and no model is asked."""
    if resources.profile.writing != "prose":
        return notes_of(planned(brief))
    if not resources.profile.structures:
        return {}
    schema = EndingNotes if brief.is_ending else ChapterNotes
    saved: dict[str, Any] = {}
    try:
        async for answer in _answers(schema, brief, text, resources, emit):
            if notes := _sound(answer, schema):
                return notes
            saved |= loaded(answer)
    except Exception as error:  # noqa: BLE001 - whatever it was, words of ours take their place
        why = told_to_staff(error)
        log.warning("no notes on a finished chapter: %s, %s", type(error).__name__, why)
    return saved


async def _answers(
    schema: type[BaseModel],
    brief: StoryBrief,
    text: str,
    resources: ChapterResources,
    emit: Emit,
) -> AsyncIterator[str]:
    prompt = notes_prompt(brief, text, rare_words(text, brief.language, _CANDIDATE_WORDS))
    editor = metered(resources.editor, Node.CALCULATE_METRICS, emit)
    retries = Retries(resources)
    for _ in range(MAX_QUESTIONS):
        yield await retries.ask(lambda: structured.ask(editor, schema.model_json_schema(), prompt))


def _sound(answer: str, schema: type[BaseModel]) -> dict[str, Any]:
    """The first object in the answer that satisfies the schema; {} where none does."""
    for found in structured.found_in(answer).whole:
        try:
            return schema.model_validate(found).model_dump()
        except ValidationError:
            continue
    return {}


def notes_of(plan: ChapterPlan) -> dict[str, Any]:
    """A plan's notes on its chapter, in the shape of an editor's."""
    return {
        "title": plan.title,
        "story_title": plan.story_title,
        "summary": plan.summary,
        "question": plan.question,
        "choices": [
            {"text": choice.text, "description": choice.promise} for choice in plan.choices
        ],
        "educational_elements": [plan.learning],
        **plan.memory.model_dump(),
        "scene": plan.scene.model_dump(),
    }
