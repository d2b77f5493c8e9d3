"""From the workflow's steps to a run's log, its findings and its chapter.

The steps have stand-in names; they become events with the family's own here and in `wire`, and
nowhere else.
"""

from collections.abc import Callable
from typing import assert_never

from stories import eventlog, llm
from stories.controls import trials
from stories.eventlog import Entry
from stories.execution.run import Run, forget
from stories.execution.wire import event_of
from stories.generations import outcomes, own_plans
from stories.infra.db import in_database
from stories.moderation import cases
from stories.moderation.cases import ShownText
from stories.vocabulary.events import REWRITE, Content, ContentReset
from stories.workflow.planning import wants_plan
from stories.workflow.steps import (
    Advanced,
    Announcement,
    Approved,
    ChapterDraft,
    HeldBack,
    Judged,
    Milestone,
    ModelUse,
    NodeStatus,
    Noted,
    ProvisionalText,
    Retraction,
    RewriteStarted,
    Step,
    Telling,
    TextWhole,
)


async def take(run: Run, step: Step) -> None:
    match step:
        case ProvisionalText() | Retraction() | Approved() | TextWhole() | RewriteStarted():
            await _tell(run, step)
        case NodeStatus() | Advanced() | Judged() | Noted():
            _announce(run, step)
            if isinstance(step, Judged):
                await note_judgement(run, trials.note_judged)
        case HeldBack():
            run.has_findings = True
            held = (run.claim.generation, step, run.claim.brief.band, run.shown)
            await in_database(cases.open_for_held_back, *held)
        case ModelUse():
            run.uses.append(step)
        case Milestone():
            await run.log.flush()
        case ChapterDraft():
            await _complete(run, step)
        case _:
            assert_never(step)


async def note_judgement(run: Run, note: Callable[[llm.Host], None]) -> None:
    if run.models is not None and run.models.profile.judges:
        await in_database(note, run.models.host)


async def _tell(run: Run, step: Telling) -> None:
    match step:
        case ProvisionalText():
            _show(run, step.chunk)
            run.provisional += step.chunk
        case Retraction():
            withdraw(run)
            if step.kept:
                await _tell(run, ProvisionalText(step.kept))
        case Approved():
            _show(run, step.chunk[len(run.provisional) :], source=step.chunk)
            run.provisional = run.provisional[len(step.chunk) :]
            run.shown = ShownText(run.shown.version, run.shown.text + step.chunk)
        case TextWhole():
            run.log.append(Entry(Content(chunk="", is_complete=True)))
        case RewriteStarted():
            await note_instead(run)
            run.log.append(Entry(ContentReset(attempt=step.attempt, reason=REWRITE)))
            run.shown = ShownText(run.shown.version + 1)
        case _:
            assert_never(step)


def _show(run: Run, chunk: str, *, source: str = "") -> None:
    event = Content(chunk=run.claim.name.reveal(chunk), is_complete=False)
    run.log.append(Entry(event, source=source))


def _announce(run: Run, step: Announcement) -> None:
    """Append a step's event, unless an earlier runner has: to a reader progress never falls."""
    is_behind = isinstance(step, Advanced) and step.percent < run.percent
    if not (is_behind or (isinstance(step, Noted) and run.is_measured)):
        run.log.append(Entry(event_of(step, run.claim.brief, run.claim.name)))


async def _complete(run: Run, draft: ChapterDraft) -> None:
    await run.log.flush()
    await note_instead(run, draft)
    is_asked_for = not run.claim.generation.is_hidden
    is_to_plan = (
        is_asked_for and run.resources and wants_plan(run.claim.brief, run.resources.profile)
    )
    plan_by = own_plans.due() if is_to_plan else None
    await in_database(outcomes.complete, run.claim, draft, run.log.last, run.uses, plan_by)
    await forget(run)
    run.planned_after = draft if is_to_plan else None


def withdraw(run: Run, *, is_whole: bool = False) -> None:
    """Leave readers with the approved text, and nothing ahead of it."""
    text = run.shown.text
    for entry in eventlog.resync_entries(text, run.claim.name.reveal(text), is_whole=is_whole):
        run.log.append(entry)
    run.provisional = ""


async def note_instead(run: Run, draft: ChapterDraft | None = None) -> None:
    """Keep with all that was held back what readers had, or have in this draft, in its place."""
    if not run.has_findings:
        return
    await in_database(cases.note_what_was_shown, run.claim.generation, run.shown)
    if draft is not None:
        await in_database(cases.note_what_stands, run.claim.generation, draft)
