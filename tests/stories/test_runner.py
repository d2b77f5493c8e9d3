"""Runs: claimed once, taken up where a dead process left off, and always ended."""

import asyncio
import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from children.models import Child, User
from stories import dispatch, eventlog
from stories.db import in_database
from stories.eventlog import Entry, LeaseLost, LogWriter
from stories.events import Content, Progress
from stories.generations import Caller, NewStory, request_stop, runs, start_story
from stories.models import Chapter, Generation, GenerationEvent
from tests.clients import Client, Frame, frames_of, text_of
from tests.ollama_server import Hold, OllamaServer, Reply

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queued(mia: Child, alice: User, ollama: OllamaServer) -> Generation:
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    return start_story(Caller(user=alice), new).generation


async def ended(api: Client, generation: Generation) -> Any:
    return await api.frames(f"/generations/{generation.pk}/events")


async def text_shown(api: Client, generation: Generation) -> str:
    """Waits for the first text, and gives what there is then."""
    stream = frames_of(await api.stream(f"/generations/{generation.pk}/events"))
    await anext(frame async for frame in stream if frame.type == "content")
    _, state, _ = await api.call("GET", f"/generations/{generation.pk}")
    return str(state["text"])


async def test_a_run_given_up_at_shut_down_goes_on_from_the_approved_text(
    api: Client, queued: Generation, ollama: OllamaServer
) -> None:
    hold = Hold(after=60)
    ollama.script(prose=[Reply(hold=hold)])
    dispatch.start()
    shown = await text_shown(api, queued)
    await dispatch.shut_down()
    assert (await Generation.objects.aget()).status == "running"
    dispatch.start()
    frames = await ended(api, queued)
    await dispatch.shut_down()
    assert frames[-1].type == "complete"
    assert "content_reset" not in [frame.type for frame in frames]
    assert text_of(frames).startswith(shown)
    assert text_of(frames) == (await Chapter.objects.aget()).text
    assert shown.strip()[:40] in ollama.calls_for("prose")[1].prompt
    starts = [f.data for f in frames if f.type == "node_event" and f.data["status"] == "started"]
    assert len({event["node"] for event in starts}) == len(starts), "no step begins twice"


async def test_progress_does_not_fall_when_another_runner_takes_over(
    api: Client, queued: Generation, ollama: OllamaServer
) -> None:
    dead = await in_database(runs.claim_next, 1)
    assert dead is not None
    writer = LogWriter(dead.id, dead.lease_id, dead.generation.last_position)
    writer.append(Entry(Progress(percent=60, stage="Writing", eta_seconds=None)))
    await writer.flush()
    await in_database(runs.release, dead)
    dispatch.start()
    frames = await ended(api, queued)
    await dispatch.shut_down()
    percents = [frame.data["percent"] for frame in frames if frame.type == "progress"]
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (60, 100)


async def test_a_lease_that_ran_out_is_claimed_again_and_the_old_runner_cannot_append(
    queued: Generation,
) -> None:
    old = await in_database(runs.claim_next, 1)
    assert old is not None
    assert await in_database(runs.claim_next, 1) is None
    await Generation.objects.aupdate(lease_expires_at=timezone.now() - dt.timedelta(seconds=1))
    new = await in_database(runs.claim_next, 1)
    assert new is not None
    assert new.id == old.id == queued.pk
    writer = LogWriter(old.id, old.lease_id, old.generation.last_position)
    writer.append(Entry(Content(chunk="late", is_complete=False)))
    with pytest.raises(LeaseLost):
        await writer.flush()
    assert await in_database(runs.renew, [old, new]) == {queued.pk: False}
    assert await in_database(runs.renew, [old]) == {}
    log = await in_database(eventlog.read_after, queued.pk, 0)
    assert [event.type for event in log] == ["node_event"]


async def test_only_one_of_many_claimers_gets_a_run(queued: Generation) -> None:
    claims = await asyncio.gather(*(in_database(runs.claim_next, 8) for _ in range(8)))
    assert len([claim for claim in claims if claim]) == 1


async def test_a_stop_before_the_first_word_ends_it_without_a_model_call(
    api: Client, queued: Generation, ollama: OllamaServer
) -> None:
    await in_database(request_stop, queued)
    dispatch.start()
    frames = await ended(api, queued)
    await dispatch.shut_down()
    assert frames[-1].data["code"] == "CANCELLED"
    assert ollama.calls == []


async def test_a_stop_that_another_process_asked_for_is_seen(
    api: Client, queued: Generation, ollama: OllamaServer, settings: Any
) -> None:
    settings.LEASE_SECONDS = 1.0
    hold = Hold(after=60)
    ollama.script(prose=[Reply(hold=hold)])
    dispatch.start()
    await text_shown(api, queued)
    await in_database(request_stop, queued)
    frames = await ended(api, queued)
    await dispatch.shut_down()
    assert frames[-1].data["code"] == "CANCELLED"
    await ollama.calls[0].disconnected.seen()


