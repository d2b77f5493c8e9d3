"""Runs: claimed once, taken up where a dead process left off, and always ended."""

import asyncio
import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from children.models import Child, User
from stories import eventlog
from stories.eventlog import Entry, LeaseLost, LogWriter
from stories.execution import engine
from stories.generations import NewStory, leases, request_stop, start_story
from stories.generations.claims import Claim
from stories.infra.db import in_database
from stories.infra.notify import Topic, notify
from stories.models import Chapter, Generation
from stories.vocabulary.events import Content, Progress
from testkit.hosts import Hold, Reply, Signal
from testkit.ollama.server import OllamaServer
from tests.clients import Client, Frame, frames_of, text_of
from tests.factories.callers import caller
from tests.runs import die_after, has_checkpoints, put_back, watched
from tests.statements import before

pytestmark = pytest.mark.django_db(transaction=True)

LONG_SECONDS = 20.0


@pytest.fixture
def queued(mia: Child, alice: User, ollama: OllamaServer) -> Generation:
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    return start_story(caller(alice), new).generation


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
    engine.start()
    shown = await text_shown(api, queued)
    await engine.shut_down()
    assert (await Generation.objects.aget()).status == "running"
    engine.start()
    frames = await ended(api, queued)
    await engine.shut_down()
    assert frames[-1].type == "complete"
    assert "content_reset" not in [frame.type for frame in frames]
    assert text_of(frames).startswith(shown)
    assert text_of(frames) == (await Chapter.objects.aget()).text
    in_stand_in_form = (await Chapter.objects.aget()).source
    assert in_stand_in_form[:40] in ollama.calls_for("prose")[1].prompt
    starts = [f.data for f in frames if f.type == "node_event" and f.data["status"] == "started"]
    assert len({event["node"] for event in starts}) == len(starts), "no step begins twice"


async def test_progress_does_not_fall_when_another_runner_takes_over(
    api: Client, queued: Generation, ollama: OllamaServer
) -> None:
    dead = (await in_database(leases.claim_next, 1)).claim
    assert dead is not None
    writer = LogWriter(dead.id, dead.lease_id, dead.generation.last_position)
    writer.append(Entry(Progress(percent=60, stage="Writing", eta_seconds=None)))
    await writer.flush()
    await in_database(leases.give_up_lease, dead)
    engine.start()
    frames = await ended(api, queued)
    await engine.shut_down()
    percents = [frame.data["percent"] for frame in frames if frame.type == "progress"]
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (60, 100)


async def test_a_lease_that_ran_out_is_claimed_again_and_the_old_runner_cannot_append(
    queued: Generation,
) -> None:
    old = (await in_database(leases.claim_next, 1)).claim
    assert old is not None
    assert (await in_database(leases.claim_next, 1)).claim is None
    await Generation.objects.aupdate(lease_expires_at=timezone.now() - dt.timedelta(seconds=1))
    new = (await in_database(leases.claim_next, 1)).claim
    assert new is not None
    assert new.id == old.id == queued.pk
    writer = LogWriter(old.id, old.lease_id, old.generation.last_position)
    writer.append(Entry(Content(chunk="late", is_complete=False)))
    with pytest.raises(LeaseLost):
        await writer.flush()
    assert await in_database(leases.renew, [old, new]) == {queued.pk: False}
    assert await in_database(leases.renew, [old]) == {}
    log = await in_database(eventlog.read_after, queued.pk, 0)
    assert [event.type for event in log] == ["node_event"]


async def test_only_one_of_many_claimers_gets_a_run(queued: Generation) -> None:
    looks = await asyncio.gather(*(in_database(leases.claim_next, 8) for _ in range(8)))
    assert len([look for look in looks if look.claim]) == 1


async def test_a_stop_before_the_first_word_ends_it_without_a_model_call(
    api: Client, queued: Generation, ollama: OllamaServer
) -> None:
    await in_database(request_stop, queued)
    engine.start()
    frames = await ended(api, queued)
    await engine.shut_down()
    assert frames[-1].data["code"] == "CANCELLED"
    assert ollama.calls == []


