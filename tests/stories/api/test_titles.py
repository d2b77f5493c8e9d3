"""A chapter that is told from its story's plan has its title before its text."""

from collections.abc import AsyncIterator

import pytest
from pytest_django.fixtures import Settings

from children.models import Child
from stories.execution import engine
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client, frames_of
from tests.streams import events_of, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["llama3.2:1b", "llama3.1:8b"])
async def host(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[OllamaServer]:
    with OllamaServer(keeps_alive=False, model=request.param) as server:
        settings.LLM_PROVIDER = "ollama"
        settings.OLLAMA_BASE_URL = server.url
        settings.OLLAMA_MODEL = server.model
        engine.start()
        yield server
        await engine.shut_down()


async def test_a_title_comes_first_where_the_plan_has_it(
    api: Client, mia: Child, host: OllamaServer
) -> None:
    is_planned = host.model == "llama3.2:1b"
    hold = Hold(after=1)
    host.script(prose=[Reply(hold=hold)])
    started = await start(api, mia, total_chapters=3)
    stream = frames_of(await api.stream(events_of(started)))
    await anext(frame async for frame in stream if frame.data.get("node") == "generate_content")
    _, early, _ = await api.call("GET", f"/generations/{started['id']}")
    hold.release()
    await api.frames(events_of(started))
    _, late, _ = await api.call("GET", f"/generations/{started['id']}")
    assert late["status"] == "completed", late
    assert early["chapter_title"] == (late["chapter_title"] if is_planned else "")
    assert early["is_active"]
