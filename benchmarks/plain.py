"""The straightforward way, to measure beside: async views that relay `astream_events`, no log.

`/same` relays the app's own graph, which checks each sentence, though what is relayed are the raw
tokens. `/bare` relays a graph of the same three calls, and nothing is checked there.
"""

import json
from collections.abc import AsyncIterator
from typing import Any, TypedDict

from django.core.asgi import get_asgi_application
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

application = get_asgi_application()

from langgraph.graph import END, START, StateGraph  # noqa: E402 - seconds that are not measured
from langgraph.runtime import Runtime  # noqa: E402

from children.profiles import ReadingLevel  # noqa: E402
from stories import llm  # noqa: E402
from stories.llm.faults import HOST_ERRORS  # noqa: E402
from stories.safety.gate import Gate  # noqa: E402
from stories.safety.judge import judge_chapter  # noqa: E402
from stories.vocabulary.brief import StoryBrief  # noqa: E402
from stories.workflow import graph as own  # noqa: E402
from stories.workflow.lengths import target_words  # noqa: E402
from stories.workflow.notes import ask_notes  # noqa: E402
from stories.workflow.progress import ProgressMeter  # noqa: E402
from stories.workflow.prompts.request import request as chapter_request  # noqa: E402
from stories.workflow.prompts.system import system_prompt  # noqa: E402
from stories.workflow.resources import ChapterResources  # noqa: E402
from stories.workflow.resume import Resume  # noqa: E402
from stories.workflow.state import ChapterState, Context  # noqa: E402
from stories.workflow.steps import Milestone  # noqa: E402


class _Text(TypedDict, total=False):
    text: str


async def _write(state: _Text, runtime: Runtime[Context]) -> _Text:
    brief, resources = runtime.context.brief, runtime.context.resources
    asked = chapter_request(brief, most_tokens=4000)
    prompt = [("system", system_prompt(brief)), ("user", asked)]
    pieces = [str(piece.text) async for piece in resources.writer.astream(prompt)]
    return {**state, "text": "".join(pieces)}


async def _judge(state: _Text, runtime: Runtime[Context]) -> _Text:
    brief, editor = runtime.context.brief, runtime.context.resources.editor
    await judge_chapter(editor, state["text"], band=brief.checked_as, language=brief.language)
    return {}


async def _note(state: _Text, runtime: Runtime[Context]) -> _Text:
    await ask_notes(runtime.context.brief, state["text"], runtime.context.resources, lambda _: None)
    return {}


def _bare_graph() -> Any:
    graph = StateGraph(_Text, context_schema=Context)
    graph.add_sequence([_write, _judge, _note])
    graph.add_edge(START, "_write")
    graph.add_edge("_note", END)
    return graph.compile()


_bare = _bare_graph()


async def bare(request: HttpRequest) -> StreamingHttpResponse:
    return _stream(_bare, {}, request)


async def same(request: HttpRequest) -> StreamingHttpResponse:
    start: ChapterState = {"text": "", "attempt": 1, "version": 0}
    return _stream(own._graph, start, request)  # noqa: SLF001


def _stream(graph: Any, start: Any, request: HttpRequest) -> StreamingHttpResponse:
    relayed = _relay(graph, start, request.GET["theme"])
    return StreamingHttpResponse(relayed, content_type="text/event-stream")


async def _relay(graph: Any, start: Any, theme: str) -> AsyncIterator[str]:
    context = await _context(theme)
    events = graph.astream_events(start, context=context, version="v2", stream_mode="custom")
    async for event in events:
        if isinstance(milestone := event["data"].get("chunk"), Milestone):
            milestone.is_stored.set()  # nothing is stored here, and the graph waits to hear it is
        if event["event"] == "on_chat_model_stream":
            chunk = event["data"]["chunk"].text
            yield _frame({"type": "content", "data": {"chunk": chunk, "is_complete": False}})
    yield _frame({"type": "complete", "data": {}})


async def _context(theme: str) -> Context:
    brief = StoryBrief(theme=theme, age=7, reading_level=ReadingLevel.INTERMEDIATE, hero="Robin")
    models = await llm.open_models()
    gate = Gate(brief.language, brief.checked_as, brief.avoid)
    resources = ChapterResources(models.profile, models.writer, models.editor, gate, HOST_ERRORS)
    return Context(brief, resources, ProgressMeter(target_words(brief)), Resume())


def _frame(event: dict[str, Any]) -> str:
    return f"event: story_chunk\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"


urlpatterns = [path("same", same), path("bare", bare)]
