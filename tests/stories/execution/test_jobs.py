"""Many processes on PostgreSQL: what a worker writes, every web process shows, whoever dies.

Everything here is a real process: `manage.py serve`, `manage.py workers`, and the database server.
"""

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from testkit import postgres
from testkit.app import READY_SECONDS, ROOT, App, Family
from testkit.hosts import Call, Hold, Reply
from testkit.ollama.server import OllamaServer
from testkit.processes import Server, Worker
from tests.clients import Frame, text_of
from tests.docs.examples import BASH, example
from tests.docs.examples import run as run_example
from tests.sites import Site

# Readers who poll would see half of all events later than this.
LAG_SECONDS = 0.15


class Pause:
    """Keeps the next chapter waiting after some of its text."""

    def __init__(self, host: OllamaServer, after: int = 60) -> None:
        self.hold = Hold(after=after)
        self.call: Call | None = None
        host.script(prose=[self.answer])

    def answer(self, call: Call) -> Reply:
        self.call = call
        return Reply(hold=self.hold)

    async def reached(self) -> Call:
        await self.hold.reached.seen()
        assert self.call is not None
        return self.call


async def until_text(frames: AsyncIterator[Frame]) -> list[Frame]:
    seen: list[Frame] = []
    async for frame in frames:
        seen.append(frame)
        if frame.type == "content":
            break
    return seen


def positions(frames: list[Frame]) -> list[int]:
    return [int(frame.id.rsplit(":", 1)[-1].rsplit("-", 1)[-1]) for frame in frames]


def assert_is_one_story(frames: list[Frame], shown: str, final: Any) -> None:
    assert frames[-1].type == "complete"
    assert len({frame.id for frame in frames}) == len(frames)
    assert "content_reset" not in [frame.type for frame in frames]
    assert text_of(frames).startswith(shown)
    assert text_of(frames) == final["text"] == frames[-1].data["story_content"]


async def test_a_story_is_written_though_the_web_process_that_was_asked_has_died(
    site: Site,
) -> None:
    site.staff(0)
    before = len(site.host.calls)
    generation_id = site.begin()
    site.near.kill()
    assert len(site.host.calls) == before
    site.staff(2)
    frames = await site.read(generation_id, site.far)
    assert frames[-1].type == "complete"
    prose = [call for call in site.host.calls[before:] if call.kind == "prose"]
    assert len(prose) == 1, "two workers write it once"


async def test_two_web_processes_show_the_same_story_as_it_is_written(site: Site) -> None:
    site.staff(2)
    site.host.tokens_per_second = 40
    generation_id = site.begin()
    lags: list[float] = []

    async def read(web: Server) -> list[str]:
        got: list[str] = []
        async with site.follow(generation_id, web) as frames:
            async for frame in frames:
                got.append(frame.raw)
                arrived.setdefault(web.port, []).append((len(got), time.time()))
        return got

    arrived: dict[int, list[tuple[int, float]]] = {}
    near, far = await asyncio.gather(read(site.near), read(site.far))
    assert near == far
    rows = postgres.ask(
        site.database,
        "SELECT position, extract(epoch FROM created_at)::float8 FROM stories_generationevent "
        f"WHERE generation_id = '{generation_id}' AND type = 'content'",
    )
    appended = dict(rows)
    for seen in arrived.values():
        lags += [at - appended[position] for position, at in seen if position in appended]
    assert statistics.median(lags) < LAG_SECONDS


async def test_a_worker_that_is_killed_is_taken_over_and_the_story_goes_on(site: Site) -> None:
    pause = Pause(site.host)
    [first] = site.staff(1)
    generation_id = site.begin()
    async with site.follow(generation_id, site.far) as live:
        frames = await until_text(live)
        await pause.reached()
        first.end(signal.SIGKILL)
        shown = (await site.state(generation_id))["text"]
        checkpoints = f"SELECT checkpoint_id FROM checkpoints WHERE thread_id = '{generation_id}'"
        assert postgres.ask(site.database, checkpoints)
        site.staff(1)
        frames += [frame async for frame in live]
    assert_is_one_story(frames, shown, await site.state(generation_id))
    until(lambda: not postgres.ask(site.database, checkpoints))
    told = site.host.calls_for("prose")[-1].prompt
    assert all(part.strip() in told for part in shown.split("Maya")), "but for the child's name"


