"""A chapter that was interrupted goes on at the step that LangGraph's checkpoint names."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from stories.execution.wire import event_of
from stories.generations.resuming import resume_from
from stories.vocabulary.events import REWRITE, Content, ContentReset, Event
from stories.vocabulary.nodes import Node
from stories.vocabulary.pseudonym import Alias, Pseudonym
from stories.workflow.checkpoints import Checkpoints, in_postgres, in_sqlite
from stories.workflow.graph import write_chapter
from stories.workflow.resume import Resume
from stories.workflow.steps import (
    Advanced,
    Approved,
    ChapterDraft,
    Judged,
    NodeStatus,
    Noted,
    RewriteStarted,
    Step,
    TextWhole,
)
from testkit import postgres
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import a_brief, resources_for

THREAD = "a run"
MIA = Pseudonym(Alias(("Mia",), "Robin"))
# With one rewrite there are two checks.
_TWICE = [("safety_check", "started"), ("safety_check", "completed")]
REJECTED = {"problem": "meanness", "weight": 3}


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.server() as server, postgres.database(server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def checkpoints(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncGenerator[Checkpoints]:
    async with opened(request, tmp_path) as store:
        yield store
        await store.forget(THREAD)


def opened(
    request: pytest.FixtureRequest, folder: Path
) -> AbstractAsyncContextManager[Checkpoints]:
    if request.param == "sqlite":
        return in_sqlite(folder / "checkpoints.sqlite3")
    url = request.getfixturevalue("postgres_url")
    return in_postgres(psycopg.conninfo.conninfo_to_dict(url))


class Telling:
    """A chapter told in one life after the other, each with what the log has by then."""

    def __init__(self, ollama: OllamaServer, checkpoints: Checkpoints) -> None:
        self.brief = a_brief()
        self.resources = resources_for(ollama, self.brief)
        self.checkpoints = checkpoints
        self.steps: list[Step] = []

    async def until(self, end: NodeStatus | None) -> None:
        """A run's life, ended before the step after `end`, or with the chapter."""
        steps = write_chapter(
            self.brief,
            self.resources,
            resume=self.resume,
            checkpoints=self.checkpoints,
            thread_id=THREAD,
        )
        async with aclosing(steps):
            async for step in steps:
                self.steps.append(step)
                if step == end:
                    return

    @property
    def resume(self) -> Resume:
        events = [event for step in self.steps if (event := self._logged(step))]
        return resume_from([(event.type, event.data) for event in events], self.text, MIA)

    def _logged(self, step: Step) -> Event | None:
        match step:
            case Approved() | TextWhole():
                return Content(chunk="", is_complete=isinstance(step, TextWhole))
            case RewriteStarted():
                return ContentReset(attempt=step.attempt, reason=REWRITE)
            case NodeStatus() | Advanced() | Judged() | Noted():
                return event_of(step, self.brief, MIA)
            case _:
                return None

    @property
    def text(self) -> str:
        text = ""
        for step in self.steps:
            if isinstance(step, Approved):
                text += step.chunk
            elif isinstance(step, RewriteStarted):
                text = ""
        return text

    @property
    def nodes(self) -> list[tuple[str, str]]:
        return [(step.node, step.status) for step in self.steps if isinstance(step, NodeStatus)]

    @property
    def draft(self) -> Step:
        return self.steps[-1]


def told(node: str, status: Any) -> NodeStatus:
    return NodeStatus(Node(node), status)


@pytest.mark.parametrize(
    "end",
    [
        told("generate_content", "completed"),
        told("safety_check", "started"),
        told("safety_check", "completed"),
        told("enhance_content", "completed"),
        told("calculate_metrics", "started"),
        told("workflow", "completed"),
    ],
    ids=lambda end: f"{end.node} {end.status}",
)
async def test_no_step_that_was_done_is_done_or_told_again(
    ollama: OllamaServer, checkpoints: Checkpoints, end: NodeStatus
) -> None:
    ollama.script(judge=[REJECTED])
    telling = Telling(ollama, checkpoints)
    await telling.until(end)
    await telling.until(None)
    assert isinstance(telling.draft, ChapterDraft)
    assert telling.draft.text == telling.text
    assert sorted(telling.nodes) == sorted([*set(telling.nodes), *_TWICE])
    calls = [call.kind for call in ollama.calls]
    assert sorted(calls) == ["judge", "judge", "prose", "prose", "structured"]


