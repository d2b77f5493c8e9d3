"""A model's own plan of the chapters to come, asked for when a chapter is finished and read.

A field that does not pass the gate is left out, and so is what is malformed; the rest is used.
"""

from collections.abc import Mapping
from typing import Any

from stories.safety import structured
from stories.safety.guard import Guard
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.nodes import Node
from stories.vocabulary.note_lengths import PLAN_LINE
from stories.vocabulary.own_plan import FIELDS, OwnPlan
from stories.workflow import repair
from stories.workflow.calls import Retries, metered, metered_guard
from stories.workflow.prompts.planning import plan_prompt, plan_schema
from stories.workflow.resources import ChapterResources, ModelProfile
from stories.workflow.state import Emit
from stories.workflow.steps import ChapterDraft, HeldBack
from stories.workflow.vetting import unfit_among

_FIELD = "plan"
# The last step of a chapter, for what its calls cost.
_STEP = Node.CALCULATE_METRICS


def wants_plan(brief: StoryBrief, profile: ModelProfile) -> bool:
    """True where a capable model goes on with a plot that serves any wish, and its branch has no
    plan of its own yet."""
    can_plan = profile.writing == "prose" and profile.structures
    plan = brief.plan
    return (
        can_plan
        and not brief.is_ending
        and plan is not None
        and not plan.fits_wish
        and plan.own is None
    )


async def ask_plan(
    brief: StoryBrief, draft: ChapterDraft, resources: ChapterResources, emit: Emit
) -> OwnPlan:
    """The plan after this chapter, as far as the model had any. Raises `Fault`s' and StoryErrors
    where there is no answer."""
    editor = metered(resources.editor, _STEP, emit)
    prompt = plan_prompt(brief, draft, context_tokens=resources.profile.context_tokens)
    schema = plan_schema(brief)
    answer = await Retries(resources).ask(lambda: structured.ask(editor, schema, prompt))
    lines = _lines(repair.loaded(answer), brief)
    held = {name for name, line in lines.items() if not _passes(line, resources, emit)}
    lines = {name: line for name, line in lines.items() if name not in held}
    if guard := metered_guard(resources.guard, _STEP, emit):
        lines = await _guarded(lines, guard, emit)
    return _plan_of(lines, brief)


def _lines(answer: Mapping[str, Any], brief: StoryBrief) -> dict[str, str]:
    """The answer's lines that can be used, by field; a turn's is its chapter's number."""
    named = {name: repair.line(answer.get(name)) for name in FIELDS}
    turns = answer.get("turns")
    said = turns if isinstance(turns, list) else []
    first, last = brief.chapter_number + 1, brief.total_chapters
    numbered = zip(range(first, last + 1), map(repair.line, said), strict=False)
    lines = named | {str(number): line for number, line in numbered}
    return {name: line for name, line in lines.items() if 0 < len(line) <= PLAN_LINE.accepted}


def _passes(line: str, resources: ChapterResources, emit: Emit) -> bool:
    verdict = resources.gate.check(line)
    if not verdict.approved:
        emit(HeldBack(1, _FIELD, line, "", verdict))
    return verdict.approved


async def _guarded(lines: dict[str, str], guard: Guard, emit: Emit) -> dict[str, str]:
    unfit, _ = await unfit_among(lines, guard)
    for name, verdict in unfit.items():
        emit(HeldBack(1, _FIELD, lines[name], "", verdict))
    return {name: line for name, line in lines.items() if name not in unfit}


def _plan_of(lines: Mapping[str, str], brief: StoryBrief) -> OwnPlan:
    first, last = brief.chapter_number + 1, brief.total_chapters
    return OwnPlan(
        **{name: lines.get(name, "") for name in FIELDS},
        first=first,
        turns=tuple(lines.get(str(number), "") for number in range(first, last + 1)),
    )
