"""SIGTERM: streams end between two events at once, runs get their time, and are handed over."""

import asyncio
import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from testkit import postgres
from testkit.conformance.wire import Api, Connection
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from testkit.processes import Server
from testkit.starting import Process
from tests.clients import text_of

LEASE_SECONDS = 60.0
SOON_SECONDS = 20.0
LONG = {"STORYTELLER_GRACE_SECONDS": "600"}
_SETTINGS = {"STORYTELLER_LEASE": str(LEASE_SECONDS)}


@dataclass
class House:
    """A model host, and processes of `make serve` that tests start and end."""

    data: Path
    host: OllamaServer
    settings: dict[str, str] = field(default_factory=dict)
    servers: list[Server] = field(default_factory=list)

    def serve(self, **settings: str) -> Server:
        own = _SETTINGS | self.settings | settings
        server = Server(self.data, self.host.url, self.host.model, settings=own)
        server.start()
        self.servers.append(server)
        return server

    async def begin(self, server: Server) -> tuple[Api, str]:
        """An API client, and the path of a story that it has begun."""
        token = await asyncio.to_thread(server.token, f"{uuid.uuid4().hex}@example.org")
        api = Api(server.url, token)
        child = {"name": "Maya", "birth_year": 2018, "birth_month": 3}
        made = await api.call("POST", "/children", child)
        wish = {"child_id": made["id"], "theme": "a lantern on the hill"}
        return api, (await api.call("POST", "/generations", wish))["events_url"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with OllamaServer(model="gemma3:12b") as host:
        made = House(tmp_path, host)
        yield made
        for server in made.servers:
            server.kill()


@pytest.fixture
def shared_house(house: House) -> Iterator[House]:
    """On PostgreSQL, where several processes may serve."""
    with postgres.server() as server_url, postgres.database(server_url) as url:
        house.settings["DATABASE_URL"] = url
        yield house
        for server in house.servers:
            server.kill()


def held(host: OllamaServer) -> Hold:
    hold = Hold(after=60)
    host.script(prose=[Reply(hold=hold)])
    return hold


def tell_to_end(server: Server) -> Process:
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    return server.process


async def ended(process: Process) -> int:
    return await asyncio.to_thread(process.wait, SOON_SECONDS)


async def until_text(stream: Connection) -> str:
    return text_of(await stream.until("content"))  # type: ignore[arg-type]


async def test_a_chapter_that_ends_in_time_is_kept_and_its_reader_goes_on_elsewhere_at_once(
    house: House,
) -> None:
    server, hold = house.serve(**LONG), held(house.host)
    api, path = await house.begin(server)
    async with api, api.open(path) as stream:
        shown = await until_text(stream)
        process = tell_to_end(server)
        await stream.rest()  # raises where the stream is torn
        assert process.poll() is None, "the model still writes"
        hold.release()
        assert await ended(process) == 0
        server.start()
        async with api.open(path) as again:
            frames = await again.rest()
    assert frames[-1].type == "complete"
    assert frames[-1].data["story_content"].startswith(shown)
    assert len(house.host.calls_for("prose")) == 1, "nothing was left to be written anew"


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_told_twice_it_ends_at_once_and_the_story_goes_on_at_the_next_start(
    house: House, second: signal.Signals
) -> None:
    server = house.serve(**LONG)
    held(house.host)
    api, path = await house.begin(server)
    async with api, api.open(path) as stream:
        shown = await until_text(stream)
        process = tell_to_end(server)
        await stream.rest()
        process.send_signal(second)
        assert await ended(process) == 0
        server.start()
        async with api.open(path) as again:  # long before its lease would have run out
            frames = await again.rest()
    assert frames[-1].type == "complete"
    assert frames[-1].data["story_content"].startswith(shown)


async def test_one_process_with_sqlite_does_not_keep_its_readers_from_the_next_one(
    house: House,
) -> None:
    server, hold = house.serve(), held(house.host)
    api, path = await house.begin(server)
    async with api, api.open(path) as stream:
        await until_text(stream)
        assert await ended(tell_to_end(server)) == 0
        await stream.rest()
    assert not hold.released, "it did not wait for the chapter"


async def test_a_process_that_ends_takes_nothing_new_and_sends_its_callers_elsewhere(
    house: House,
) -> None:
    server, hold = house.serve(**LONG), held(house.host)
    api, path = await house.begin(server)
    headers = {"Authorization": f"Bearer {api.token}"}
    async with api, httpx.AsyncClient(base_url=server.url, headers=headers) as kept:
        state = path.removesuffix("/events")
        assert (await kept.get(state)).status_code == 200  # nginx keeps connections like this one
        async with api.open(path) as stream:
            await until_text(stream)
            process = tell_to_end(server)
            await stream.rest()
        last = await kept.get(path)
        assert (last.status_code, last.text) == (200, "retry: 3000\n\n")
        assert last.headers["Connection"] == "close"
        with pytest.raises(httpx.ConnectError):
            await kept.get(state)
    hold.release()
    assert await ended(process) == 0


async def test_a_story_that_is_not_ready_in_time_goes_on_in_another_process(
    shared_house: House,
) -> None:
    first = shared_house.serve(STORYTELLER_GRACE_SECONDS="1")
    held(shared_house.host)
    api, path = await shared_house.begin(first)
    async with api, api.open(path) as stream:
        shown = await until_text(stream)
        second = await asyncio.to_thread(shared_house.serve)
        process = tell_to_end(first)
        await stream.rest()
        async with Api(second.url, api.token) as elsewhere, elsewhere.open(path) as there:
            async with asyncio.timeout(SOON_SECONDS):  # and not when its lease has run out
                frames = await there.rest()
    assert await ended(process) == 0
    assert frames[-1].type == "complete"
    assert frames[-1].data["story_content"].startswith(shown)
    assert len(shared_house.host.calls_for("prose")) == 2


async def test_another_process_shows_what_the_one_that_ends_still_writes(
    shared_house: House,
) -> None:
    first, hold = shared_house.serve(**LONG), held(shared_house.host)
    api, path = await shared_house.begin(first)
    async with api, api.open(path) as stream:
        await until_text(stream)
        second = await asyncio.to_thread(shared_house.serve)
        process = tell_to_end(first)
        await stream.rest()
        async with Api(second.url, api.token) as elsewhere, elsewhere.open(path) as there:
            await until_text(there)
            hold.release()
            frames = await there.rest()
    assert await ended(process) == 0
    assert frames[-1].type == "complete"
    assert len(shared_house.host.calls_for("prose")) == 1
