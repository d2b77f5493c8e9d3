"""The model that the settings lead to, the questions it is asked, and its absence."""

import asyncio
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from stories import llm
from stories.embedded import catalog
from stories.llm import hosts
from stories.safety.layers import Passage
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.errors import ModelRefused, ModelUnavailable, told_to_staff
from stories.vocabulary.languages import Writers, codes
from testkit.hosts import Hold, Quirk, Reply
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer

SCHEMA = {
    "title": "Opinion",
    "type": "object",
    "properties": {"approved": {"type": "boolean"}},
    "required": ["approved"],
}


@pytest.fixture
def no_files(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    settings.MODEL_PATH = ""
    return tmp_path


def _pretend_to_have(model: catalog.ModelFile, data: Path) -> None:
    """A file of the right name and size, without its bytes."""
    directory = data / "models"
    directory.mkdir(exist_ok=True)
    with model.path_in(directory).open("wb") as file:
        file.truncate(model.size)


async def _why_unavailable() -> str:
    with pytest.raises((ModelUnavailable, ModelRefused)) as caught:
        await llm.open_models()
    return told_to_staff(caught.value)


# Ollama -----------------------------------------------------------------------------------------


async def test_the_model_that_was_asked_for_is_used(
    ollama: OllamaServer, settings: Settings
) -> None:
    ollama.models = ["llama3.1:8b", "gemma3:12b"]
    settings.OLLAMA_MODEL = "gemma3:12b"
    assert (await llm.open_models()).name == "gemma3:12b"


async def test_latest_need_not_be_said(ollama: OllamaServer, settings: Settings) -> None:
    ollama.models = ["llama3.1:latest"]
    settings.OLLAMA_MODEL = "llama3.1"
    assert (await llm.open_models()).name == "llama3.1:latest"


async def test_the_newest_model_is_used_when_none_was_asked_for(
    ollama: OllamaServer, settings: Settings
) -> None:
    ollama.models = ["qwen3:8b", "llama3.1:8b"]
    settings.OLLAMA_MODEL = ""
    assert (await llm.open_models()).name == "qwen3:8b"


async def test_a_guard_is_no_storyteller_though_it_is_the_newest(
    ollama: OllamaServer, settings: Settings
) -> None:
    ollama.models = ["llama-guard3:1b", "llama3.1:8b"]
    settings.OLLAMA_MODEL = ""
    assert (await llm.open_models()).name == "llama3.1:8b"


async def test_a_guard_that_is_missing_means_no_storyteller_unless_it_is_advisory(
    ollama: OllamaServer, settings: Settings
) -> None:
    settings.GUARD_MODEL = "llama-guard3:1b"
    assert "STORYTELLER_GUARD_MODEL" in await _why_unavailable()
    settings.GUARD_IS_ADVISORY = True
    assert (await llm.open_models()).guard is not None


async def test_a_guard_is_asked_for_few_words_and_with_a_context_of_its_own(
    ollama: OllamaServer, settings: Settings
) -> None:
    ollama.models.append("llama-guard3:1b")
    settings.GUARD_MODEL = "llama-guard3:1b"
    guard = (await llm.open_models()).guard_for(AgeBand.YOUNG)
    assert guard is not None
    assert (await guard.examine(Passage("The fox slept."))).approved
    (call,) = ollama.calls
    assert call.model == "llama-guard3:1b"
    assert call.options["num_predict"] == 64
    assert call.options["temperature"] == 0.0


@pytest.mark.parametrize("name", ["llama-guard-3-8b", "granite-guardian-3.1-8b"])
async def test_a_guard_that_would_go_on_with_the_paragraph_is_asked_as_by_a_user(
    openai_host: OpenAIServer, settings: Settings, name: str
) -> None:
    openai_host.quirks.add(Quirk.CONTINUES_ANSWER)
    openai_host.models.append(name)
    settings.GUARD_MODEL = name
    guard = (await llm.open_models()).guard_for(AgeBand.YOUNG)
    assert guard is not None
    assert (await guard.examine(Passage("The fox slept."))).approved
    openai_host.script(guard="unsafe\nS1" if "llama" in name else "Yes")
    assert not (await guard.examine(Passage("The fox slept."))).approved


@pytest.mark.parametrize(("name", "is_asked"), [("llama3.1:8b", True), ("llama3.2:1b", False)])
async def test_a_storys_own_model_is_a_guard_only_where_it_judges_well(
    ollama: OllamaServer, settings: Settings, name: str, is_asked: bool
) -> None:
    ollama.models = [name]
    settings.OLLAMA_MODEL = name
    settings.GUARD_MODEL = "story"
    assert ((await llm.open_models()).guard is not None) == is_asked


async def test_a_model_that_cannot_chat_is_not_used(
    ollama: OllamaServer, settings: Settings
) -> None:
    ollama.capabilities = ["embedding"]
    settings.OLLAMA_MODEL = ""
    assert "no model that can write" in await _why_unavailable()


async def test_staff_read_which_models_there_are_when_one_is_missing(
    ollama: OllamaServer, settings: Settings
) -> None:
    settings.OLLAMA_MODEL = "lama3"
    reason = await _why_unavailable()
    assert "'lama3'" in reason
    assert "llama3.1:8b" in reason


async def test_a_host_that_was_away_is_found_again(ollama: OllamaServer) -> None:
    ollama.stop()
    assert "does not answer" in await _why_unavailable()
    ollama.start()
    models = await llm.open_models()
    assert (await models.writer.ainvoke("A story, please.")).text


async def test_what_is_no_ollama_is_named_so(ollama: OllamaServer, settings: Settings) -> None:
    settings.OLLAMA_BASE_URL = f"{ollama.url}/elsewhere"
    assert settings.OLLAMA_BASE_URL in await _why_unavailable()


async def test_the_models_own_context_is_the_limit(
    ollama: OllamaServer, settings: Settings
) -> None:
    ollama.context_length = 4096
    settings.OLLAMA_NUM_CTX = 8192
    assert (await llm.open_models()).profile.context_tokens == 4096


async def test_writer_and_editor_ask_for_the_same_context_so_that_ollama_loads_once(
    ollama: OllamaServer,
) -> None:
    models = await llm.open_models()
    await models.writer.ainvoke("A story, please.")
    await models.editor.ainvoke("Is it kind?")
    first, second = ollama.calls
    assert first.options["num_ctx"] == second.options["num_ctx"] == models.profile.context_tokens
    assert first.body["keep_alive"] == second.body["keep_alive"]


async def test_the_settings_reach_the_host(ollama: OllamaServer, settings: Settings) -> None:
    settings.OLLAMA_TEMPERATURE = 0.6
    settings.OLLAMA_MAX_TOKENS = 321
    models = await llm.open_models()
    await models.writer.ainvoke("A story, please.")
    await models.editor.ainvoke("Is it kind?")
    writing, editing = ollama.calls
    assert writing.options["temperature"] == 0.6
    assert editing.options["temperature"] == 0.0
    assert writing.options["num_predict"] == 321
    assert writing.body["think"] is False


async def test_a_reader_who_leaves_ends_the_call_at_once(ollama: OllamaServer) -> None:
    hold = Hold(after=2)
    ollama.script(prose=Reply("Once upon a time there was a fox.", hold=hold))
    models = await llm.open_models()

    async def read() -> None:
        async for _ in models.writer.astream("A story, please."):
            pass

    reading = asyncio.create_task(read())
    await hold.reached.seen()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await ollama.calls[0].disconnected.seen(1.0)


@pytest.mark.parametrize("steps", range(60))
async def test_a_call_that_ends_at_any_step_leaves_no_connection(
    ollama: OllamaServer, steps: int
) -> None:
    ollama.script(prose=Reply(hold=Hold(after=1)))
    writer = (await llm.open_models()).writer
    for call in (writer.ainvoke("Tell."), hosts.find()):
        task = asyncio.ensure_future(call)
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        while ollama.connections:  # noqa: ASYNC110 - sockets tell nobody
            await asyncio.sleep(0.01)


async def test_more_than_a_hundred_generations_reach_the_host_together(
    ollama: OllamaServer,
) -> None:
    hold = Hold(after=0)
    ollama.script(prose=Reply("Once.", hold=hold))
    models = await llm.open_models()
    all_there = ollama.called(120)
    asking = [asyncio.create_task(models.writer.ainvoke("A story, please.")) for _ in range(120)]
    try:
        await all_there.seen(30.0)
    finally:
        hold.release()
    assert {answer.text for answer in await asyncio.gather(*asking)} == {"Once."}


def test_models_are_opened_on_one_event_loop_after_another(ollama: OllamaServer) -> None:
    async def tell() -> str:
        models = await llm.open_models()
        return (await models.writer.ainvoke("A story, please.")).text

    assert asyncio.run(tell())
    assert asyncio.run(tell())


# Which provider ---------------------------------------------------------------------------------


async def test_auto_prefers_an_ollama_that_answers(
    ollama: OllamaServer, settings: Settings, no_files: Path
) -> None:
    settings.LLM_PROVIDER = "auto"
    _pretend_to_have(catalog.SMALL, no_files)
    assert (await llm.status()).provider == "ollama"


async def test_auto_turns_to_the_embedded_model_where_ollama_is_away(
    ollama: OllamaServer, settings: Settings, no_files: Path
) -> None:
    ollama.stop()
    settings.LLM_PROVIDER = "auto"
    _pretend_to_have(catalog.SMALL, no_files)
    found = await llm.status()
    assert found.available
    assert found.provider == "embedded"
    assert found.is_demo


async def test_auto_takes_the_file_that_was_named_before_anything_else(
    ollama: OllamaServer, settings: Settings, no_files: Path
) -> None:
    settings.LLM_PROVIDER = "auto"
    own = no_files / "my-own-7b.gguf"
    own.touch()
    settings.MODEL_PATH = str(own)
    found = await llm.status()
    assert (found.provider, found.name, found.is_demo) == ("embedded", "my-own-7b", False)


async def test_the_larger_embedded_model_is_preferred(settings: Settings, no_files: Path) -> None:
    settings.LLM_PROVIDER = "embedded"
    _pretend_to_have(catalog.SMALL, no_files)
    _pretend_to_have(catalog.LARGE, no_files)
    assert (await llm.status()).name == Path(catalog.LARGE.file_name).stem


async def test_staff_read_all_that_was_tried(
    ollama: OllamaServer, settings: Settings, no_files: Path
) -> None:
    ollama.stop()
    settings.LLM_PROVIDER = "auto"
    found = await llm.status()
    assert not found.available
    assert ollama.url in found.problem
    assert "fetch_model" in found.problem


async def test_a_file_that_is_not_there_is_named(settings: Settings, no_files: Path) -> None:
    settings.LLM_PROVIDER = "embedded"
    settings.MODEL_PATH = str(no_files / "gone.gguf")
    assert str(no_files / "gone.gguf") in await _why_unavailable()


async def test_a_host_with_openais_api_writes_and_answers_schemas_with_its_key(
    openai_host: OpenAIServer, settings: Settings
) -> None:
    openai_host.authorization = "Bearer lantern"
    settings.OPENAI_API_KEY = "lantern"
    models = await llm.open_models()
    assert models.name == openai_host.model
    pieces = [piece async for piece in models.writer.astream("A story, please.")]
    assert "".join(piece.text for piece in pieces)
    asking = models.editor.with_structured_output(SCHEMA, method="json_schema")
    assert (await asking.ainvoke("Is it kind?")) == {"approved": True}
    writing, editing = openai_host.calls
    assert (writing.body["temperature"], editing.body["temperature"]) == (0.7, 0.0)
    assert writing.limit > 0
    assert writing.wants_usage


async def test_openai_without_a_model_names_what_is_missing(settings: Settings) -> None:
    settings.LLM_PROVIDER = "openai"
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    settings.OPENAI_MODEL = ""
    reason = await _why_unavailable()
    assert "OPENAI_MODEL" in reason
    assert "OPENAI_BASE_URL" not in reason


async def test_how_many_chapters_at_once_can_be_chosen(
    ollama: OllamaServer, settings: Settings
) -> None:
    settings.MAX_CONCURRENT = 33
    assert (await llm.open_models()).concurrency == 33


async def test_the_embedded_server_never_gets_more_than_it_has_slots(
    settings: Settings, no_files: Path
) -> None:
    settings.LLM_PROVIDER = "embedded"
    settings.MAX_CONCURRENT = 33
    _pretend_to_have(catalog.SMALL, no_files)
    assert (await llm.status()).concurrency == 4


async def test_what_is_said_of_the_storyteller_is_asked_for_once_in_a_while(
    ollama: OllamaServer,
) -> None:
    await llm.status()
    heard = len(ollama.requests)
    await llm.status()
    assert len(ollama.requests) == heard


# What models can do -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "billions", "writing", "writes_as"),
    [
        ("llama3.1:8b", None, "prose", "capable"),
        ("never-heard-of-it", None, "prose", "capable"),
        ("never-heard-of-it", 1.5, "beats", "multilingual"),
        ("never-heard-of-it:0.5b", None, "beats", "multilingual"),
        ("tiny-135m", None, "beats", "multilingual"),
        ("SmolLM2-360M-Instruct", None, "beats", "multilingual"),
        ("llama3.2:1b", None, "beats", "multilingual"),
        ("gemma3:12b", None, "prose", "multilingual"),
        ("gemma3:1b", None, "beats", "multilingual"),
        ("gemma3n:e4b", 6.9, "prose", "multilingual"),
        ("gemma4:12b", 12.0, "prose", "multilingual"),
        ("gemma-4-E4B-it", None, "prose", "multilingual"),
        ("gemma12:9b", None, "prose", "multilingual"),
        ("gemma:2b", None, "beats", "multilingual"),
        ("hf.co/bartowski/aya-expanse-8b-GGUF", None, "prose", "multilingual"),
        ("hf.co/unsloth/Qwen3-0.6B-GGUF", None, "beats", "multilingual"),
        ("qwen3:0.6b", 0.75163, "beats", "multilingual"),
        ("qwen3:0.6b", None, "beats", "multilingual"),
        ("qwen3:1.7b", None, "beats", "multilingual"),
        ("qwen3:4b", None, "prose", "capable"),
        ("qwen3:latest", 8.2, "prose", "multilingual"),
        ("qwen3", 0.75163, "beats", "multilingual"),
        ("qwen3.6:35b-a3b", None, "prose", "multilingual"),
        ("qwen3-coder:30b", None, "prose", "capable"),
        ("gpt-oss:20b", 20.9, "prose", "multilingual"),
        ("mixtral:8x7b", None, "prose", "capable"),
        ("llama4:16x17b", None, "prose", "multilingual"),
        ("deepseek-r1:8b", None, "prose", "capable"),
        ("gpt-4o-mini", None, "prose", "multilingual"),
        ("gpt-5.2", None, "prose", "multilingual"),
    ],
)
def test_a_model_is_asked_for_what_its_family_and_size_can_do(
    name: str, billions: float | None, writing: str, writes_as: Writers
) -> None:
    profile = llm.profile_of("ollama", name, 8192, billions=billions)
    assert (profile.writing, profile.languages) == (writing, codes(writes_as))


