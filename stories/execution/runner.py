"""Executes one claimed generation: drives the workflow into the log, and always ends it.

The writer never knows who reads. A run ends in exactly one of four ways: its chapter is stored; it
failed with an error a parent can read; a stop was asked for; or this process gives it up, and
another one goes on from the approved text, at the step that LangGraph's checkpoint names. Where the
fault is its host's, and there is another, it is given up for that one.
"""

import asyncio
import logging
from contextlib import aclosing

from django.conf import settings
from django.db import DatabaseError

from stories import llm
from stories.controls import switches, trials
from stories.controls.thresholds import threshold_of
from stories.eventlog import LeaseLost
from stories.execution import telling
from stories.execution.planning import plan_on
from stories.execution.run import Run, RunControl, forget
from stories.generations import leases, outcomes
from stories.generations.claims import Claim
from stories.generations.writers import Writer, failed_hosts
from stories.infra.db import DATABASE_AWAY, in_database
from stories.infra.waiting import raise_if_cancelled
from stories.llm.faults import HOST_ERRORS
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
from stories.workflow.checkpoints import Checkpoints, StoreAway
from stories.workflow.graph import write_chapter
from stories.workflow.resources import ChapterResources, Timeouts

logger = logging.getLogger(__name__)

# A client may hold tokens back for more than a second, to hand them on together.
_MIN_TOKEN_SECONDS = 5.0
_FAULTS_OF_HOSTS = (ModelUnavailable, ModelTimeout, OutOfUse)


class _Unsuited(ModelUnavailable):
    """The model must not write this run, or not go on with it; its host is well."""


async def execute(claim: Claim, control: RunControl, checkpoints: Checkpoints) -> None:
    """Write the claimed chapter. Returns when the run has ended or another runner has it."""
    run = Run(claim, control, checkpoints)
    try:
        error = await _went_wrong(run)
        if error and await _may_go_elsewhere(run, error):
            await run.log.settle_down()
            await in_database(leases.leave_host, claim, run.host)
        elif error:
            await _fail(run, error)
        elif run.resources and run.planned_after:
            await plan_on(run.claim, run.planned_after, run.resources, run.host)
    except LeaseLost:
        if claim.generation.is_hidden:
            logger.info("generation %s: given up, since somebody needs its slot", claim.id)
        else:
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


async def _went_wrong(run: Run) -> StoryError | None:
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


async def _may_go_elsewhere(run: Run, error: StoryError) -> bool:
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


async def _leave(run: Run) -> None:
    """Remove the stored state of a finished run, or of one deleted with its story: nobody else
    does."""
    try:
        is_over = await in_database(outcomes.is_over, run.claim.id)
    except DATABASE_AWAY:
        logger.exception("generation %s: its checkpoints may stay behind", run.claim.id)
        return
    if is_over:
        await forget(run)


async def _write_and_watch(run: Run) -> None:
    """Write while the lease is held and no stop is asked for; the first to fail ends the other."""
    try:
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(_watch(run))
            await _write(run)
            watch.cancel()
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from failures.exceptions[0].__cause__


async def _watch(run: Run) -> None:
    if not run.claim.is_stop_requested:
        await run.control.are_there.wait()
    if run.control.is_lost:
        raise LeaseLost(f"generation {run.claim.id}")
    raise Cancelled


def may_show_unchecked_words(claim: Claim) -> bool:
    """True when readers of this run see words ahead of their approval: allowed at the request, and
    still allowed now."""
    return bool(settings.SHOWS_UNCHECKED_WORDS and claim.generation.shows_unchecked_words)


async def _write(run: Run) -> None:
    claim = run.claim
    if claim.shows_unapproved:
        telling.withdraw(run, is_whole=claim.resume.is_whole)
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
    run.resources = resources = ChapterResources(
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
            await telling.take(run, step)


def _begin(run: Run, models: llm.Models) -> float:
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


def _is_suited(run: Run, models: llm.Models) -> bool:
    """True when the text that is shown was written in this way, and a fallback knows the language:
    the story was begun with another model."""
    knows_language = run.claim.brief.language in models.profile.languages
    is_same_way = run.writing in {None, models.profile.writing}
    return is_same_way and (knows_language or not models.host.is_fallback)


async def _models(run: Run, timeouts: Timeouts) -> llm.Models:
    """Asked for again like a host that fails later: it may be starting just now, as we may be."""
    for seconds in timeouts.retry_waits_seconds:
        try:
            return await llm.open_models(run.host)
        except ModelUnavailable:
            if await llm.has_other_host({run.host}, run.writing):
                raise
            await asyncio.sleep(seconds)
    return await llm.open_models(run.host)


async def _fail(run: Run, error: StoryError) -> None:
    if isinstance(error, ModelRefused | EmptyContent) and not isinstance(error, OutOfUse):
        llm.forget_trials()
    if isinstance(error, CheckFailed):
        await telling.note_judgement(run, trials.note_unjudged)
    told = told_to_staff(error)
    logger.info("generation %s: ends with %s%s", run.claim.id, error.code, told and f": {told}")
    await run.log.settle_down()
    await telling.note_instead(run)
    await in_database(outcomes.fail, run.claim, error, run.log.last, run.uses)
    await forget(run)
