"""The page for a new story has the model loaded, and waits for nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import AsyncClient
from django.urls import reverse
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories import llm
from stories.execution import engine
from stories.llm.warming import warm_up
from testkit.hosts import ModelHost
from testkit.ollama.server import OllamaServer
from tests.clients import Client
from tests.streams import events_of, start

pytestmark = pytest.mark.django_db(transaction=True)

NEVER_SECONDS = 3600.0


@pytest.fixture(autouse=True)
async def nothing_left_behind() -> AsyncIterator[None]:
    yield
    await llm.end_background()


async def open_page(user: User, child: Child) -> None:
    browser = AsyncClient()
    await browser.aforce_login(user)
    page = await browser.get(reverse("stories:new", args=[child.pk]))
    assert page.status_code == 200


async def test_a_story_begins_with_the_model_that_its_page_had_loaded(
    api: Client, alice: User, mia: Child, any_host: ModelHost[Any]
) -> None:
    engine.start()
    # The model is tried out, and no next chapter is planned beside the page.
    await api.frames(events_of(await start(api, mia, total_chapters=1)))
    any_host.load_seconds = 0.05
    await open_page(alice, mia)
    await any_host.loaded.seen()
    frames = await api.frames(events_of(await start(api, mia, theme="a boat")))
    await engine.shut_down()
    assert frames[-1].type == "complete"
    assert [call.is_load for call in any_host.loads] == [True]


async def test_the_page_waits_for_no_load_and_the_load_outlives_its_request(
    alice: User, mia: Child, any_host: ModelHost[Any]
) -> None:
    any_host.load_seconds = NEVER_SECONDS
    engine.start()
    await open_page(alice, mia)
    await any_host.loading.seen()
    (call,) = any_host.loads
    assert not call.disconnected
    await engine.shut_down()
    await call.disconnected.seen()


async def test_a_host_is_asked_to_load_once_a_minute_at_most(
    alice: User, mia: Child, any_host: ModelHost[Any]
) -> None:
    any_host.load_seconds = 0.01
    for _ in range(3):
        await open_page(alice, mia)
    await any_host.loaded.seen()
    assert len(any_host.load_calls) == 1


async def test_each_of_several_hosts_loads(
    alice: User, mia: Child, ollama: OllamaServer, settings: Settings
) -> None:
    with OllamaServer(keeps_alive=False, load_seconds=0.01) as other:
        ollama.load_seconds = 0.01
        settings.OLLAMA_BASE_URL = f"{ollama.url} {other.url}"
        await open_page(alice, mia)
        for host in (ollama, other):
            await host.loaded.seen()


async def test_a_model_that_runs_elsewhere_is_not_asked(any_host: ModelHost[Any]) -> None:
    """Each of its calls may cost money."""
    near = (await llm.open_models()).host
    await warm_up((replace(near, elsewhere="api.example.com"),))
    assert any_host.load_calls == []
    await warm_up((near,))
    assert len(any_host.load_calls) == 1


async def test_ollama_loads_the_model_as_a_chapter_needs_it(
    api: Client, mia: Child, ollama: OllamaServer
) -> None:
    """With another context it would load the model again."""
    await warm_up(((await llm.open_models()).host,))
    (load,) = ollama.load_calls
    engine.start()
    await api.frames(events_of(await start(api, mia)))
    await engine.shut_down()
    call = ollama.calls_for("prose")[0]
    assert load.options["num_ctx"] == call.options["num_ctx"]
    assert load.body["keep_alive"] == call.body["keep_alive"]


async def test_a_host_that_cannot_load_is_no_trouble(any_host: ModelHost[Any]) -> None:
    host = (await llm.open_models()).host
    any_host.stop()
    await warm_up((host,))