async def test_what_the_store_has_of_a_run_can_be_found_and_is_gone_when_it_is_forgotten(
    ollama: OllamaServer, checkpoints: Checkpoints
) -> None:
    assert THREAD not in await checkpoints.threads()
    await Telling(ollama, checkpoints).until(told("generate_content", "completed"))
    assert THREAD in await checkpoints.threads()
    await checkpoints.forget(THREAD)
    assert THREAD not in await checkpoints.threads()


async def test_a_finished_chapter_is_not_asked_of_the_model_again(
    ollama: OllamaServer, checkpoints: Checkpoints
) -> None:
    telling = Telling(ollama, checkpoints)
    await telling.until(told("workflow", "completed"))
    calls = len(ollama.calls)
    ollama.stop()
    try:
        await telling.until(None)
    finally:
        ollama.start()
    assert isinstance(telling.draft, ChapterDraft)
    assert len(ollama.calls) == calls


async def test_a_log_that_was_put_back_is_believed_and_not_the_checkpoint(
    ollama: OllamaServer, checkpoints: Checkpoints
) -> None:
    telling = Telling(ollama, checkpoints)
    await telling.until(None)
    written = telling.steps.index(told("generate_content", "completed"))
    telling.steps = telling.steps[: written // 2]
    shown = telling.text
    await telling.until(None)
    assert isinstance(telling.draft, ChapterDraft)
    assert telling.draft.text == telling.text
    assert telling.text.startswith(shown)


async def test_a_checkpoint_holds_nothing_of_the_brief_and_is_forgotten(
    ollama: OllamaServer, checkpoints: Checkpoints
) -> None:
    telling = Telling(ollama, checkpoints)
    await telling.until(None)
    kept = [each async for each in checkpoints.saver.alist(None)]
    assert kept
    assert telling.brief.theme not in repr(kept)
    await checkpoints.forget(THREAD)
    assert not [each async for each in checkpoints.saver.alist(None)]


async def test_what_is_being_written_is_whole_before_the_file_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints.sqlite3"
    async with in_sqlite(file) as store:
        saver = store.saver
        assert isinstance(saver, AsyncSqliteSaver)
        config = await saver.aput(_new_thread("left behind"), empty_checkpoint(), {}, {})
        left_behind = asyncio.create_task(saver.aput_writes(config, [("text", "Once.")], "task"))
        while not saver.conn.in_transaction:  # noqa: ASYNC110 - SQLite tells nobody
            await asyncio.sleep(0)
    await left_behind
    async with in_sqlite(file) as store:
        kept = await store.saver.aget_tuple(config)
        assert kept
        assert kept.pending_writes == [("task", "text", "Once.")]
        async with asyncio.timeout(5):  # SQLite would wait for a lock for 20 s
            await store.saver.aput(_new_thread("next"), empty_checkpoint(), {}, {})


def _new_thread(thread_id: str) -> RunnableConfig:
    return RunnableConfig(configurable={"thread_id": thread_id, "checkpoint_ns": ""})


async def test_a_process_that_is_to_end_while_it_opens_its_store_ends(postgres_url: str) -> None:
    """Also where that is told together with what it waits for, as on a machine that is busy."""
    parameters = psycopg.conninfo.conninfo_to_dict(postgres_url)

    async def open_for_ever() -> None:
        async with in_postgres(parameters):
            await asyncio.Event().wait()

    for turns in range(60):
        opening = asyncio.create_task(open_for_ever())
        for _ in range(turns):
            await asyncio.sleep(0)
            time.sleep(0.002)  # noqa: ASYNC251 - whatever comes meanwhile comes at once
        opening.cancel()
        _, pending = await asyncio.wait({opening}, timeout=10)
        assert not pending, f"cancelled after {turns} turns of the loop"