async def test_a_stop_of_what_nobody_writes_waits_for_no_process_that_could(
    api: Client, queued: Generation
) -> None:
    await api.call("POST", f"/generations/{queued.pk}/stop")
    frames = await ended(api, queued)
    assert frames[-1].data["code"] == "CANCELLED"
    assert (await Generation.objects.aget()).status == "stopped"
    assert (await in_database(leases.claim_next, 1)).claim is None
    await in_database(request_stop, queued)
    assert await ended(api, queued) == frames


async def test_a_stop_that_another_process_asked_for_is_seen(
    api: Client, queued: Generation, ollama: OllamaServer, settings: Any
) -> None:
    settings.LEASE_SECONDS = 1.0
    hold = Hold(after=60)
    ollama.script(prose=[Reply(hold=hold)])
    engine.start()
    await text_shown(api, queued)
    await Generation.objects.aupdate(stop_requested_at=timezone.now())
    frames = await ended(api, queued)
    await engine.shut_down()
    assert frames[-1].data["code"] == "CANCELLED"
    await ollama.calls[0].disconnected.seen()


async def test_a_process_that_slept_past_its_leases_goes_on_with_its_own_runs(
    api: Client, queued: Generation, ollama: OllamaServer, settings: Any
) -> None:
    settings.MAX_CONCURRENT = 2
    asleep, other = Hold(after=60), Hold(after=0)
    ollama.script(prose=[Reply(hold=asleep), Reply(hold=other)])
    engine.start()
    await asleep.reached.seen()
    await in_database(expire, queued)
    await in_database(ask_for_another, queued)
    await other.reached.seen()
    now = await Generation.objects.aget(pk=queued.pk)
    assert (now.attempts, now.status) == (1, "running")
    assert now.lease_expires_at is not None
    assert now.lease_expires_at > timezone.now()
    asleep.release()
    assert (await ended(api, queued))[-1].type == "complete"
    await engine.shut_down()


async def test_a_run_that_was_lost_and_came_back_is_stopped_at_once_as_any_other(
    api: Client, queued: Generation, ollama: OllamaServer, settings: Any
) -> None:
    settings.LEASE_SECONDS = 60.0
    first, second = Hold(after=60), Hold(after=60)
    ollama.script(prose=[Reply(hold=first), Reply(hold=second)])
    engine.start()
    await first.reached.seen()
    await in_database(expire, queued, lease_id=uuid.uuid4())
    await in_database(notify, Topic.WORK)
    await second.reached.seen()
    await ollama.calls_for("prose")[0].disconnected.seen()
    await in_database(request_stop, queued)
    await ollama.calls_for("prose")[1].disconnected.seen()
    assert (await ended(api, queued))[-1].data["code"] == "CANCELLED"
    await engine.shut_down()


def ask_for_another(beside: Generation) -> None:
    asker = caller(User.objects.get())
    start_story(asker, NewStory(child=beside.story.child, theme="a robot"))


def expire(generation: Generation, **others: Any) -> None:
    past = timezone.now() - dt.timedelta(seconds=1)
    Generation.objects.filter(pk=generation.pk).update(lease_expires_at=past, **others)


async def test_a_run_that_is_given_up_while_it_ends_is_handed_over(
    api: Client, queued: Generation, ollama: OllamaServer
) -> None:
    hold, is_ending, may_go_on = Hold(after=60), Signal(), Signal()
    ollama.script(prose=[Reply(hold=hold)])
    # Text held back by an earlier runner is looked for when the run ends.
    await Generation.objects.aupdate(started_at=timezone.now())
    engine.start()
    await hold.reached.seen()

    def wait() -> None:
        is_ending.set()
        may_go_on.wait()

    async with before("SELECT", "stories_safetyfinding", wait):
        await in_database(request_stop, queued)
        await is_ending.seen()
        leaving = asyncio.create_task(engine.shut_down())
        await asyncio.wait({leaving}, timeout=0.1)
        may_go_on.set()
        await leaving
    given_up = await Generation.objects.aget()
    assert given_up.status == "running"
    assert given_up.lease_expires_at is not None
    assert given_up.lease_expires_at < timezone.now(), "nobody has to wait for the lease"
    engine.start()
    assert (await ended(api, queued))[-1].data["code"] == "CANCELLED"
    await engine.shut_down()


