"""Pruning: its subjects, its exceptions, and the same story afterwards."""

import asyncio
import datetime as dt
import io
import os
import subprocess
import sys
import uuid
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import AsyncClient
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories.access import tickets
from stories.execution import engine, retention
from stories.generations import NewStory, leases, start_story
from stories.infra.db import in_database
from stories.models import Chapter, Generation, GenerationEvent, Story, TicketUse
from testkit.app import ROOT
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client, text_of
from tests.factories.callers import caller
from tests.factories.stories import add_chapter
from tests.runs import has_checkpoints, settled
from tests.streams import (
    FIRST_CHAPTER,
    THEME,
    choose,
    events_of,
    order,
    start,
    stopped_first,
    stopped_second,
)

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = dt.timedelta(days=100)


def ask(user: User, child: Child, theme: str) -> Generation:
    return start_story(caller(user), NewStory(child=child, theme=theme)).generation


def make_finished(user: User, child: Child, count: int) -> None:
    """So many stories that were finished long ago, each with one event left in its log."""
    for number in range(count):
        generation = ask(user, child, f"a story called {number}")
        chapter = add_chapter(generation.story, None)
        Generation.objects.filter(pk=generation.pk).update(
            chapter=chapter, status="completed", finished_at=timezone.now() - LONG_AGO
        )


def output_of_prune() -> str:
    out = io.StringIO()
    call_command("prune", stdout=out)
    return out.getvalue()


async def finished(api: Client, child: Child, **headers: str) -> dict[str, Any]:
    body = {"child_id": str(child.pk), "theme": THEME}
    _, started, _ = await api.call("POST", "/generations", body, **headers)
    await api.frames(events_of(started))
    await settled(goes_on=True)
    return dict(started)


async def age(**which: Any) -> None:
    long_ago = timezone.now() - LONG_AGO
    await Generation.objects.filter(finished_at__isnull=False, **which).aupdate(
        finished_at=long_ago
    )


async def pruned(api: Client, child: Child, **headers: str) -> dict[str, Any]:
    started = await finished(api, child, **headers)
    await age()
    assert (await retention.tidy()).logs == 1
    assert not await GenerationEvent.objects.aexists()
    return started


