"""The judgement of a chapter as a whole: by the editor if its judgement is worth asking, else by
the gate, paragraph by paragraph, and by the rubric of words. An editor that gives no judgement is
no reason for the second way, nor for writing the chapter again: the run ends."""

import re
from dataclasses import replace

from stories.safety.judge import ATTEMPTS, NAME, Judgement, judge_chapter
from stories.safety.rubric import judge_by_words
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.errors import CheckFailed
from stories.vocabulary.nodes import Node
from stories.workflow.calls import Retries, metered
from stories.workflow.resources import ChapterResources
from stories.workflow.state import Emit
from stories.workflow.steps import HeldBack

_PASSING_SCORE = 0.5
_STOPPED = "A part of it did not pass the check for this age."


async def judge(text: str, brief: StoryBrief, resources: ChapterResources, emit: Emit) -> Judgement:
    """The judgement, with the layers that gave it. Raises CheckFailed where the model has none."""
    if resources.profile.judges:
        return replace(await _by_model(text, brief, resources, emit), layers=(NAME,))
    judgement = _by_gate(text, resources)
    if not judgement.approved:
        return judgement
    return judge_by_words(text, band=brief.checked_as, language=brief.language)


async def _by_model(
    text: str, brief: StoryBrief, resources: ChapterResources, emit: Emit
) -> Judgement:
    editor = metered(resources.editor, Node.SAFETY_CHECK, emit)
    judgement = await Retries(resources).ask(
        lambda: judge_chapter(editor, text, band=brief.checked_as, language=brief.language)
    )
    if judgement is None:
        raise CheckFailed(f"the model gave no judgement in {ATTEMPTS} answers")
    return judgement


def _by_gate(text: str, resources: ChapterResources) -> Judgement:
    paragraphs = re.findall(r"(?s)(?:\A|\n\n).+?(?=\n\n|\Z)", text)
    verdicts = [
        resources.gate.check(paragraph, before=before)
        for before, paragraph in zip(["", *paragraphs], paragraphs, strict=False)
    ]
    stopped = [verdict for verdict in verdicts if not verdict.approved]
    return Judgement(
        approved=not stopped,
        score=round(1 - max(verdict.score for verdict in verdicts), 3),
        issues=(_STOPPED,) if stopped else (),
        layers=resources.gate.layers,
    )


def rejected_chapter(text: str, attempt: int, judgement: Judgement) -> HeldBack:
    """The record for staff of a chapter that was not approved."""
    verdict = Verdict(
        severity=Severity.SOFT,
        layer=judgement.layers[-1],
        rule="; ".join(judgement.issues)[:80],
        category="chapter",
        score=1 - judgement.score,
        threshold=_PASSING_SCORE,
        layers=judgement.layers,
    )
    return HeldBack(attempt, "chapter", text, "", verdict)
