"""Runs over several hosts: slots, another host for one that fails, a fallback."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from django.test import Client as Browser
from django.urls import reverse
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories.execution import engine
from stories.generations import NewStory, leases, start_story
from stories.infra.db import in_database
from stories.models import Chapter, Generation, ModelTrial
from testkit.hosts import MULTILINGUAL_MODEL, Hold, Reply
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer
from tests.clients import Client, text_of
from tests.factories.callers import caller
from tests.streams import THEME, events_of, start

pytestmark = pytest.mark.django_db(transaction=True)

ONE, TWO = "http://one", "http://two"


@pytest.fixture
def other(ollama: OllamaServer, settings: Settings) -> Iterator[OllamaServer]:
    with OllamaServer(keeps_alive=False) as server:
        settings.OLLAMA_BASE_URL = f"{ollama.url}, {server.url}"
        yield server


@pytest.fixture
async def dispatcher(transactional_db: None, other: OllamaServer) -> AsyncIterator[OllamaServer]:
    """This process's, for both hosts; yields the second."""
    engine.start()
    yield other
    await engine.shut_down()


@pytest.fixture
async def fallback(
    transactional_db: None, ollama: OllamaServer, openai_host: OpenAIServer, settings: Settings
) -> AsyncIterator[OpenAIServer]:
    settings.LLM_PROVIDER, settings.FALLBACK_PROVIDER = "ollama", "openai"
    engine.start()
    yield openai_host
    await engine.shut_down()


def ask(mia: Child, alice: User, count: int) -> None:
    asking = caller(alice, capacity=count)
    for number in range(count):
        start_story(asking, NewStory(child=mia, theme=f"{THEME} {number}"))


def held_by_host() -> Counter[str]:
    return Counter(Generation.objects.filter(status="running").values_list("host", flat=True))


# Slots --------------------------------------------------------------------------------------------


def test_each_claim_goes_to_the_least_busy_host_whichever_process_asks(
    mia: Child, alice: User, settings: Settings
) -> None:
    settings.MAX_CONCURRENT_PER_FAMILY = 0
    ask(mia, alice, 4)
    for number in (1, 2, 3, 4):  # of two processes, which know nothing of each other
        assert leases.claim_next(2, (), (ONE, TWO)).claim
        counts = held_by_host()
        assert counts.total() == number
        assert max(counts[ONE], counts[TWO]) - min(counts[ONE], counts[TWO]) <= 1


def test_no_host_gets_more_than_its_own_slots(mia: Child, alice: User, settings: Settings) -> None:
    settings.MAX_CONCURRENT_PER_FAMILY = 0
    ask(mia, alice, 6)
    claims = list(iter(lambda: leases.claim_next(2, (), (ONE, TWO)).claim, None))
    assert len(claims) == 4
    assert held_by_host() == {ONE: 2, TWO: 2}
    # Another process, for which one of them is away, sees the other one's slots taken.
    assert leases.claim_next(2, (), (TWO,)).claim is None


def test_a_run_without_a_host_takes_a_slot_of_whichever_it_may_get(
    mia: Child, alice: User, settings: Settings
) -> None:
    settings.MAX_CONCURRENT_PER_FAMILY = 0
    ask(mia, alice, 3)
    assert leases.claim_next(1).claim
    assert leases.claim_next(1, (), (ONE,)).claim is None
    assert leases.claim_next(2, (), (ONE,)).claim
    assert leases.claim_next(2).claim is None, "any lease takes a slot where no host is known"


def test_a_run_is_not_given_back_to_a_host_that_failed_it_while_there_is_another(
    mia: Child, alice: User
) -> None:
    ask(mia, alice, 1)
    claim = leases.claim_next(1, (), (ONE, TWO)).claim
    assert claim is not None
    leases.leave_host(claim, ONE)
    again = leases.claim_next(1, (claim,), (ONE, TWO)).claim
    assert again is not None
    assert again.generation.host == TWO
    leases.leave_host(again, TWO)
    assert leases.claim_next(1, (), (ONE, TWO)).claim, "there is no other"


# Faults -------------------------------------------------------------------------------------------


