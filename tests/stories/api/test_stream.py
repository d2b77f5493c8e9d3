"""The stream contract, over the ASGI application, the real workflow and a real database."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.db import connection

from children import tokens
from children.models import ApiToken, Child, User
from stories import eventlog
from stories.execution import engine
from stories.infra.db import in_database
from stories.models import Chapter, Generation
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client, Frame, frames_of, text_of
from tests.statements import before
from tests.streams import FIRST_CHAPTER, THEME, events_of, outline, start

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_first_chapter_has_the_order_of_the_contract(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    frames = await api.frames(events_of(await start(api, mia)))
    assert outline(frames) == FIRST_CHAPTER
    first, last = frames[0].data, frames[-1].data
    assert first["chapter_number"] == 1
    assert first["theme"] == THEME
    assert first["generation_id"] == last["generation_id"]
    assert first["session_id"] == last["session_id"]


async def test_the_chunks_are_the_stored_chapter_byte_for_byte(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    frames = await api.frames(events_of(await start(api, mia)))
    chapter = await Chapter.objects.aget()
    assert text_of(frames) == chapter.text
    assert frames[-1].data["story_content"] == chapter.text
    assert frames[-1].data["content"] == chapter.paragraphs
    assert [f.data["is_complete"] for f in frames if f.type == "content"][-1] is True


async def test_a_second_get_replays_without_a_model_call(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await start(api, mia)
    first = await api.frames(events_of(started))
    calls = len(storyteller.calls)
    second = await api.frames(events_of(started))
    assert [frame.raw for frame in second] == [frame.raw for frame in first]
    assert len(storyteller.calls) == calls


async def test_a_client_that_drops_at_any_event_misses_nothing_and_sees_nothing_twice(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await start(api, mia)
    whole = await api.frames(events_of(started))
    for at, dropped in enumerate(whole[:-1]):
        rest = await api.frames(events_of(started), Last_Event_ID=dropped.id)
        assert [frame.raw for frame in rest] == [frame.raw for frame in whole[at + 1 :]]
        by_query = await api.frames(f"{events_of(started)}?after={dropped.id}")
        assert by_query == rest


async def test_a_reconnect_after_the_end_gets_204(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await start(api, mia)
    last = (await api.frames(events_of(started)))[-1]
    status, _, _ = await api.call("GET", events_of(started), Last_Event_ID=last.id)
    assert status == 204


@pytest.mark.parametrize("cursor", ["nonsense", "0" * 32 + "-3", "{id}-99999"])
async def test_an_unknown_cursor_is_answered_with_a_resync(
    api: Client, mia: Child, storyteller: OllamaServer, cursor: str
) -> None:
    started = await start(api, mia)
    whole = await api.frames(events_of(started))
    cursor = cursor.format(id=started["id"].replace("-", ""))
    frames = await api.frames(events_of(started), Last_Event_ID=cursor)
    assert [frame.type for frame in frames[:2]] == ["content_reset", "content"]
    assert frames[0].data["reason"] == "resync"
    assert frames[0].id == frames[1].id == ""
    assert text_of(frames) == text_of(whole)
    assert frames[-1].raw == whole[-1].raw


async def test_a_disconnect_does_not_stop_a_generation(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    hold = Hold(after=30)
    storyteller.script(prose=[Reply(hold=hold)])
    started = await start(api, mia)
    response = await api.stream(events_of(started))
    async for frame in frames_of(response):
        if frame.type == "content":
            break
    hold.release()
    frames = await api.frames(events_of(started))
    assert frames[-1].type == "complete"
    assert len(storyteller.calls_for("prose")) == 1


async def test_text_arrives_while_the_model_still_writes(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    hold = Hold(after=60)
    storyteller.script(prose=[Reply(hold=hold)])
    started = await start(api, mia)
    stream = frames_of(await api.stream(events_of(started)))
    seen: Frame = await anext(frame async for frame in stream if frame.type == "content")
    assert not hold.released
    assert seen.data["chunk"]
    status, state, _ = await api.call("GET", f"/generations/{started['id']}")
    assert status == 200
    assert state["is_active"]
    assert state["text"].startswith(seen.data["chunk"])
    hold.release()
    rest = await api.frames(events_of(started), Last_Event_ID=state["cursor"])
    assert state["text"] + text_of(rest) == (await Chapter.objects.aget()).text


async def test_many_readers_see_the_same_sequence(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await start(api, mia)
    readers = [api.frames(events_of(started)) for _ in range(20)]
    first, *others = await asyncio.gather(*readers)
    assert all(other == first for other in others)


async def test_a_stop_ends_the_run_leaves_the_model_and_keeps_the_text(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    hold = Hold(after=60)
    storyteller.script(prose=[Reply(hold=hold)])
    started = await start(api, mia)
    stream = frames_of(await api.stream(events_of(started)))
    await anext(frame async for frame in stream if frame.type == "content")
    for _ in range(2):
        status, _, _ = await api.call("POST", f"/generations/{started['id']}/stop")
        assert status == 200
    frames = await api.frames(events_of(started))
    assert (frames[-1].type, frames[-1].data["code"]) == ("error", "CANCELLED")
    await storyteller.calls[-1].disconnected.seen()
    _, state, _ = await api.call("GET", f"/generations/{started['id']}")
    assert state["status"] == "stopped"
    assert state["text"] == text_of(frames) != ""


async def test_the_same_key_gives_the_same_generation(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    body = {"child_id": str(mia.pk), "theme": THEME}
    answers = [
        await api.call("POST", "/generations", body, Idempotency_Key="one") for _ in range(3)
    ]
    assert [status for status, _, _ in answers] == [201, 200, 200]
    assert len({started["id"] for _, started, _ in answers}) == 1
    assert await Generation.objects.acount() == 1
    await api.frames(events_of(answers[0][1]))


async def test_concurrent_requests_for_one_story_start_one_generation(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    url = f"/stories/generate/stream?child_id={mia.pk}&theme={THEME}"
    results = await asyncio.gather(*(api.frames(url) for _ in range(2)))
    assert results[0] == results[1]
    assert await Generation.objects.acount() == 1


async def test_headers_and_first_bytes_are_those_of_a_stream(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    response = await api.stream(events_of(await start(api, mia)))
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-cache, no-transform"
    assert response["X-Accel-Buffering"] == "no"
    chunks = aiter(response)
    assert await anext(chunks) == b"retry: 3000\n\n"
    async for _ in chunks:
        pass


async def test_silence_is_kept_alive_by_comments_that_move_no_cursor(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Any
) -> None:
    settings.SSE_KEEPALIVE_SECONDS = 0.05
    hold = Hold(after=0)
    storyteller.script(prose=[Reply(hold=hold)])
    stream = frames_of(await api.stream(events_of(await start(api, mia))))
    comment = await anext(frame async for frame in stream if frame.raw.startswith(":"))
    assert comment == Frame("", "", {}, ": keepalive")
    hold.release()
    last = [frame async for frame in stream][-1]
    assert last.type == "complete"


async def test_a_stream_ends_when_its_reader_loses_access(
    api: Client, mia: Child, alice: User, storyteller: OllamaServer, settings: Any
) -> None:
    settings.SSE_ACCESS_SECONDS = 0.05
    hold = Hold(after=0)
    storyteller.script(prose=[Reply(hold=hold)])
    stream = frames_of(await api.stream(events_of(await start(api, mia))))
    await anext(stream)
    await hold.reached.seen()
    await in_database(lambda: User.objects.filter(pk=alice.pk).update(is_active=False))
    rest = [frame async for frame in stream]
    assert "complete" not in [frame.type for frame in rest]
    hold.release()


@pytest.mark.parametrize("opened_by", ["token", "cookie", "ticket", "cookie's ticket"])
async def test_a_stream_ends_when_the_token_is_revoked_or_its_browser_logs_out(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Any, opened_by: str
) -> None:
    settings.SSE_ACCESS_SECONDS = settings.SSE_KEEPALIVE_SECONDS = 0.05
    hold = Hold(after=0)
    storyteller.script(prose=[Reply(hold=hold)])
    started = await start(api, mia)
    path, browser = events_of(started), Client(api.user, is_browser=True)
    is_ticket = opened_by.endswith("ticket")
    maker = browser if opened_by.startswith("cookie") else api
    if is_ticket:
        _, made, _ = await maker.call("POST", f"/generations/{started['id']}/ticket")
        path += f"?token={made['ticket']}"
    client = Client(None) if is_ticket else maker
    stream = frames_of(await client.stream(path))
    for _ in range(3):  # for so long it is as good as it was
        await anext(frame async for frame in stream if frame.raw.startswith(":"))
    await hold.reached.seen()
    if maker is browser:
        await browser.log_out()
    else:
        await in_database(lambda: tokens.revoke(ApiToken.objects.get()))
    rest = [frame async for frame in stream]
    assert "complete" not in [frame.type for frame in rest]
    if is_ticket:
        status, _, _ = await client.call("GET", path, Last_Event_ID=f"{'0' * 32}-1")
        assert status == 401
    hold.release()


async def test_a_response_ends_between_events_after_its_time(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Any
) -> None:
    settings.SSE_MAX_SECONDS = 0.1
    hold = Hold(after=30)
    storyteller.script(prose=[Reply(hold=hold)])
    started = await start(api, mia)
    before = await api.frames(events_of(started))
    assert before[-1].type != "complete"
    hold.release()
    settings.SSE_MAX_SECONDS = 600.0
    after = await api.frames(events_of(started), Last_Event_ID=before[-1].id)
    assert outline(before + after) == FIRST_CHAPTER


@pytest.mark.parametrize("needed", ["stories_generationevent", "stories_generation"])
async def test_a_database_that_fails_ends_a_stream_between_events_and_loses_none(
    api: Client, mia: Child, ollama: OllamaServer, settings: Any, needed: str
) -> None:
    settings.SSE_ACCESS_SECONDS = 0.05
    started = await start(api, mia)
    stream = frames_of(await api.stream(events_of(started)))
    first = await anext(frame async for frame in stream if frame.type)
    async with without(needed):
        eventlog.wake([uuid.UUID(started["id"])])
        assert [frame async for frame in stream if frame.type] == []
    engine.start()
    rest = await api.frames(events_of(started), Last_Event_ID=first.id)
    await engine.shut_down()
    assert outline([first, *rest]) == FIRST_CHAPTER


@asynccontextmanager
async def without(table: str) -> AsyncIterator[None]:
    """Answers to every query of this table that there is none."""

    def rename(old: str, new: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")

    await in_database(rename, table, "elsewhere")
    try:
        yield
    finally:
        await in_database(rename, "elsewhere", table)


async def test_a_state_is_of_one_moment_when_the_chapter_ends_while_it_is_read(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    hold = Hold(after=60)
    storyteller.script(prose=[Reply(hold=hold)])
    started = await start(api, mia)
    await hold.reached.seen()

    def end() -> None:
        hold.release()
        while Generation.objects.filter(pk=started["id"], status="running").exists():
            time.sleep(0.01)

    async with before("SELECT", "stories_generationevent", end):
        status, state, _ = await api.call("GET", f"/generations/{started['id']}")
    assert status == 200
    assert (state["status"], state["is_active"]) == ("completed", False)
    assert state["text"] == (await Chapter.objects.aget(pk=uuid.UUID(state["chapter_id"]))).text
