"""The chapter's graph, and the one way to run it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StateSnapshot

from stories.safety.gate import load as load_gate
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.errors import StoryError
from stories.vocabulary.nodes import (
    AFTER,
    FIRST,
    WHEN_APPROVED,
    WHEN_REJECTED,
    Node,
    done_before,
)
from stories.workflow import nodes
from stories.workflow.checkpoints import Checkpoints
from stories.workflow.lengths import target_words
from stories.workflow.progress import ProgressMeter
from stories.workflow.resources import ChapterResources
from stories.workflow.resume import Resume
from stories.workflow.state import ChapterState, Context, draft_from_json
from stories.workflow.steps import Milestone, NodeStatus, Step

# LangGraph writes names into its checkpoints: plain strings, whatever knows how to read them.
_STEPS = {
    Node.GENERATE_CONTENT.value: nodes.generate_content,
    Node.SAFETY_CHECK.value: nodes.safety_check,
    Node.ENHANCE_CONTENT.value: nodes.enhance_content,
    Node.CALCULATE_METRICS.value: nodes.calculate_metrics,
}


def _after_check(state: ChapterState) -> str:
    return (WHEN_APPROVED if state["judgement"]["approved"] else WHEN_REJECTED).value


def _build() -> CompiledStateGraph[ChapterState, Context, ChapterState, ChapterState]:
    graph = StateGraph(ChapterState, context_schema=Context)
    for name, step in _STEPS.items():
        graph.add_node(name, step)
    graph.add_edge(START, FIRST.value)
    for node, ways in AFTER.items():
        if len(ways) > 1:
            graph.add_conditional_edges(node.value, _after_check, [way.value for way in ways])
        else:
            graph.add_edge(node.value, ways[0].value if ways else END)
    return graph.compile()


_graph = _build()

BEGINNING = Resume()
_WHOLE = (Node.WORKFLOW, 0)


async def write_chapter(
    brief: StoryBrief,
    resources: ChapterResources,
    *,
    resume: Resume = BEGINNING,
    checkpoints: Checkpoints | None = None,
    thread_id: str = "",
) -> AsyncGenerator[Step, None]:
    """Writes one chapter, step by step; the last step is the `ChapterDraft`.

    A chapter that was begun goes on where the checkpoint of its thread says, with what its log
    says: `resume`. Whoever takes a `Milestone` stores all that came before, then takes the next
    step. Raises a StoryError where no chapter comes about. Closing the generator closes the
    connection to the model.
    """
    if _WHOLE not in resume.begun:
        yield NodeStatus(Node.WORKFLOW, "started")
    await asyncio.to_thread(load_gate)
    context = Context(brief, resources, ProgressMeter(target_words(brief)), resume)
    state: dict[str, Any] = {}
    try:
        async with aclosing(_run(context, checkpoints, thread_id)) as steps:
            async for mode, step in steps:
                if mode == "values":
                    state = step
                else:
                    yield step
                if isinstance(step, Milestone):
                    step.is_stored.set()
    except StoryError:
        yield NodeStatus(Node.WORKFLOW, "failed")
        raise
    if not any(step is Node.WORKFLOW for step, _ in resume.ended):
        yield NodeStatus(Node.WORKFLOW, "completed")
    yield draft_from_json(state["draft"])


async def _run(
    context: Context, checkpoints: Checkpoints | None, thread_id: str
) -> AsyncGenerator[tuple[str, Any], None]:
    """The nodes' own output ("custom") and the graph's state after each ("values")."""
    config = RunnableConfig(configurable={"thread_id": thread_id})
    start: ChapterState | None = {"text": "", "attempt": 1, "version": 0}
    graph = _graph
    if checkpoints is not None:
        graph = _graph.copy({"checkpointer": checkpoints.saver})
        known = await graph.aget_state(config)
        if known.values and _is_ahead(known, context.resume):
            await checkpoints.forget(thread_id)
        elif known.values and not known.next:
            yield "values", known.values
            return
        elif known.values:
            start = None
    stream = graph.astream(
        start,
        config,
        context=context,
        stream_mode=["custom", "values"],
        durability="sync" if checkpoints else None,
    )
    async with aclosing(cast("AsyncGenerator[tuple[str, Any], None]", stream)) as steps:
        async for step in steps:
            yield step


def _is_ahead(known: StateSnapshot, resume: Resume) -> bool:
    """True when the checkpoint has a step behind it that the log does not: the log was put back, as
    from a backup, and it is what readers have seen."""
    version = known.values["version"]
    done = done_before(Node(known.next[0]) if known.next else None, version)
    return done is not None and (done, version) not in resume.ended