async def test_stories_are_shared_out_over_the_hosts(
    api: Client, mia: Child, ollama: OllamaServer, dispatcher: OllamaServer
) -> None:
    hold = Hold(after=0)
    ollama.script(prose=[Reply(hold=hold)])
    first = await start(api, mia)
    await hold.reached.seen()
    second = await start(api, mia, theme="a boat")
    assert (await api.frames(events_of(second)))[-1].type == "complete"
    assert len(dispatcher.calls_for("prose")) == 1
    hold.release()
    assert (await api.frames(events_of(first)))[-1].type == "complete"
    assert len(ollama.calls_for("prose")) == 1


async def test_a_run_goes_on_at_another_host_from_its_approved_text(
    api: Client, mia: Child, ollama: OllamaServer, dispatcher: OllamaServer
) -> None:
    ollama.script(prose=lambda _: Reply(cut_after=60))
    started = await start(api, mia)
    frames = await api.frames(events_of(started))
    assert frames[-1].type == "complete"
    assert "content_reset" not in {frame.type for frame in frames}
    chapter = await Chapter.objects.aget()
    assert text_of(frames) == chapter.text
    assert chapter.source[:40] in dispatcher.calls_for("prose")[0].prompt
    run = await Generation.objects.aget()
    assert [(writer["host"], writer["has_failed"]) for writer in run.writers] == [
        (ollama.url, True),
        (dispatcher.url, False),
    ]
    assert run.host == dispatcher.url


async def test_the_next_chapter_is_not_begun_at_a_host_that_failed_the_last_one(
    api: Client, mia: Child, ollama: OllamaServer, dispatcher: OllamaServer
) -> None:
    ollama.script(prose=lambda _: Reply(status=500))
    await api.frames(events_of(await start(api, mia)))
    tried = len(ollama.calls_for("prose"))
    assert (await api.frames(events_of(await start(api, mia, theme="a boat"))))[-1].type == (
        "complete"
    )
    assert len(ollama.calls_for("prose")) == tried


async def test_each_host_is_tried_once_and_then_the_run_ends(
    api: Client, mia: Child, ollama: OllamaServer, dispatcher: OllamaServer
) -> None:
    for host in (ollama, dispatcher):
        host.script(prose=lambda _: Reply(status=500))
    frames = await api.frames(events_of(await start(api, mia)))
    assert frames[-1].data["code"] == "MODEL_UNAVAILABLE"
    run = await Generation.objects.aget()
    assert {writer["host"] for writer in run.writers} == {ollama.url, dispatcher.url}
    assert run.attempts == 2


# The fallback -------------------------------------------------------------------------------------


async def test_a_story_begins_with_the_fallback_where_the_first_is_away(
    api: Client, mia: Child, ollama: OllamaServer, fallback: OpenAIServer
) -> None:
    ollama.stop()
    frames = await api.frames(events_of(await start(api, mia)))
    assert frames[-1].type == "complete"
    assert (await Generation.objects.aget()).host == fallback.base_url


async def test_a_run_that_has_shown_nothing_is_begun_anew_with_the_fallback(
    api: Client, mia: Child, ollama: OllamaServer, fallback: OpenAIServer, settings: Settings
) -> None:
    """Its model may write in another way."""
    fallback.models = ["llama3.2:1b"]
    settings.OPENAI_MODEL = "llama3.2:1b"
    ollama.script(prose=lambda _: Reply(status=500))
    frames = await api.frames(events_of(await start(api, mia)))
    assert frames[-1].type == "complete"
    run = await Generation.objects.aget()
    assert [writer["writing"] for writer in run.writers] == ["prose", "beats"]


async def test_a_text_is_not_gone_on_with_by_a_model_that_writes_in_another_way(
    api: Client, mia: Child, ollama: OllamaServer, fallback: OpenAIServer, settings: Settings
) -> None:
    fallback.models = ["llama3.2:1b"]
    settings.OPENAI_MODEL = "llama3.2:1b"
    ollama.script(prose=lambda _: Reply(cut_after=60))
    frames = await api.frames(events_of(await start(api, mia)))
    assert frames[-1].data["code"] == "MODEL_UNAVAILABLE"
    assert text_of(frames)
    assert fallback.calls == []