async def test_what_a_worker_writes_ahead_is_joined_by_the_choice_though_it_was_killed(
    site: Site,
) -> None:
    site.staff(0)
    stop_reading = "UPDATE stories_readingsession SET last_read_at = started_at - interval '1 day'"
    postgres.ask(site.database, f"{stop_reading} RETURNING id")  # the stories of other tests
    one_by_one = {"STORYTELLER_WRITE_AHEAD": "near", "STORYTELLER_MAX_CONCURRENT": "1"}
    ahead = replace(site.near, settings={**site.near.settings, **one_by_one})
    pause = Pause(site.host)
    site.host.script(prose=[None, pause.answer])
    first = await asyncio.to_thread(Worker, ahead)
    site.workers.append(first)
    reader = site.family.start_story("a lantern that is read by day")
    assert (await site.read(reader.generation_id, site.far))[-1].type == "complete"
    await pause.reached()
    await asyncio.to_thread(until, lambda: bool(begun_ahead(site)))
    ((run_id, choice_id),) = begun_ahead(site)
    shown = shown_by(site, run_id)
    first.end(signal.SIGKILL)
    assert [chapter["number"] for chapter in site.family.chapters(reader)] == [1]
    chosen = site.family.go_on(reader, "maya", choice_id=str(choice_id))
    assert chosen.generation_id == str(run_id)
    site.staff(1)
    frames = await site.read(chosen.generation_id, site.far)
    assert_is_one_story(frames, shown, await site.state(chosen.generation_id))
    assert [chapter["number"] for chapter in site.family.chapters(reader)] == [1, 2]


def begun_ahead(site: Site) -> list[tuple[Any, ...]]:
    """The runs that nobody asked for and that have some text, each with its choice."""
    hidden = "SELECT id, choice_id FROM stories_generation WHERE ahead = 'hidden'"
    return [row for row in postgres.ask(site.database, hidden) if shown_by(site, row[0])]


def shown_by(site: Site, run_id: Any) -> str:
    """The text in a run's log."""
    rows = postgres.ask(
        site.database,
        "SELECT payload FROM stories_generationevent "
        f"WHERE generation_id = '{run_id}' AND type = 'content' ORDER BY position",
    )
    return "".join(json.loads(payload)["chunk"] for (payload,) in rows)


async def test_a_worker_that_is_told_to_end_hands_its_story_over_before_its_lease_ends(
    site: Site,
) -> None:
    site.staff(0)
    pause = Pause(site.host)
    lasting = replace(site.near, settings={**site.near.settings, "STORYTELLER_LEASE": "300"})
    first = await asyncio.to_thread(Worker, lasting)
    generation_id = site.begin()
    async with site.follow(generation_id, site.far) as live:
        frames = await until_text(live)
        await pause.reached()
        shown = (await site.state(generation_id))["text"]
        site.staff(1)
        called = site.host.called(len(site.host.calls) + 1)
        first.end(signal.SIGTERM)
        await called.seen(READY_SECONDS)
        frames += [frame async for frame in live]
    assert_is_one_story(frames, shown, await site.state(generation_id))


async def test_a_worker_that_is_told_to_end_may_finish_its_story_and_takes_no_other(
    site: Site,
) -> None:
    site.staff(0)
    pause = Pause(site.host)
    patient = replace(
        site.near, settings={**site.near.settings, "STORYTELLER_GRACE_SECONDS": "600"}
    )
    first = await asyncio.to_thread(Worker, patient)
    generation_id = site.begin()
    async with site.follow(generation_id, site.far) as live:
        frames = await until_text(live)
        await pause.reached()
        first.process.send_signal(signal.SIGTERM)
        before = len(site.host.calls)
        other_id = site.begin()
        [second] = site.staff(1)
        assert (await site.read(other_id, site.near))[-1].type == "complete"
        assert first.process.poll() is None
        assert second.process.poll() is None
        pause.hold.release()
        frames += [frame async for frame in live]
    assert frames[-1].type == "complete"
    prose = [call for call in site.host.calls[before:] if call.kind == "prose"]
    assert len(prose) == 1, "the first story was not begun anew"
    assert await asyncio.to_thread(first.ended) == 0


