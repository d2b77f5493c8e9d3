"""A new version is put in place, process after process, while families read."""

import asyncio

import httpx
import pytest

from testkit.app import READY_SECONDS
from testkit.conformance.audit import Reading, faults_of
from testkit.conformance.log import check_log
from testkit.conformance.many import Many
from testkit.conformance.readers import LATE, Source, read
from testkit.conformance.schedules import TO_THE_END, Fault, Hop, Reader
from testkit.conformance.stage import Run, Stage
from testkit.processes import Server

_STORIES = 6
# A chapter takes longer than four processes do to restart.
_SLOWLY = 1.0
# As docs/deployment.md says: workers first.
_RESTARTS = (Fault.RESTART_WORKER, Fault.RESTART_WORKER, Fault.RESTART_WEB, Fault.RESTART_WEB)
_FOLLOWER = Reader(0, (Hop("header", TO_THE_END),))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("own_of_all", ["many"], indirect=True)
async def test_a_rolling_restart_of_everything_loses_and_repeats_nothing(own: Many) -> None:
    own.host.server.tokens_per_second = _SLOWLY
    token = await own.guest()
    async with Stage(own.base_url, token, control=own, trusted=own.trusted) as stage:
        sources = [_source(stage, await stage.start()) for _ in range(_STORIES)]
        before = own.host.calls
        followers = [asyncio.create_task(read(source, _FOLLOWER)) for source in sources]
        for source in sources:
            await source.reached(3)
        for seed, fault in enumerate(_RESTARTS):
            await own.befall(fault, seed)
            await _healthy(own.webs[seed % 2])
        states = [await source.run.state() for source in sources]
        assert all(state["is_active"] for state in states), "all are being written still"
        assert own.host.calls > before, "some were handed over"
        own.host.recover()
        for source, follower in zip(sources, followers, strict=True):
            await _check(source, await follower)


def _source(stage: Stage, run: Run) -> Source:
    return Source(stage.api, run.child_id, run.events_path, {}, run)


async def _healthy(web: Server) -> None:
    """Asked as docs/deployment.md has it, past nginx."""
    headers = {"Host": "localhost", "X-Forwarded-Proto": "https"}
    async with httpx.AsyncClient(headers=headers, timeout=READY_SECONDS) as client:
        assert (await client.get(f"{web.url}/healthz")).status_code == 200


async def _check(source: Source, readings: list[Reading]) -> None:
    log = (await read(source, LATE))[-1].frames
    check_log(log)
    assert log[-1].type == "complete"
    [reading] = readings
    assert not faults_of(reading, log, is_whole=True)
    assert await source.run.stored_text() == log[-1].data["story_content"]