async def test_a_pruned_chapter_is_told_in_order_from_the_chapter_itself(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await finished(api, mia)
    before = await api.frames(events_of(started))
    await age()
    await retention.tidy()
    after = await api.frames(events_of(started))
    assert order(after) == order(before) == FIRST_CHAPTER
    assert text_of(after) == text_of(before) == (await Chapter.objects.aget()).text
    assert after[0].data == before[0].data
    assert after[-1].data == before[-1].data
    assert after[-2].data == before[-2].data, "100 percent"
    measured = [[f.data for f in log if f.type == "metadata"] for log in (before, after)]
    assert measured[0] == measured[1]
    assert await api.frames(events_of(started)) == after
    assert not {frame.id for frame in before} & {frame.id for frame in after}


async def test_every_way_to_a_pruned_chapter_gives_the_same_without_calling_the_model(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await pruned(api, mia, Idempotency_Key="bedtime")
    calls = len(storyteller.calls)
    whole = await api.frames(events_of(started))
    wanted = f"child_id={mia.pk}&theme={THEME.replace(' ', '+')}&chapter_number=1"
    cursor = {"Last_Event_ID": whole[0].id}
    assert await api.frames(f"/stories/generate/stream?{wanted}", **cursor) == whole[1:]
    body = {"child_id": str(mia.pk), "theme": THEME}
    status, again, _ = await api.call("POST", "/generations", body, Idempotency_Key="bedtime")
    assert (status, again["id"], again["status"]) == (200, started["id"], "completed")
    assert len(storyteller.calls) == calls


async def test_the_legacy_streams_replay_pruned_chapters(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await finished(api, mia)
    first = (await api.frames(events_of(started)))[-1].data
    second = await choose(api, first, first["choices"][0]["id"])
    await age()
    await retention.tidy()
    assert not await GenerationEvent.objects.aexists()
    calls = len(storyteller.calls)
    assert await choose(api, first, first["choices"][0]["id"]) == second
    wanted = f"child_id={mia.pk}&theme={THEME.replace(' ', '+')}"
    frames = await api.frames(f"/stories/generate/stream?{wanted}&chapter_number=2")
    assert frames[-1].data == second
    assert text_of(frames) == second["story_content"]
    assert len(storyteller.calls) == calls


async def test_a_pruned_cursor_is_answered_by_a_resync_and_the_end_by_204(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await finished(api, mia)
    before = await api.frames(events_of(started))
    await age()
    await retention.tidy()
    after = await api.frames(events_of(started))
    text_at = next(at for at, frame in enumerate(after) if frame.type == "content")
    for frame in before[:-1]:
        seen = await api.frames(events_of(started), Last_Event_ID=frame.id)
        assert (seen[0].type, seen[0].data["reason"]) == ("content_reset", "resync")
        assert seen[1].data == {"chunk": text_of(before), "is_complete": True}
        assert not seen[0].id
        assert not seen[1].id
        assert seen[2:] == after[text_at + 1 :]
    for at, frame in enumerate(after[:-1]):
        assert await api.frames(events_of(started), Last_Event_ID=frame.id) == after[at + 1 :]
    for frame in (before[-1], after[-1]):
        status, _, _ = await api.call("GET", events_of(started), Last_Event_ID=frame.id)
        assert status == 204


async def test_the_state_of_a_pruned_chapter_has_its_text_and_a_cursor_to_follow_from(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await finished(api, mia)
    _, before, _ = await api.call("GET", f"/generations/{started['id']}")
    await age()
    finished_at = (await Generation.objects.aget()).finished_at
    await retention.tidy()
    _, after, _ = await api.call("GET", f"/generations/{started['id']}")
    assert finished_at is not None
    assert after | {"cursor": "", "finished_at": ""} == before | {"cursor": "", "finished_at": ""}
    status, _, _ = await api.call("GET", events_of(started), Last_Event_ID=after["cursor"])
    assert status == 204


async def test_pages_about_a_pruned_chapter_work(
    api: Client, alice: User, mia: Child, storyteller: OllamaServer, admin_user: User
) -> None:
    started = await pruned(api, mia)
    browser = AsyncClient()
    await browser.aforce_login(alice)
    read = await browser.get(f"/read/{started['session_id']}/")
    first_words = (await Chapter.objects.aget()).paragraphs[0][:30]
    assert first_words in read.content.decode()
    staff = AsyncClient()
    await staff.aforce_login(admin_user)
    url = reverse("admin:stories_generation_change", args=[started["id"]])
    assert "This log was removed on" in (await staff.get(url)).content.decode()


async def test_a_story_goes_on_after_its_pruned_chapter(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await pruned(api, mia)
    done = (await api.frames(events_of(started)))[-1].data
    status, _, _ = await api.call("POST", f"/generations/{started['id']}/discard")
    assert status == 409
    assert (await choose(api, done, done["choices"][0]["id"]))["currentChapter"] == 2


async def test_nothing_is_pruned_before_its_time(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Settings
) -> None:
    await finished(api, mia)
    settings.KEEP_EVENTS_DAYS = 3
    for days, logs in ((2, 0), (4, 1)):
        then = timezone.now() - dt.timedelta(days=days)
        await Generation.objects.aupdate(finished_at=then)
        assert (await retention.tidy()).logs == logs


async def test_a_stopped_chapter_is_kept_until_its_story_has_gone_on(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    _, state = await stopped_second(api, mia, storyteller)
    await age()
    assert (await retention.tidy()).logs == 1, "the first chapter's"
    _, kept, _ = await api.call("GET", f"/generations/{state['id']}")
    assert kept["text"] == state["text"]
    status, begun, _ = await api.call("POST", f"/generations/{state['id']}/continue")
    assert status == 201
    assert text_of(await api.frames(events_of(begun))).startswith(state["text"])
    assert (await retention.tidy()).logs == 1, "that of the chapter that was carried on"
    _, gone, _ = await api.call("GET", f"/generations/{state['id']}")
    assert (gone["text"], gone["error"]) == ("", state["error"])
    assert (await api.frames(events_of(state)))[-1].data == state["error"]
    status, problem, _ = await api.call("POST", f"/generations/{state['id']}/continue")
    assert (status, problem["code"]) == (409, "WRONG_PLACE")


async def test_a_stopped_first_chapter_is_kept_while_nothing_else_came_of_its_story(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    state = await stopped_first(api, mia, storyteller)
    await age()
    assert (await retention.tidy()).logs == 0
    _, kept, _ = await api.call("GET", f"/generations/{state['id']}")
    assert kept["text"] == state["text"]


async def test_what_nobody_has_written_for_a_week_is_ended_and_can_be_carried_on(
    api: Client, mia: Child, alice: User, ollama: OllamaServer
) -> None:
    queued = await in_database(ask, alice, mia, "a story that waits")
    claimed = await in_database(ask, alice, mia, "a story of a dead process")
    fresh = await in_database(ask, alice, mia, "a story of today")
    last_week = timezone.now() - dt.timedelta(days=retention.STALE_DAYS, hours=1)
    await Generation.objects.exclude(pk=fresh.pk).aupdate(created_at=last_week)
    await Generation.objects.filter(pk=claimed.pk).aupdate(
        status="running", lease_id=uuid.uuid4(), lease_expires_at=last_week
    )
    assert (await retention.tidy()).ended == 2
    for generation in (queued, claimed):
        frames = await api.frames(f"/generations/{generation.pk}/events")
        assert frames[-1].data["code"] == "INTERRUPTED"
    assert (await Generation.objects.aget(pk=fresh.pk)).status == "queued"
    status, _, _ = await api.call("POST", f"/generations/{queued.pk}/continue")
    assert status == 201
    assert (await retention.tidy()).ended == 0


async def test_what_a_deleted_story_left_in_the_checkpoints_goes_and_no_others(
    mia: Child, alice: User, ollama: OllamaServer, settings: Settings
) -> None:
    settings.MAX_CONCURRENT = settings.MAX_CONCURRENT_PER_FAMILY = 2
    first, second = Hold(after=0), Hold(after=0)
    ollama.script(judge=[Reply(hold=first), Reply(hold=second)])
    kept = await in_database(ask, alice, mia, "a story that is taken up tomorrow")
    gone = await in_database(ask, alice, mia, "a story that is deleted")
    engine.start()
    await asyncio.gather(first.reached.seen(), second.reached.seen())
    await engine.shut_down()
    await Story.objects.filter(generations=gone.pk).adelete()
    assert [await has_checkpoints(run) for run in (kept, gone)] == [True, True]
    await retention.tidy()
    assert [await has_checkpoints(run) for run in (kept, gone)] == [True, False]


async def test_what_is_being_written_is_not_ended_however_long_it_has_waited(
    api: Client, mia: Child, alice: User, ollama: OllamaServer
) -> None:
    generation = await in_database(ask, alice, mia, "a story that waited long")
    await Generation.objects.aupdate(created_at=timezone.now() - LONG_AGO)
    claim = (await in_database(leases.claim_next, 4)).claim
    assert claim is not None
    assert (await retention.tidy()).ended == 0
    assert await in_database(leases.renew, [claim]) == {claim.id: False}
    assert (await Generation.objects.aget(pk=generation.pk)).status == "running"


async def test_tickets_and_log_ins_that_open_nothing_any_more_are_removed(
    mia: Child, alice: User, ollama: OllamaServer
) -> None:
    generation = await in_database(ask, alice, mia, THEME)
    now = timezone.now()
    for nonce, used_at in (("new", now), ("old", now - tickets.RECONNECTIONS)):
        await TicketUse.objects.acreate(nonce=nonce, generation=generation, used_at=used_at)
    for key, days in (("still-good", 1), ("over", -1)):
        expires = now + dt.timedelta(days=days)
        await Session.objects.acreate(session_key=key, session_data="", expire_date=expires)
    done = await retention.tidy()
    assert (done.tickets, done.sessions) == (1, 1)
    assert (await TicketUse.objects.aget()).nonce == "new"
    assert (await Session.objects.aget()).session_key == "still-good"


async def test_many_logs_are_pruned_in_small_steps_by_processes_that_do_not_meet(
    api: Client, mia: Child, alice: User, ollama: OllamaServer
) -> None:
    count = 3 * retention.LOGS_PER_STEP + 1
    await in_database(make_finished, alice, mia, count)
    done = await asyncio.gather(*(retention.tidy() for _ in range(3)))
    assert sum(one.logs for one in done) == count
    assert sum(one.events for one in done) == count
    assert await retention.tidy() == retention.Tidied(0, 0, 0, 0, 0, 0)


async def test_a_reader_and_a_writer_go_on_while_logs_are_pruned(
    api: Client, mia: Child, alice: User, storyteller: OllamaServer
) -> None:
    await in_database(make_finished, alice, mia, 2 * retention.LOGS_PER_STEP)
    storyteller.script(prose=[Reply(hold=(hold := Hold(after=40)))])
    started = await start(api, mia)
    reading = asyncio.create_task(api.frames(events_of(started)))
    await hold.reached.seen()
    tidying = asyncio.create_task(retention.tidy())
    hold.release()
    frames = await reading
    assert frames[-1].type == "complete"
    assert (await tidying).logs == 2 * retention.LOGS_PER_STEP
    assert await api.frames(events_of(started)) == frames


async def test_the_command_says_what_it_did_in_plain_words(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    await finished(api, mia)
    await age()
    events = await GenerationEvent.objects.acount()
    said = await in_database(output_of_prune)
    assert f"Logs older than 30 days removed: 1 ({events} events)." in said
    assert "All stories are kept." in said
    assert "nothing to remove" in await in_database(output_of_prune)
    assert await Chapter.objects.acount() == 1


@pytest.mark.parametrize("days", ["0", "-1", "soon", "1000000"])
def test_a_time_to_keep_that_is_none_is_refused_with_what_is_allowed(days: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "prune"],
        cwd=ROOT,
        env=os.environ | {"STORYTELLER_KEEP_EVENTS_DAYS": days},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "STORYTELLER_KEEP_EVENTS_DAYS" in done.stderr
    assert "from 1 to 3650" in done.stderr