async def test_a_worker_that_is_told_twice_hands_its_story_over_at_once(site: Site) -> None:
    site.staff(0)
    pause = Pause(site.host)
    patient = replace(
        site.near, settings={**site.near.settings, "STORYTELLER_GRACE_SECONDS": "600"}
    )
    first = await asyncio.to_thread(Worker, patient)
    generation_id = site.begin()
    async with site.follow(generation_id, site.far) as live:
        frames = await until_text(live)
        await pause.reached()
        shown = (await site.state(generation_id))["text"]
        log, said = site.near.data / "workers.log", "600 s to finish"
        before = log.read_text().count(said)
        first.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(until, lambda: log.read_text().count(said) > before)
        assert await asyncio.to_thread(first.end, signal.SIGINT) == 0
        site.staff(1)
        frames += [frame async for frame in live]
    assert_is_one_story(frames, shown, await site.state(generation_id))


async def test_a_stop_reaches_the_worker_at_once(site: Site) -> None:
    site.staff(0)
    # Without a notice the worker would see the stop at its lease's renewal: in a minute.
    patient = replace(site.near, settings={**site.near.settings, "STORYTELLER_LEASE": "300"})
    site.workers.append(await asyncio.to_thread(Worker, patient))
    for _ in range(3):
        pause = Pause(site.host, after=10)
        generation_id = site.begin()
        call = await pause.reached()
        await asyncio.to_thread(site.family.call, "POST", f"/generations/{generation_id}/stop")
        await call.disconnected.seen()
        frames = await site.read(generation_id, site.far)
        assert frames[-1].data["code"] == "CANCELLED"
    site.staff(0)


async def test_without_wake_ups_polling_finds_everything_and_wake_ups_come_back(
    site: Site,
) -> None:
    site.staff(1)
    pause = Pause(site.host)
    generation_id = site.begin()
    async with site.follow(generation_id, site.far) as live:
        frames = await until_text(live)
        await pause.reached()
        lost = "SELECT pid FROM pg_stat_activity WHERE query ILIKE 'LISTEN%'"
        before = set(postgres.ask(site.database, lost))
        postgres.ask(site.database, lost.replace("pid", "pg_terminate_backend(pid)", 1))
        pause.hold.release()
        frames += [frame async for frame in live]
    assert frames[-1].type == "complete"
    assert len(before) >= 3, "two web processes and a worker listen"
    ours = lost.replace("LISTEN%", "LISTEN storyteller")
    until(lambda: len(set(postgres.ask(site.database, ours)) - before) >= 3)


def until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    """Other processes' doings can only be asked for, again and again."""
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


async def test_the_job_comes_with_its_generation_and_is_gone_when_it_was_heeded(
    site: Site,
) -> None:
    site.staff(0)
    generation_id = site.begin()
    jobs = "SELECT args->>'generation_id' FROM procrastinate_jobs WHERE status = 'todo'"
    assert (generation_id,) in postgres.ask(site.database, jobs)
    site.staff(1)
    await site.read(generation_id, site.near)
    until(lambda: (generation_id,) not in postgres.ask(site.database, jobs))


async def test_a_worker_prunes_old_logs_when_the_days_job_comes(site: Site) -> None:
    site.staff(1)
    generation_id = site.begin()
    frames = await site.read(generation_id, site.far)
    old = "UPDATE stories_generation SET finished_at = '2000-01-01' WHERE id = '{}' RETURNING id"
    assert postgres.ask(site.database, old.format(generation_id))
    due = "from stories.execution import jobs; jobs.tidy.defer(timestamp=0)"
    site.near.manage("shell", "--no-imports", "--command", due)
    kept = f"SELECT 1 FROM stories_generationevent WHERE generation_id = '{generation_id}'"
    until(lambda: not postgres.ask(site.database, kept))
    again = await site.read(generation_id, site.near)
    assert text_of(again) == text_of(frames)
    assert again[-1].data == frames[-1].data


