"""The chapter as a whole, judged: by the editor where its judgement is worth asking, else by the
gate, paragraph by paragraph."""

import re

import openai

from stories.brief import StoryBrief
from stories.safety.judge import UNJUDGED, Judgement, judge_chapter
from stories.safety.verdict import Severity, Verdict
from stories.workflow.calls import Retries, metered
from stories.workflow.state import Emit
from stories.workflow.steps import HeldBack
from stories.workflow.tools import Tools

_PASSING_SCORE = 0.5
_STOPPED = "A part of it did not pass the check for this age."


async def judge(text: str, brief: StoryBrief, tools: Tools, emit: Emit) -> Judgement:
    if not tools.profile.judges:
        return _by_gate(text, tools)
    editor = metered(tools.editor, "safety_check", emit)
    try:
        return await Retries(tools.patience).ask(
            lambda: judge_chapter(editor, text, band=brief.checked_as, language=brief.language),
            tools.patience.answer_seconds,
        )
    except openai.LengthFinishReasonError:
        return Judgement(approved=False, score=0.0, issues=(UNJUDGED,))


def _by_gate(text: str, tools: Tools) -> Judgement:
    paragraphs = re.findall(r"(?s)(?:\A|\n\n).+?(?=\n\n|\Z)", text)
    verdicts = [
        tools.gate.check(paragraph, before=before)
        for before, paragraph in zip(["", *paragraphs], paragraphs, strict=False)
    ]
    stopped = [verdict for verdict in verdicts if not verdict.approved]
    return Judgement(
        approved=not stopped,
        score=round(1 - max(verdict.score for verdict in verdicts), 3),
        issues=(_STOPPED,) if stopped else (),
    )


def rejected_chapter(text: str, attempt: int, judgement: Judgement) -> HeldBack:
    """The record for staff of a chapter that was not approved."""
    verdict = Verdict(
        severity=Severity.SOFT,
        layer="judge",
        rule="; ".join(judgement.issues)[:80],
        category="chapter",
        score=1 - judgement.score,
        threshold=_PASSING_SCORE,
        layers=("judge",),
    )
    return HeldBack(attempt, "chapter", text, "", verdict)
