"""The chapter's graph, and the one way to run it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal, cast

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StateSnapshot

from stories.safety.gate import load as load_gate
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.errors import StoryError
from stories.vocabulary.events import NodeEvent
from stories.workflow import nodes
from stories.workflow.checkpoints import Checkpoints
from stories.workflow.lengths import target_words
from stories.workflow.progress import ProgressMeter
from stories.workflow.resources import ChapterResources
from stories.workflow.resume import Resume
from stories.workflow.state import ChapterState, Context, draft_from_json
from stories.workflow.steps import Milestone, Step


def _after_check(state: ChapterState) -> Literal["enhance_content", "calculate_metrics"]:
    return "calculate_metrics" if state["judgement"]["approved"] else "enhance_content"


def _build() -> CompiledStateGraph[ChapterState, Context, ChapterState, ChapterState]:
    graph = StateGraph(ChapterState, context_schema=Context)
    graph.add_node("generate_content", nodes.generate_content)
    graph.add_node("safety_check", nodes.safety_check)
    graph.add_node("enhance_content", nodes.enhance_content)
    graph.add_node("calculate_metrics", nodes.calculate_metrics)
    graph.add_edge(START, "generate_content")
    graph.add_edge("generate_content", "safety_check")
    graph.add_conditional_edges("safety_check", _after_check)
    graph.add_edge("enhance_content", "safety_check")
    graph.add_edge("calculate_metrics", END)
    return graph.compile()


_graph = _build()

BEGINNING = Resume()
_WHOLE = ("workflow", 0)


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
        yield NodeEvent(node="workflow", status="started")
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
        yield NodeEvent(node="workflow", status="failed")
        raise
    if not any(step == "workflow" for step, _ in resume.ended):
        yield NodeEvent(node="workflow", status="completed")
    yield draft_from_json(state["draft"])


async def _run(
    context: Context, checkpoints: Checkpoints | None, thread_id: str
) -> AsyncGenerator[tuple[str, Any], None]:
    """What the nodes say ("custom") and the graph's state after each ("values")."""
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
    """Whether the checkpoint has a step behind it that the log does not: the log was put back, as
    from a backup, and it is what readers have seen."""
    version = known.values["version"]
    writing = "enhance_content" if version else "generate_content"
    before = {"generate_content": "", "safety_check": writing, "": "calculate_metrics"}
    done = before.get("".join(known.next), "safety_check")
    return bool(done) and (done, version) not in resume.ended
