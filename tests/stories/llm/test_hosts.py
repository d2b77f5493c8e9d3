"""How a host and its model are found, whatever the host's list looks like."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from stories import llm
from stories.llm.faults import HOST_ERRORS
from stories.llm.ollama_host import same_model
from stories.llm.profiles import embeds
from stories.vocabulary.errors import ModelRefused, ModelUnavailable, told_to_staff
from stories.workflow.faults import Ending
from testkit.hosts import ModelHost, Quirk, Reply
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer

NOBODY = "http://127.0.0.1:9"


async def why_not() -> Exception:
    with pytest.raises((ModelUnavailable, ModelRefused)) as caught:
        await llm.open_models()
    return caught.value


# Lists --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quirk",
    [
        Quirk.NAMELESS_MODEL,
        Quirk.EMBEDDING_MODEL_FIRST,
        Quirk.CLOUD_MODEL_FIRST,
        Quirk.SHOW_NOT_FOUND,
        Quirk.SHOW_FAILS,
        Quirk.CAPITAL_LETTERS,
        Quirk.NO_CAPABILITIES,
        Quirk.NO_PARAMETER_SIZE,
    ],
)
async def test_one_bad_entry_does_not_hide_the_good_model(
    ollama: OllamaServer, settings: Settings, quirk: Quirk
) -> None:
    settings.OLLAMA_MODEL = ""
    ollama.quirks.add(quirk)
    assert (await llm.open_models()).name.lower() == ollama.model


@pytest.mark.parametrize(
    ("quirk", "name"),
    [
        (Quirk.NAMELESS_MODEL, "without a name"),
        (Quirk.SHOW_NOT_FOUND, "half-pulled:7b cannot be looked at: 404"),
        (Quirk.SHOW_FAILS, "half-pulled:7b cannot be looked at: 500 error reading model file"),
        (Quirk.CLOUD_MODEL_FIRST, "gpt-oss:120b-cloud runs at ollama.com"),
    ],
)
async def test_what_was_left_out_is_named_to_staff(
    ollama: OllamaServer, settings: Settings, quirk: Quirk, name: str
) -> None:
    settings.OLLAMA_MODEL = ""
    ollama.quirks.add(quirk)
    assert any(name in note for note in (await llm.status()).notes)


async def test_an_older_hosts_embedding_model_is_told_by_its_family(
    ollama: OllamaServer, settings: Settings
) -> None:
    settings.OLLAMA_MODEL = ""
    ollama.quirks.add(Quirk.EMBEDDING_MODEL_FIRST)
    ollama.quirks.add(Quirk.NO_CAPABILITIES)
    assert (await llm.open_models()).name == ollama.model


@pytest.mark.parametrize(
    ("name", "families", "is_one"),
    [
        ("nomic-embed-text:latest", ["nomic-bert"], True),
        ("mxbai-embed-large", [], True),
        ("hf.co/BAAI/bge-m3-gguf", [None], True),
        ("all-minilm", ["bert"], True),
        ("mine", ["bert"], True),
        ("llama3.1:8b", ["llama"], False),
        ("robert", ["llama"], False),
    ],
)
def test_an_embedding_model_is_known_by_family_or_name(
    name: str, families: list[str | None], is_one: bool
) -> None:
    assert embeds(name, families) is is_one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("llama3.1", "llama3.1:latest"),
        ("Llama3.1:8B", "llama3.1:8b"),
        ("huggingface.co/Qwen/Qwen3-8B-GGUF:Q4_K_M", "hf.co/Qwen/Qwen3-8B-GGUF:q4_k_m"),
        ("https://hf.co/Qwen/Qwen3-8B-GGUF", "hf.co/qwen/qwen3-8b-gguf:latest"),
        ("library/llama3.1", "llama3.1"),
    ],
)
def test_names_are_compared_as_ollama_does(one: str, other: str) -> None:
    assert same_model(one, other)
    assert not same_model(one, other + "x")


# Local means local --------------------------------------------------------------------------------


async def test_a_model_that_runs_elsewhere_is_used_and_said_where_it_is_named(
    ollama: OllamaServer, settings: Settings
) -> None:
    ollama.quirks.add(Quirk.CLOUD_MODEL_FIRST)
    settings.OLLAMA_MODEL = "gpt-oss:120b-cloud"
    status = await llm.status()
    assert (status.name, status.elsewhere) == ("gpt-oss:120b-cloud", "ollama.com")


async def test_a_host_with_nothing_but_models_elsewhere_has_no_storyteller(
    ollama: OllamaServer, settings: Settings
) -> None:
    ollama.models = []
    ollama.quirks.add(Quirk.CLOUD_MODEL_FIRST)
    settings.OLLAMA_MODEL = ""
    assert "only where OLLAMA_MODEL names it" in told_to_staff(await why_not())


async def test_a_host_of_this_machine_is_near(any_host: ModelHost[Any]) -> None:
    assert (await llm.status()).elsewhere == ""


async def test_this_machines_host_is_never_asked_through_a_proxy(
    any_host: ModelHost[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, NOBODY)
    models = await llm.open_models()
    assert (await models.editor.ainvoke("Is it kind?")).text
    assert [chunk async for chunk in models.writer.astream("A story, please.")]


# Keys and passwords -------------------------------------------------------------------------------


def _with_user(address: str) -> str:
    return address.replace("://", "://reader:pw%401@")


BASIC = "Basic cmVhZGVyOnB3QDE="


async def test_a_user_in_the_address_is_sent_with_every_call(
    any_host: ModelHost[Any], settings: Settings
) -> None:
    any_host.authorization = BASIC
    settings.OLLAMA_BASE_URL = _with_user(settings.OLLAMA_BASE_URL)
    settings.OPENAI_BASE_URL = _with_user(settings.OPENAI_BASE_URL)
    models = await llm.open_models()
    assert (await models.editor.ainvoke("Is it kind?")).text
    assert [chunk async for chunk in models.writer.astream("A story, please.")]


async def test_a_key_is_sent_with_every_call(any_host: ModelHost[Any], settings: Settings) -> None:
    any_host.authorization = "Bearer sesame-4711"
    settings.OLLAMA_API_KEY = settings.OPENAI_API_KEY = "sesame-4711"
    models = await llm.open_models()
    assert (await models.editor.ainvoke("Is it kind?")).text
    assert [chunk async for chunk in models.writer.astream("A story, please.")]


@pytest.mark.parametrize("state", ["refuses", "stopped", "redirects"])
async def test_a_password_is_in_no_message(
    any_host: ModelHost[Any], settings: Settings, state: str
) -> None:
    settings.OLLAMA_BASE_URL = _with_user(settings.OLLAMA_BASE_URL)
    settings.OPENAI_BASE_URL = _with_user(settings.OPENAI_BASE_URL)
    if state == "refuses":
        any_host.authorization = "Basic another"
    elif state == "redirects":
        any_host.quirks.add(Quirk.REDIRECTS)
    else:
        any_host.stop()
    problem = (await llm.status()).problem
    assert f"127.0.0.1:{any_host.port}" in problem
    assert "pw" not in problem
    assert "reader" not in problem


# A host with OpenAI's API, asked at the start -----------------------------------------------------


async def test_a_host_that_is_away_is_said_to_be(any_host: ModelHost[Any]) -> None:
    any_host.stop()
    assert "does not answer" in (await llm.status()).problem
    assert type(await why_not()) is ModelUnavailable


@pytest.mark.parametrize("quirks", [[], [Quirk.UNKNOWN_PATH_WITH_200]])
async def test_a_base_address_without_v1_is_found_out(
    openai_host: OpenAIServer, settings: Settings, quirks: list[Quirk]
) -> None:
    for quirk in quirks:
        openai_host.quirks.add(quirk)
    settings.OPENAI_BASE_URL = openai_host.url
    error = await why_not()
    assert type(error) is ModelRefused
    assert f"set it to {openai_host.url}/v1" in told_to_staff(error)


@pytest.mark.parametrize("quirk", [Quirk.NO_MODEL_LIST, Quirk.ALSO_WITHOUT_V1])
async def test_a_host_with_habits_of_its_own_tells_stories(
    openai_host: OpenAIServer, settings: Settings, quirk: Quirk
) -> None:
    openai_host.quirks.add(quirk)
    if quirk is Quirk.ALSO_WITHOUT_V1:
        settings.OPENAI_BASE_URL = openai_host.url
    models = await llm.open_models()
    assert [chunk async for chunk in models.writer.astream("A story, please.")]


async def test_a_wrong_key_is_found_out_before_the_first_story(openai_host: OpenAIServer) -> None:
    openai_host.authorization = "Bearer another"
    error = await why_not()
    assert type(error) is ModelRefused
    assert "answers 401" in told_to_staff(error)


async def test_a_model_that_is_not_listed_is_a_note(
    openai_host: OpenAIServer, settings: Settings
) -> None:
    settings.OPENAI_MODEL = "another"
    status = await llm.status()
    assert status.available
    assert any("'another' is not among" in note for note in status.notes)


async def test_running_usage_is_counted_once(openai_host: OpenAIServer) -> None:
    openai_host.quirks.add(Quirk.RUNNING_USAGE)
    openai_host.script(prose=Reply("Once there was a fox who slept."))
    writer = (await llm.open_models()).writer
    whole = None
    async for chunk in writer.astream("A story, please."):
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 7


async def test_a_refusal_in_a_field_of_its_own_ends_an_answer(openai_host: OpenAIServer) -> None:
    openai_host.quirks.add(Quirk.REFUSAL_FIELD, kinds={"prose"})
    writer = (await llm.open_models()).writer
    told = [chunk.response_metadata async for chunk in writer.astream("A story, please.")]
    assert Ending.DECLINED in map(HOST_ERRORS.ending, told)