async def test_a_run_that_kills_its_processes_is_interrupted_at_last(
    api: Client, queued: Generation, ollama: OllamaServer
) -> None:
    await Generation.objects.aupdate(attempts=runs.MAX_ATTEMPTS)
    dispatch.start()
    frames = await ended(api, queued)
    await dispatch.shut_down()
    assert (frames[-1].type, frames[-1].data["code"]) == ("error", "INTERRUPTED")


async def test_appends_of_many_runs_are_committed_in_order_and_numbered_without_gaps(
    mia: Child, alice: User, ollama: OllamaServer, settings: Any
) -> None:
    settings.MAX_CONCURRENT_PER_FAMILY = 0

    def started(number: int) -> runs.Claim:
        new = NewStory(child=mia, theme=f"story {number}")
        start_story(Caller(user=alice), new)
        claim = runs.claim_next(3)
        assert claim is not None
        return claim

    claims = [await in_database(started, number) for number in range(3)]
    writers = [LogWriter(c.id, c.lease_id, c.generation.last_position) for c in claims]
    for number in range(50):
        for writer in writers:
            writer.append(Entry(Content(chunk=f"{number} ", is_complete=False)))
        if number % 7 == 0:
            await asyncio.sleep(0)
    for writer in writers:
        await writer.flush()
    for writer in writers:
        log = await in_database(eventlog.read_after, writer.generation_id, 0)
        assert [event.position for event in log] == list(range(1, 52))
        assert eventlog.shown_text(log) == "".join(f"{number} " for number in range(50))


async def test_a_log_nobody_holds_refuses_a_writer_with_another_lease(queued: Generation) -> None:
    writer = LogWriter(queued.pk, uuid.uuid4(), 1)
    writer.append(Entry(Content(chunk="x", is_complete=False)))
    with pytest.raises(LeaseLost):
        await writer.flush()


def die_after(generation: Generation, position: int) -> None:
    """Puts the database back to where its runner was killed after committing this event."""
    Chapter.objects.all().delete()
    GenerationEvent.objects.filter(position__gt=position).delete()
    Generation.objects.filter(pk=generation.pk).update(
        status=Generation.Status.RUNNING,
        finished_at=None,
        last_position=position,
        lease_expires_at=timezone.now() - dt.timedelta(seconds=1),
        attempts=1,
    )


@pytest.mark.parametrize("rejections", [0, 1])
async def test_a_run_killed_after_any_event_goes_on_at_that_step(
    api: Client, queued: Generation, ollama: OllamaServer, rejections: int
) -> None:
    rejected = {"problem": "meanness", "weight": 3}
    ollama.script(judge=[rejected] * rejections)
    dispatch.start()
    whole = await ended(api, queued)
    await dispatch.shut_down()
    assert whole[-1].type == "complete"
    assert len([f for f in whole if f.type == "content_reset"]) == rejections
    expected, position = outline(whole), 1
    while (position := next_step(whole, position)) < len(whole):
        await in_database(die_after, queued, position)
        ollama.script(judge=[rejected] * (rejections if is_unjudged(whole[:position]) else 0))
        dispatch.start()
        frames = await ended(api, queued)
        await dispatch.shut_down()
        assert [f.raw for f in frames[:position]] == [f.raw for f in whole[:position]]
        assert frames[-1].type == "complete"
        assert text_of(frames) == (await Chapter.objects.aget()).text
        assert outline(frames) == expected, position
        whole = frames


def next_step(frames: list[Frame], position: int) -> int:
    """The next length of the log that ends with another kind of event."""
    kinds = [(f.type, f.data.get("is_complete")) for f in frames if f.type != "progress"]
    lengths = [number + 1 for number, f in enumerate(frames) if f.type != "progress"]
    news = [
        length
        for length, kind, before in zip(lengths[1:], kinds[1:], kinds, strict=False)
        if length > position and (kind != before or kind[0] == "node_event")
    ]
    return news[0] if news else len(frames)


def is_unjudged(frames: list[Frame]) -> bool:
    return "safety_check" not in [frame.type for frame in frames]


def outline(frames: list[Frame]) -> list[tuple[Any, ...]]:
    """The steps of a log, runs of text as one."""
    steps: list[tuple[Any, ...]] = []
    for frame in frames:
        step = (frame.type, frame.data.get("node"), frame.data.get("status"))
        if frame.type != "progress" and steps[-1:] != [step]:
            steps.append(step)
    return steps
