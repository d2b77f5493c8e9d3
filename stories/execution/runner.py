"""Executes one claimed generation: drives the workflow into the log, and always ends it.

The writer never knows who reads. The workflow's steps have stand-in names; they become events with
the family's own here and in `wire`, and nowhere else.

A run ends in exactly one of four ways: its chapter is stored; it failed with an error a parent can
read; a stop was asked for; or this process gives it up, and another one goes on from the approved
text, at the step that LangGraph's checkpoint names. Where the fault is its host's, and there is
another, it is given up for that one.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import assert_never

from django.conf import settings
from django.db import DatabaseError

from stories import eventlog, llm
from stories.controls import switches, trials
from stories.controls.thresholds import threshold_of
from stories.eventlog import Entry, LeaseLost, LogWriter
from stories.execution.wire import event_of
from stories.generations import leases, outcomes
from stories.generations.claims import Claim
from stories.generations.writers import Writer, failed_hosts, last_writing
from stories.infra.db import DATABASE_AWAY, in_database
from stories.infra.waiting import raise_if_cancelled
from stories.llm.faults import HOST_ERRORS
from stories.moderation import cases
from stories.moderation.cases import ShownText
from stories.safety.gate import Gate
from stories.vocabulary.errors import (
    Cancelled,
    CheckFailed,
    EmptyContent,
    Interrupted,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    OutOfUse,
    StoryError,
    told_to_staff,
)
from stories.vocabulary.events import REWRITE, Content, ContentReset
from stories.workflow.checkpoints import Checkpoints, StoreAway
from stories.workflow.graph import write_chapter
from stories.workflow.resources import ChapterResources, Timeouts, Writing
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

logger = logging.getLogger(__name__)

# A client may hold tokens back for more than a second, to hand them on together.
_MIN_TOKEN_SECONDS = 5.0
_FAULTS_OF_HOSTS = (ModelUnavailable, ModelTimeout, OutOfUse)


@dataclass
class RunControl:
    """Control over a run by its process, which holds the leases of all its runs."""

    are_there: asyncio.Event = field(default_factory=asyncio.Event)
    is_lost: bool = False

    def stop(self) -> None:
        self.are_there.set()

    def lose(self) -> None:
        """Another process has taken it over."""
        self.is_lost = True
        self.are_there.set()


class _Unsuited(ModelUnavailable):
    """The model must not write this run, or not go on with it; its host is well."""


@dataclass
class _Run:
    """One claim being executed. `host` is the address of the model host that writes it.

    `percent` is how far an earlier runner had come, and `is_measured` says that it had measured the
    text. `shown` is what was approved, and `ahead` what readers have behind that, both in stand-in
    form. `has_findings` says that something was held back, or may have been by an earlier runner.
    """

    claim: Claim
    control: RunControl
    checkpoints: Checkpoints
    log: LogWriter = field(init=False)
    host: str = field(init=False)
    written_as: Writing | None = field(init=False)
    uses: list[ModelUse] = field(default_factory=list)
    percent: int = field(init=False)
    is_measured: bool = field(init=False)
    shown: ShownText = field(init=False)
    has_findings: bool = field(init=False)
    models: llm.Models | None = None
    ahead: str = ""

    def __post_init__(self) -> None:
        self.host = self.claim.generation.host
        self.written_as = last_writing(self.claim.generation.writers)
        told = (event.data["percent"] for event in self.claim.log if event.type == "progress")
        self.percent = max(told, default=0)
        self.is_measured = any(event.type == "metadata" for event in self.claim.log)
        self.shown = ShownText(self.claim.resume.resets, self.claim.resume.text)
        self.has_findings = self.claim.generation.attempts > 1
        last = self.claim.generation.last_position
        self.log = LogWriter(self.claim.id, self.claim.lease_id, last)

    @property
    def writing(self) -> Writing | None:
        """The way in which the text that is shown of it was written; None where none is."""
        return self.written_as if self.shown.text else None


async def execute(claim: Claim, control: RunControl, checkpoints: Checkpoints) -> None:
    """Write the claimed chapter. Returns when the run has ended or another runner has it."""
    run = _Run(claim, control, checkpoints)
    try:
        error = await _went_wrong(run)
        if error and await _may_go_elsewhere(run, error):
            await run.log.settle_down()
            await in_database(leases.leave_host, claim, run.host)
        elif error:
            await _fail(run, error)
    except LeaseLost:
        logger.warning("generation %s: another process has taken it over or ended it", claim.id)
        await _leave(run)
    except asyncio.CancelledError:
        await asyncio.shield(in_database(_hand_over, claim))
        raise
    except (*DATABASE_AWAY, *StoreAway):
        logger.exception("generation %s: given up, to be taken over when its lease ends", claim.id)
    except DatabaseError as error:
        name = type(error).__name__
        logger.error("generation %s: its end cannot be stored: %s", claim.id, name)  # noqa: TRY400


async def _went_wrong(run: _Run) -> StoryError | None:
    """Write the chapter to its end: None where it is stored, or else what its readers are told.

    Raises what leaves the run to others: LeaseLost, and where the database or the store is away.
    """
    try:
        with llm.traced():
            await _write_and_watch(run)
    except StoryError as error:
        return error
    except (LeaseLost, *DATABASE_AWAY, *StoreAway):
        raise
    except DatabaseError as error:
        # A fault of ours. Not its message, which quotes the row.
        logger.error("generation %s failed: %s", run.claim.id, type(error).__name__)  # noqa: TRY400
        return _failure(error)
    except Exception as error:  # the outcome is always persisted, whatever it is
        logger.exception("generation %s failed", run.claim.id)
        return _failure(error)
    return None


def _failure(cause: Exception) -> StoryError:
    error = StoryError()
    error.__cause__ = cause
    return error


async def _may_go_elsewhere(run: _Run, error: StoryError) -> bool:
    """True when another host can go on after this one's failure. Each is tried once; a run of which
    text is shown goes on only with a model that writes in the same way."""
    if isinstance(error, _Unsuited) or not isinstance(error, _FAULTS_OF_HOSTS):
        return False
    why = told_to_staff(error) or error.code
    if run.host:
        llm.leave_out(run.host, why)
    generation = run.claim.generation
    if isinstance(error, ModelTimeout) or generation.attempts >= leases.MAX_ATTEMPTS:
        return False
    tried = {run.host, *failed_hosts(generation.writers)}
    if not await llm.has_other_host(tried, run.writing):
        return False
    logger.info("generation %s: leaves %s for another host: %s", run.claim.id, run.host, why)
    return True


def _hand_over(claim: Claim) -> None:
    try:
        leases.give_up_lease(claim)
    except DATABASE_AWAY:
        logger.exception("generation %s: not handed over before its lease ends", claim.id)


async def _leave(run: _Run) -> None:
    """Remove the stored state of a finished run, or of one deleted with its story: nobody else
    does."""
    try:
        is_over = await in_database(outcomes.is_over, run.claim.id)
    except DATABASE_AWAY:
        logger.exception("generation %s: its checkpoints may stay behind", run.claim.id)
        return
    if is_over:
        await _forget(run)


async def _write_and_watch(run: _Run) -> None:
    """Write while the lease is held and no stop is asked for; the first to fail ends the other."""
    try:
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(_watch(run))
            await _write(run)
            watch.cancel()
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from failures.exceptions[0].__cause__


async def _watch(run: _Run) -> None:
    if not run.claim.is_stop_requested:
        await run.control.are_there.wait()
    if run.control.is_lost:
        raise LeaseLost(f"generation {run.claim.id}")
    raise Cancelled


def may_show_unchecked_words(claim: Claim) -> bool:
    """True when readers of this run see words ahead of their approval: allowed at the request, and
    still allowed now."""
    return bool(settings.SHOWS_UNCHECKED_WORDS and claim.generation.shows_unchecked_words)


async def _write(run: _Run) -> None:
    claim = run.claim
    if claim.is_ahead:
        _withdraw(run, is_whole=claim.resume.is_whole)
    if claim.generation.attempts > leases.MAX_ATTEMPTS:
        raise Interrupted
    seconds = settings.MODEL_TIMEOUT_SECONDS
    timeouts = Timeouts(
        first_token_seconds=seconds,
        next_token_seconds=max(seconds / 4, _MIN_TOKEN_SECONDS),
        answer_seconds=seconds,
    )
    run.models = models = await _models(run, timeouts)
    brief = claim.brief
    threshold = await in_database(_begin, run, models)
    gate = Gate(brief.language, brief.checked_as, brief.avoid, threshold=threshold)
    guard = models.guard_for(brief.checked_as)
    resources = ChapterResources(
        models.profile,
        models.writer,
        models.editor,
        gate,
        HOST_ERRORS,
        timeouts,
        guard,
        shows_unchecked_words=may_show_unchecked_words(claim),
        min_length_percent=settings.MIN_LENGTH_PERCENT,
    )
    chapter = write_chapter(
        claim.brief,
        resources,
        resume=claim.resume,
        checkpoints=run.checkpoints,
        thread_id=str(claim.id),
    )
    async with aclosing(chapter) as steps:
        async for step in steps:
            raise_if_cancelled()
            await _take(run, step)


def _begin(run: _Run, models: llm.Models) -> float:
    """Note the run's writer; the classifier's threshold for it. Raises ModelUnavailable where staff
    have turned that model off, or where it cannot go on with what another one has begun; OutOfUse
    where its judgements cannot be read."""
    is_suited = _is_suited(run, models)
    run.written_as = models.profile.writing
    run.host = models.host.address
    writer = Writer(
        host=run.host,
        provider=models.host.provider,
        model=models.name,
        writing=models.profile.writing,
        has_failed=False,
    )
    outcomes.note_writer(run.claim, writer)
    trials.note(models.host, models.trial)
    trials.note_left_out(models.left_out)
    if not is_suited or not switches.may_write_with(models.name):
        raise _Unsuited
    if models.profile.judges and (reason := trials.out_of_use(llm.key_of(models.host))):
        raise OutOfUse(reason)
    return threshold_of(run.claim.brief.checked_as)


def _is_suited(run: _Run, models: llm.Models) -> bool:
    """True when the text that is shown was written in this way, and a fallback knows the language:
    the story was begun with another model."""
    knows_language = run.claim.brief.language in models.profile.languages
    is_same_way = run.writing in {None, models.profile.writing}
    return is_same_way and (knows_language or not models.host.is_fallback)


async def _models(run: _Run, timeouts: Timeouts) -> llm.Models:
    """Asked for again like a host that fails later: it may be starting just now, as we may be."""
    for seconds in timeouts.retry_waits_seconds:
        try:
            return await llm.open_models(run.host)
        except ModelUnavailable:
            if await llm.has_other_host({run.host}, run.writing):
                raise
            await asyncio.sleep(seconds)
    return await llm.open_models(run.host)


async def _take(run: _Run, step: Step) -> None:
    match step:
        case ProvisionalText() | Retraction() | Approved() | TextWhole() | RewriteStarted():
            await _tell(run, step)
        case NodeStatus() | Advanced() | Judged() | Noted():
            _announce(run, step)
            if isinstance(step, Judged):
                await _note_judgement(run, trials.note_judged)
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


async def _note_judgement(run: _Run, note: Callable[[llm.Host], None]) -> None:
    if run.models is not None and run.models.profile.judges:
        await in_database(note, run.models.host)


async def _tell(run: _Run, step: Telling) -> None:
    match step:
        case ProvisionalText():
            _show(run, step.chunk)
            run.ahead += step.chunk
        case Retraction():
            _withdraw(run)
            if step.kept:
                await _tell(run, ProvisionalText(step.kept))
        case Approved():
            _show(run, step.chunk[len(run.ahead) :], source=step.chunk)
            run.ahead = run.ahead[len(step.chunk) :]
            run.shown = ShownText(run.shown.version, run.shown.text + step.chunk)
        case TextWhole():
            run.log.append(Entry(Content(chunk="", is_complete=True)))
        case RewriteStarted():
            await _note_instead(run)
            run.log.append(Entry(ContentReset(attempt=step.attempt, reason=REWRITE)))
            run.shown = ShownText(run.shown.version + 1)
        case _:
            assert_never(step)


def _show(run: _Run, chunk: str, *, source: str = "") -> None:
    event = Content(chunk=run.claim.name.reveal(chunk), is_complete=False)
    run.log.append(Entry(event, source=source))


def _announce(run: _Run, step: Announcement) -> None:
    """Append a step's event, unless an earlier runner has: to a reader progress never falls."""
    is_behind = isinstance(step, Advanced) and step.percent < run.percent
    if not (is_behind or (isinstance(step, Noted) and run.is_measured)):
        run.log.append(Entry(event_of(step, run.claim.brief, run.claim.name)))