def test_only_our_own_small_models_are_demos() -> None:
    for model in (catalog.LARGE, catalog.SMALL):
        name = Path(model.file_name).stem
        assert llm.profile_of("embedded", name, 2048).is_demo
        assert not llm.profile_of("ollama", name, 2048).is_demo


def test_the_smallest_model_is_never_asked_whether_a_text_is_safe() -> None:
    profile = llm.profile_of("embedded", Path(catalog.SMALL.file_name).stem, 2048)
    assert not profile.judges
    assert not profile.structures


async def test_an_answer_that_nobody_reads_along_is_asked_for_whole(ollama: OllamaServer) -> None:
    models = await llm.open_models()
    assert (await models.editor.ainvoke("Is it kind?")).text
    assert [chunk async for chunk in models.writer.astream("A story about a pond.")]
    assert [call.body["stream"] for call in ollama.calls] == [False, True]


TOKENS = ["The", " frog", " sat", " on", " a", " big", " green", " and", " very", " round", " leaf"]
TOKENS += [".", " It", "'s", " late"]


async def test_prose_is_handed_on_many_tokens_at_a_time_and_the_end_of_a_sentence_at_once(
    ollama: OllamaServer, settings: Settings
) -> None:
    ollama.script(prose=[Reply(tokens=TOKENS)] * 2)
    pieces = await _pieces()
    assert pieces[:3] == ["The", " frog sat on a big green and very round leaf.", " It"]
    assert "".join(pieces) == "".join(TOKENS)
    settings.SHOWS_UNCHECKED_WORDS = True
    assert [piece for piece in await _pieces() if piece] == TOKENS


async def _pieces() -> list[str]:
    models = await llm.open_models()
    return [str(chunk.text) async for chunk in models.writer.astream("A story about a frog.")]
