"""Several addresses in OLLAMA_BASE_URL, and a fallback: hosts that answer, and hosts left out."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories import llm
from stories.controls import trials
from stories.infra.addresses import addresses_in
from stories.llm.failures import FIRST_SECONDS, MAX_SECONDS, Failures
from stories.llm.host import NoModel
from stories.models import ModelTrial
from stories.vocabulary.errors import ModelRefused, ModelUnavailable, told_to_staff
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def other(ollama: OllamaServer, settings: Settings) -> Iterator[OllamaServer]:
    """A second host, after the first one in the settings."""
    with OllamaServer(keeps_alive=False) as server:
        settings.OLLAMA_BASE_URL = f"{ollama.url}, {server.url}"
        yield server


# Lists --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("http://one:11434", ["http://one:11434"]),
        ("http://one, http://two  https://three", ["http://one", "http://two", "https://three"]),
        (",, http://one ,,http://two,", ["http://one", "http://two"]),
        ("http://one http://ONE/ http://one", ["http://one"]),
        ("http://a:p1@one,http://b:p2@one", ["http://a:p1@one"]),
        ("http://a:p,w@one,http://two", ["http://a:p,w@one", "http://two"]),
        ("http://a:p w@one http://two", ["http://a:p w@one", "http://two"]),
        ("http://one, two", ["http://one", "two"]),
        (" , ", []),
    ],
)
def test_a_list_of_addresses_has_commas_or_spaces_and_names_none_twice(
    text: str, addresses: list[str]
) -> None:
    assert addresses_in(text) == addresses


async def test_all_hosts_that_have_the_model_write(
    ollama: OllamaServer, other: OllamaServer
) -> None:
    status = await llm.status()
    assert status.hosts == (ollama.url, other.url)
    assert (status.concurrency, status.host_concurrency) == (8, 4)
    for host in (ollama, other):
        assert (await llm.open_models(host.url)).host.url == host.url


async def test_a_host_without_the_model_is_left_out_and_named(
    ollama: OllamaServer, other: OllamaServer
) -> None:
    other.models = ["qwen3:8b"]
    status = await llm.status()
    assert status.hosts == (ollama.url,)
    assert any(other.url in note and "OLLAMA_MODEL" in note for note in status.notes)


async def test_an_entry_that_is_no_address_is_left_out_without_its_password(
    ollama: OllamaServer, settings: Settings
) -> None:
    settings.OLLAMA_BASE_URL = f"{ollama.url}, ftp://reader:pw1@nas"
    status = await llm.status()
    assert status.hosts == (ollama.url,)
    assert any("nas" in note for note in status.notes)
    assert "pw1" not in repr(status)


async def test_no_address_at_all_means_no_storyteller(
    ollama: OllamaServer, settings: Settings
) -> None:
    settings.OLLAMA_BASE_URL = " , "
    with pytest.raises(ModelRefused) as caught:
        await llm.open_models()
    assert "names no address" in told_to_staff(caught.value)


async def test_with_no_host_left_each_is_named_without_its_password(
    ollama: OllamaServer, settings: Settings
) -> None:
    settings.OLLAMA_BASE_URL = "http://reader:pw1@127.0.0.1:9 http://127.0.0.2:9"
    with pytest.raises(ModelUnavailable) as caught:
        await llm.open_models()
    told = told_to_staff(caught.value)
    assert "127.0.0.1:9" in told
    assert "127.0.0.2:9" in told
    assert "pw1" not in told


async def test_different_models_are_a_note_to_staff(
    ollama: OllamaServer, other: OllamaServer, settings: Settings
) -> None:
    other.models = ["gemma3:12b"]
    settings.OLLAMA_MODEL = ""
    status = await llm.status()
    assert len(status.hosts) == 2
    assert any("gemma3:12b, llama3.1:8b" in note for note in status.notes)
    assert status.languages == ("en", "es"), "those that both can write"


async def test_each_far_host_is_named_to_the_family(
    ollama: OllamaServer, settings: Settings
) -> None:
    settings.OLLAMA_BASE_URL = f"{ollama.url} http://reader:pw1@8.8.8.8:9 http://9.9.9.9:9"
    for address in ("http://8.8.8.8:9", "http://9.9.9.9:9"):
        llm.leave_out(address, "no test asks it")
    status = await llm.status()
    assert status.hosts == (ollama.url,)
    assert status.elsewhere == "8.8.8.8, 9.9.9.9"


@pytest.mark.django_db
def test_the_doctor_names_each_host_and_keeps_why_one_is_left_out(
    ollama: OllamaServer, other: OllamaServer
) -> None:
    other.models = ["qwen3:8b"]
    out = io.StringIO()
    call_command("check_storyteller", stdout=out)
    left_out = f"Ollama at {other.url} has no model '{ollama.model}'"
    assert ollama.url in out.getvalue()
    assert left_out in out.getvalue()
    assert left_out in ModelTrial.objects.get(address=other.url).problem
    other.models.append(ollama.model)
    call_command("check_storyteller", stdout=out)
    assert ModelTrial.objects.get(address=other.url).model == ollama.model


# Sick hosts ---------------------------------------------------------------------------------------


async def test_a_host_that_failed_is_left_out_and_not_asked_at_once(
    ollama: OllamaServer, other: OllamaServer
) -> None:
    llm.leave_out(ollama.url, "it was cut off")
    heard = len(ollama.requests)
    status = await llm.status()
    assert status.hosts == (other.url,)
    assert any("failed a chapter: it was cut off" in note for note in status.notes)
    assert len(ollama.requests) == heard
    with pytest.raises(ModelUnavailable):
        await llm.open_models(ollama.url)


async def test_a_host_that_was_left_out_is_asked_where_there_is_no_other(
    ollama: OllamaServer, other: OllamaServer
) -> None:
    llm.leave_out(ollama.url, "it was cut off")
    other.stop()
    assert (await llm.status()).hosts == (ollama.url,)


def test_waits_grow_to_half_a_minute_and_one_caller_asks_after_each() -> None:
    now = 0.0
    failures, problem = Failures(lambda: now), NoModel("it is away")
    waits = []
    for _ in range(6):
        failures.note("one", problem)
        began = now
        while not failures.take_due("one"):
            now += 0.5
        assert not failures.take_due("one")
        waits.append(now - began)
    assert waits[0] <= FIRST_SECONDS * 1.2 + 0.5
    assert waits[0] < waits[1] < waits[2]
    assert max(waits) <= MAX_SECONDS * 1.2 + 0.5


def test_a_host_that_answers_is_used_again_and_waited_for_longer_where_it_fails_soon() -> None:
    now = 0.0
    failures, problem = Failures(lambda: now), NoModel("it is away")
    failures.note("one", problem)
    failures.note_answer("one")
    assert failures.problem_of("one") is None
    failures.note("one", problem)
    now = FIRST_SECONDS * 1.3
    assert not failures.take_due("one"), "the second wait is longer"


def test_processes_that_lost_a_host_together_do_not_come_back_together() -> None:
    now = 0.0
    each = [Failures(lambda: now) for _ in range(20)]
    for failures in each:
        failures.note("one", NoModel("it is away"))
    now = FIRST_SECONDS
    assert 0 < sum(failures.take_due("one") for failures in each) < len(each)


# The fallback -------------------------------------------------------------------------------------


@pytest.fixture
def fallback(ollama: OllamaServer, openai_host: OpenAIServer, settings: Settings) -> OpenAIServer:
    settings.LLM_PROVIDER, settings.FALLBACK_PROVIDER = "ollama", "openai"
    return openai_host


async def test_the_fallback_is_asked_only_while_the_first_is_away(
    ollama: OllamaServer, fallback: OpenAIServer
) -> None:
    assert (await llm.open_models()).host.provider == "ollama"
    assert fallback.requests == []
    llm.leave_out(ollama.url, "it was cut off")
    status = await llm.status()
    assert (status.provider, status.hosts) == ("openai", (fallback.base_url,))
    assert any("it was cut off" in note for note in status.notes)


async def test_without_a_name_in_the_settings_nothing_takes_the_place_of_the_first(
    ollama: OllamaServer, fallback: OpenAIServer, settings: Settings
) -> None:
    settings.FALLBACK_PROVIDER = ""
    ollama.stop()
    assert not (await llm.status()).available
    assert fallback.requests == []


async def test_where_both_are_away_both_are_named(
    ollama: OllamaServer, fallback: OpenAIServer
) -> None:
    ollama.stop()
    fallback.stop()
    problem = (await llm.status()).problem
    assert ollama.url in problem
    assert fallback.url in problem


async def test_a_far_fallback_is_named_to_the_family_before_it_is_needed(
    ollama: OllamaServer, fallback: OpenAIServer, settings: Settings
) -> None:
    settings.OPENAI_BASE_URL = "https://u:pw1@api.example.com/v1"
    status = await llm.status()
    assert (status.elsewhere, status.fallback_elsewhere) == ("", "api.example.com")


async def test_the_guard_is_not_lost_with_the_first_provider(
    ollama: OllamaServer, settings: Settings, tmp_path: Path
) -> None:
    settings.FALLBACK_PROVIDER, settings.GUARD_MODEL = "embedded", "llama-guard3:1b"
    settings.DATA_DIR = tmp_path
    ollama.stop()
    status = await llm.status()
    assert not status.available
    assert "the storyteller is the embedded one" in status.problem


async def test_auto_does_not_take_the_embedded_model_for_a_host_that_answers(
    ollama: OllamaServer, settings: Settings, tmp_path: Path
) -> None:
    """A chapter that failed is no reason to write the next one with a smaller model."""
    settings.LLM_PROVIDER, settings.DATA_DIR, settings.MODEL_PATH = "auto", tmp_path, ""
    llm.leave_out(ollama.url, "it was cut off")
    assert (await llm.status()).provider == "ollama"


@pytest.mark.django_db
def test_why_a_host_is_left_out_is_kept_until_it_is_asked_again(ollama: OllamaServer) -> None:
    host = async_to_sync(llm.open_models)().host
    left_out = llm.LeftOut("ollama", host.address, NoModel("it has no model"))
    trials.note(host, llm.Trial(writes=True))
    for _ in range(2):
        trials.note_left_out([left_out])
        trials.note_left_out([left_out])
        row = ModelTrial.objects.get(model="")
        assert (row.problem, str(row)) == ("it has no model", f"{host.address} (ollama)")
        trials.note(host, llm.Trial(writes=True))
        assert [row.model for row in ModelTrial.objects.all()] == [ollama.model]


@pytest.mark.django_db
def test_the_familys_page_names_a_far_fallback_before_it_is_needed(
    client: Client, alice: User, mia: Child, fallback: OpenAIServer, settings: Settings
) -> None:
    settings.OPENAI_BASE_URL = "https://u:pw1@api.example.com/v1"
    client.force_login(alice)
    page = client.get(reverse("stories:new", args=[mia.pk])).text
    assert "is away, new stories are written outside your home, at api.example.com." in page
    assert "pw1" not in page