async def test_a_text_is_gone_on_with_by_a_fallback_that_writes_in_the_same_way(
    api: Client, mia: Child, ollama: OllamaServer, fallback: OpenAIServer
) -> None:
    ollama.script(prose=lambda _: Reply(cut_after=60))
    frames = await api.frames(events_of(await start(api, mia)))
    assert frames[-1].type == "complete"
    assert "content_reset" not in {frame.type for frame in frames}
    assert len(fallback.calls_for("prose")) == 1


async def test_staff_read_which_host_and_model_wrote_each_attempt(
    api: Client, mia: Child, ollama: OllamaServer, fallback: OpenAIServer
) -> None:
    ollama.script(prose=lambda _: Reply(status=500))
    started = await start(api, mia)
    await api.frames(events_of(started))
    page = await in_database(run_page, started["id"])
    assert f"ollama {ollama.url}" in page
    assert f"openai {fallback.base_url}" in page
    assert "failed; another host went on" in page


def run_page(generation_id: str) -> str:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("staff@example.org", "a-password"))
    page = browser.get(reverse("admin:stories_generation_change", args=[generation_id]))
    return page.text


async def test_a_story_is_not_gone_on_with_by_a_fallback_that_does_not_know_its_language(
    api: Client, mia: Child, ollama: OllamaServer, fallback: OpenAIServer, settings: Settings
) -> None:
    ollama.models = [MULTILINGUAL_MODEL]
    settings.OLLAMA_MODEL = MULTILINGUAL_MODEL
    await in_database(speak_hebrew, mia)
    ollama.script(prose=lambda _: Reply(status=500))
    frames = await api.frames(events_of(await start(api, mia, language="he")))
    assert frames[-1].data["code"] == "MODEL_UNAVAILABLE"
    assert fallback.calls == []


def speak_hebrew(child: Child) -> None:
    Child.objects.filter(pk=child.pk).update(languages=["he"])


async def test_carrying_on_with_a_model_that_writes_in_another_way_begins_anew(
    api: Client, mia: Child, ollama: OllamaServer, fallback: OpenAIServer, settings: Settings
) -> None:
    fallback.models = ["llama3.2:1b"]
    settings.OPENAI_MODEL = "llama3.2:1b"
    ollama.script(prose=lambda _: Reply(cut_after=60))
    started = await start(api, mia)
    shown = text_of(await api.frames(events_of(started)))
    _, again, _ = await api.call("POST", f"/generations/{started['id']}/continue")
    frames = await api.frames(events_of(again))
    assert frames[-1].type == "complete"
    assert not text_of(frames).startswith(shown)
    assert (await Generation.objects.alatest("created_at")).host == fallback.base_url


async def test_carrying_on_in_the_same_way_goes_on_from_the_text(
    api: Client, mia: Child, ollama: OllamaServer, dispatcher: OllamaServer
) -> None:
    ollama.script(prose=lambda _: Reply(cut_after=60))
    dispatcher.script(prose=lambda _: Reply(status=500))
    started = await start(api, mia)
    shown = text_of(await api.frames(events_of(started)))
    for host in (ollama, dispatcher):
        host.script(prose=lambda _: None)
    _, again, _ = await api.call("POST", f"/generations/{started['id']}/continue")
    frames = await api.frames(events_of(again))
    assert frames[-1].type == "complete"
    assert text_of(frames).startswith(shown)


async def test_a_host_whose_model_is_out_of_use_leaves_its_runs_to_another(
    api: Client, mia: Child, ollama: OllamaServer, dispatcher: OllamaServer
) -> None:
    await api.frames(events_of(await start(api, mia)))
    await in_database(take_out_of_use, ollama.url)
    frames = await api.frames(events_of(await start(api, mia, theme="a boat")))
    assert frames[-1].type == "complete"
    assert (await Generation.objects.alatest("created_at")).host == dispatcher.url


def take_out_of_use(address: str) -> None:
    ModelTrial.objects.filter(address=address).update(unjudged=ModelTrial.MAX_UNJUDGED)