def test_the_days_job_is_the_engines_to_schedule() -> None:
    script = (
        "import django; django.setup()\n"
        "from stories.execution import jobs\n"
        "[(name, _)] = jobs.app.periodic_registry.periodic_tasks\n"
        "assert name == 'stories.tidy', name\n"
    )
    own = {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
        "STORYTELLER_RUNS": "workers",
        "DJANGO_SETTINGS_MODULE": "storyteller.settings",
    }
    done = run(["-c", script], own)
    assert done.returncode == 0, done.stderr


def run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=READY_SECONDS,
    )


def test_workers_on_sqlite_are_refused_with_the_way_out(tmp_path: Path) -> None:
    own = {"STORYTELLER_DATA": str(tmp_path), "DATABASE_URL": "", "STORYTELLER_RUNS": "workers"}
    done = run(["manage.py", "workers"], own)
    assert done.returncode != 0
    assert "stories.E008" in done.stderr
    assert "DATABASE_URL" in done.stderr


def test_workers_are_not_started_beside_web_processes_that_write(tmp_path: Path) -> None:
    done = run(["manage.py", "workers"], {"STORYTELLER_DATA": str(tmp_path), "DATABASE_URL": ""})
    assert done.returncode != 0
    assert "STORYTELLER_RUNS=workers" in done.stderr


def test_one_process_with_sqlite_needs_nothing_of_the_worker_engine(tmp_path: Path) -> None:
    script = (
        "import sys, storyteller.asgi, stories.api, django.core.management as m\n"
        "m.call_command('migrate', verbosity=0)\n"
        "from django.db import connection\n"
        "tables = connection.introspection.table_names()\n"
        "assert 'stories_story' in tables\n"
        "assert not [name for name in (*sys.modules, *tables) if 'procrastinate' in name]\n"
    )
    done = run(["-c", script], {"STORYTELLER_DATA": str(tmp_path), "DATABASE_URL": ""})
    assert done.returncode == 0, done.stderr


_MOVING = (
    "To move a family from SQLite, end the app first; then, with an empty PostgreSQL database:"
)


def move(app: App, url: str) -> None:
    """The documented commands, but for where things are."""
    dump = app.data / "family.json"
    commands = example("docs/deployment.md", _MOVING, "sh")
    for old, new in {
        ".venv/bin/python": "python",
        "postgres://user:password@host/name": url,
        "family.json": str(dump),
    }.items():
        assert old in commands
        commands = commands.replace(old, new)
    run_example(app, *BASH, commands)
    kept = json.loads(dump.read_text())
    assert {row["model"] for row in kept} >= {"children.user", "stories.generationevent"}


@pytest.mark.timeout(300)
def test_a_family_moves_to_postgresql_and_its_unfinished_story_is_written_on(
    postgres_url: str, tmp_path: Path
) -> None:
    with OllamaServer() as host, postgres.database(postgres_url) as url:
        old = App(tmp_path, host.url, host.model)
        old.start()
        family = Family(old)
        reader = family.start_story("a fox who moves house")
        family.finished(reader)
        before = family.call("GET", f"/stories/{reader.story_id}")
        host.script(prose=[Reply(hold=Hold(after=60))])
        unfinished = family.start_story("a snail who is on its way")
        state = f"/generations/{unfinished.generation_id}"
        until(lambda: family.call("GET", state)["text"])
        shown = family.call("GET", state)["text"]
        old.stop()
        move(old, url)

        new = Server(tmp_path, host.url, host.model, settings={"DATABASE_URL": url})
        new.start()
        try:
            family.app = new
            family.finished(unfinished)
            assert family.call("GET", f"/stories/{reader.story_id}") == before
            going_on = {"choice_id": before["chapters"][0]["choices"][0]["id"]}
            family.finished(family.go_on(reader, "maya", theme="a fox who moves house", **going_on))
            assert len(family.chapters(reader)) == 2
            [chapter] = family.chapters(unfinished)
            assert chapter["text"].startswith(shown)
        finally:
            new.stop()