async def test_a_story_that_is_deleted_while_it_is_written_leaves_no_text_behind(
    queued: Generation, ollama: OllamaServer, settings: Any
) -> None:
    settings.LEASE_SECONDS = 1.0
    hold = Hold(after=0)
    ollama.script(judge=[Reply(hold=hold)])
    engine.start()
    await hold.reached.seen()
    assert await has_checkpoints(queued)
    await Child.objects.all().adelete()
    await ollama.calls_for("judge")[0].disconnected.seen()
    await engine.shut_down(LONG_SECONDS)
    assert not await has_checkpoints(queued)


async def test_a_chapter_that_is_stored_as_its_stop_comes_leaves_no_checkpoints_behind(
    queued: Generation, ollama: OllamaServer
) -> None:
    loop = asyncio.get_running_loop()

    async def stop_now() -> None:
        await in_database(notify, Topic.STOP, [queued.pk])
        await asyncio.sleep(0.1)

    def stop() -> None:
        asyncio.run_coroutine_threadsafe(stop_now(), loop).result()

    async with before("INSERT", "stories_chapter", stop):
        engine.start()
        await ollama.called(3).seen(30)
        await engine.shut_down(LONG_SECONDS)
    # SQLite lets the one that has begun go first; on PostgreSQL the stop may be quicker.
    may_be = {"completed"} if connection.vendor == "sqlite" else {"completed", "stopped"}
    assert (await Generation.objects.aget()).status in may_be
    assert not await has_checkpoints(queued)


async def test_a_run_that_kills_its_processes_is_interrupted_at_last(
    api: Client, queued: Generation, ollama: OllamaServer
) -> None:
    await Generation.objects.aupdate(attempts=leases.MAX_ATTEMPTS)
    engine.start()
    frames = await ended(api, queued)
    await engine.shut_down()
    assert (frames[-1].type, frames[-1].data["code"]) == ("error", "INTERRUPTED")


async def test_appends_of_many_runs_are_committed_in_order_and_numbered_without_gaps(
    mia: Child, alice: User, ollama: OllamaServer, settings: Any
) -> None:
    settings.MAX_CONCURRENT_PER_FAMILY = 0

    def started(number: int) -> Claim:
        new = NewStory(child=mia, theme=f"story {number}")
        start_story(caller(alice), new)
        claim = leases.claim_next(3).claim
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


@pytest.mark.parametrize("rejections", [0, 1])
async def test_a_run_killed_after_any_event_goes_on_at_that_step(
    api: Client, queued: Generation, ollama: OllamaServer, rejections: int
) -> None:
    rejected = {"problem": "meanness", "weight": 3}
    ollama.script(judge=[rejected] * rejections)
    ollama.tokens_per_second = 400
    engine.start()
    whole, sources = await watched(api, queued)
    await engine.shut_down()
    ollama.tokens_per_second = 0
    assert whole[-1].type == "complete"
    assert len([f for f in whole if f.type == "content_reset"]) == rejections
    expected, position = outline(whole), 1
    while (position := next_step(whole, position)) < len(whole):
        await in_database(put_back, queued, whole[:position], sources)
        await in_database(die_after, queued, position)
        ollama.script(judge=[rejected] * (rejections if is_unjudged(whole[:position]) else 0))
        engine.start()
        frames = await ended(api, queued)
        await engine.shut_down()
        assert [f.id for f in frames[:position]] == [f.id for f in whole[:position]]
        assert frames[-1].type == "complete"
        assert text_of(frames) == (await Chapter.objects.aget()).text
        stands = "content_reset" not in [frame.type for frame in frames[position:]]
        assert not stands or text_of(frames).startswith(text_of(whole[:position])), position
        assert outline(frames) == expected, position


def next_step(frames: list[Frame], position: int) -> int:
    """The next length of the log that ends with another kind of event."""
    kinds = [(f.type, f.data.get("is_complete")) for f in frames if f.type != "progress"]
    lengths = [number + 1 for number, f in enumerate(frames) if f.type != "progress"]
    topic = [
        length
        for length, kind, before in zip(lengths[1:], kinds[1:], kinds, strict=False)
        if length > position and (kind != before or kind[0] == "node_event")
    ]
    return topic[0] if topic else len(frames)


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
