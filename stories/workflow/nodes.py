"""The steps of the graph, each announced as it begins and ends."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Protocol

from langgraph.runtime import Runtime

from stories.safety.judge import Judgement
from stories.vocabulary.errors import SafetyRejected, StoryError
from stories.vocabulary.nodes import Node, version_in
from stories.workflow.calls import metered_guard
from stories.workflow.composing import compose, outcome_of
from stories.workflow.finishing import Finishing
from stories.workflow.judging import judge, rejected_chapter
from stories.workflow.notes import ask_notes
from stories.workflow.progress import CHECKING, FINISHING, THINKING
from stories.workflow.state import (
    ChapterState,
    Context,
    Emit,
    draft_to_json,
    judgement_from_json,
)
from stories.workflow.steps import Judged, Milestone, NodeStatus, Noted, RewriteStarted
from stories.workflow.vetting import vet_notes


class _Step(Protocol):
    """A node as LangGraph calls it: a state in, its update out."""

    def __call__(
        self, state: ChapterState, runtime: Runtime[Context]
    ) -> Awaitable[ChapterState]: ...


MAX_REWRITES = 2


def announced(name: Node) -> Callable[[_Step], _Step]:
    """Says in the stream that the node begins, and how it ended, unless the log says so already.

    The node is over, for LangGraph's checkpoint, when all that it said is stored.
    """

    def decorate(node: _Step) -> _Step:
        async def run(state: ChapterState, runtime: Runtime[Context]) -> ChapterState:
            emit, resume = runtime.stream_writer, runtime.context.resume
            this = (name, version_in(name, state["version"]))
            if this not in resume.begun:
                emit(NodeStatus(name, "started"))
            try:
                update = await node(state, runtime)
            except StoryError:
                emit(NodeStatus(name, "failed"))
                raise
            if this not in resume.ended:
                emit(NodeStatus(name, "completed"))
                await _stored(emit)
            return update

        return run

    return decorate


async def _stored(emit: Emit) -> None:
    milestone = Milestone()
    emit(milestone)
    await milestone.is_stored.wait()


@announced(Node.GENERATE_CONTENT)
async def generate_content(state: ChapterState, runtime: Runtime[Context]) -> ChapterState:
    _enter(runtime, THINKING)
    return await compose(state, runtime.context, runtime.stream_writer, 0)


@announced(Node.SAFETY_CHECK)
async def safety_check(state: ChapterState, runtime: Runtime[Context]) -> ChapterState:
    """Judges the whole chapter. Raises SafetyRejected once all rewrites were in vain."""
    _enter(runtime, CHECKING)
    judgement = runtime.context.resume.judgement_of(state["version"])
    if judgement is None:
        judgement = await _judge(state, runtime)
    if not judgement.approved and state["version"] >= MAX_REWRITES:
        raise SafetyRejected
    return {"judgement": asdict(judgement)}


async def _judge(state: ChapterState, runtime: Runtime[Context]) -> Judgement:
    emit, context = runtime.stream_writer, runtime.context
    judgement = await judge(state["text"], context.brief, context.resources, emit)
    if not judgement.approved:
        emit(rejected_chapter(state["text"], state["attempt"], judgement))
    emit(Judged(judgement))
    return judgement


@announced(Node.ENHANCE_CONTENT)
async def enhance_content(state: ChapterState, runtime: Runtime[Context]) -> ChapterState:
    """Writes the chapter again, with what was found wrong as feedback."""
    version = state["version"] + 1
    if runtime.context.resume.resets < version:
        runtime.stream_writer(RewriteStarted(state["attempt"] + 1))
    _enter(runtime, THINKING)
    return await compose(state, runtime.context, runtime.stream_writer, version)


@announced(Node.CALCULATE_METRICS)
async def calculate_metrics(state: ChapterState, runtime: Runtime[Context]) -> ChapterState:
    _enter(runtime, FINISHING)
    emit, context = runtime.stream_writer, runtime.context
    notes = await ask_notes(context.brief, state["text"], context.resources, emit)
    judgement = judgement_from_json(state["judgement"])
    finishing = Finishing(context.brief, state["text"], state["attempt"], context.resources, emit)
    draft = finishing.draft(notes, judgement)
    is_guarded = False
    if guard := metered_guard(context.resources.guard, Node.CALCULATE_METRICS, emit):
        opinion = await vet_notes(draft, state["attempt"], guard, emit)
        is_guarded = opinion.is_guarded and state.get("is_guarded", False)
        draft = finishing.draft(notes, judgement, opinion.unfit) if opinion.unfit else draft
    layers = context.resources.layers(is_guarded=is_guarded)
    outcome = outcome_of(state["text"], context.brief, context.resources)
    draft = replace(draft, safety=replace(judgement, layers=layers), outcome=outcome)
    emit(Noted(draft))
    return {"draft": draft_to_json(draft)}


def _enter(runtime: Runtime[Context], stage: str) -> None:
    if progress := runtime.context.progress.enter(stage):
        runtime.stream_writer(progress)