async def _complete(run: _Run, draft: ChapterDraft) -> None:
    await run.log.flush()
    await _note_instead(run, draft)
    await in_database(outcomes.complete, run.claim, draft, run.log.last, run.uses)
    await _forget(run)


def _withdraw(run: _Run, *, is_whole: bool = False) -> None:
    """Leave readers with the approved text, and nothing ahead of it."""
    text = run.shown.text
    for entry in eventlog.resync_entries(text, run.claim.name.reveal(text), is_whole=is_whole):
        run.log.append(entry)
    run.ahead = ""


async def _note_instead(run: _Run, draft: ChapterDraft | None = None) -> None:
    """Keep with all that was held back what readers had, or have in this draft, in its place."""
    if not run.has_findings:
        return
    await in_database(cases.note_what_was_shown, run.claim.generation, run.shown)
    if draft is not None:
        await in_database(cases.note_what_stands, run.claim.generation, draft)


async def _fail(run: _Run, error: StoryError) -> None:
    if isinstance(error, ModelRefused | EmptyContent) and not isinstance(error, OutOfUse):
        llm.forget_trials()
    if isinstance(error, CheckFailed):
        await _note_judgement(run, trials.note_unjudged)
    told = told_to_staff(error)
    logger.info("generation %s: ends with %s%s", run.claim.id, error.code, told and f": {told}")
    await run.log.settle_down()
    await _note_instead(run)
    await in_database(outcomes.fail, run.claim, error, run.log.last, run.uses)
    await _forget(run)


async def _forget(run: _Run) -> None:
    try:
        await run.checkpoints.forget(str(run.claim.id))
    except StoreAway:
        logger.exception("generation %s: its checkpoints stay behind", run.claim.id)
