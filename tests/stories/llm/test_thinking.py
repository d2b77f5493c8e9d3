"""Models that think: told not to where that can be, and with room for it where they do."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from stories import llm
from stories.llm.profiles import ollama_think, openai_thinking
from stories.llm.support import Support, openai_payload, without_refused
from stories.safety.judge import judge_chapter
from stories.vocabulary.brief import AgeBand
from testkit.hosts import ModelHost, Quirk
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer

STORY = "A fox found a lantern."
LOW, OFF = {"reasoning_effort": "low"}, {"chat_template_kwargs": {"enable_thinking": False}}


@pytest.mark.parametrize(
    ("name", "think", "fields"),
    [
        ("gpt-oss:20b", "low", LOW),
        ("hf.co/unsloth/GPT-OSS-120b-GGUF:Q4", "low", LOW),
        ("o3-mini", "low", LOW),
        ("gpt-5-mini", "low", LOW),
        ("gpt-4o", False, {}),
        ("Qwen/Qwen3-8B", False, OFF),
        ("qwen2.5:7b", False, {}),
        ("glm-4.6", False, OFF),
        ("deepseek-r1:70b", False, {}),
        ("magistral:24b", False, {}),
        ("llama3.1:8b", False, {}),
    ],
)
def test_a_model_is_told_to_think_as_little_as_it_can(
    name: str, think: object, fields: dict[str, Any]
) -> None:
    assert (ollama_think(name), openai_thinking(name)) == (think, fields)


async def test_ollama_is_told_how_much_to_think(ollama: OllamaServer, settings: Settings) -> None:
    ollama.capabilities = ["completion", "thinking"]
    for name, think in (("gpt-oss:20b", "low"), ("qwen3:8b", False)):
        ollama.models.append(name)
        settings.OLLAMA_MODEL = name
        await (await llm.open_models()).editor.ainvoke("How are you?")
        assert ollama.calls[-1].body["think"] == think


async def test_a_host_with_openais_api_is_told_by_the_names_that_it_knows(
    openai_host: OpenAIServer, settings: Settings
) -> None:
    for name, fields in (("gpt-oss-20b", LOW), ("Qwen3-8B", OFF), ("llama-3.1-8b", {})):
        openai_host.models.append(name)
        settings.OPENAI_MODEL = name
        await (await llm.open_models()).editor.ainvoke("How are you?")
        sent = openai_host.calls[-1].body
        assert {key: sent[key] for key in (*LOW, *OFF) if key in sent} == fields


@pytest.mark.parametrize("fields", [LOW, OFF])
@pytest.mark.parametrize("format_", [{}, {"response_format": {"type": "json_schema"}}])
def test_what_a_host_refuses_of_it_is_left_out(
    fields: dict[str, Any], format_: dict[str, Any]
) -> None:
    (name,) = fields
    support = without_refused(Support(), f"Unknown parameter: '{name}'.")
    assert "think" in support.left_out
    payload = openai_payload({"messages": [], "extra_body": fields} | format_, support)
    assert payload["extra_body"] == format_
    assert openai_payload({"extra_body": fields}, Support())["extra_body"] == fields


async def test_thoughts_leave_room_for_a_judgement(any_host: ModelHost[Any]) -> None:
    any_host.quirks.add(Quirk.THINKS_AT_LENGTH, kinds={"judge"})
    models = await llm.open_models()
    chapter = "Robin found a lantern. Everyone sang."
    judgement = await judge_chapter(models.editor, chapter, band=AgeBand.MIDDLE, language="en")
    assert judgement is not None
    assert judgement.approved
    assert len(any_host.calls) == 1


@pytest.mark.parametrize("name", ["gpt-oss:20b", "deepseek-r1:70b", "qwen3-30b-a3b-thinking"])
async def test_thoughts_of_a_model_that_thinks_anyway_leave_room_for_prose(
    any_host: ModelHost[Any], settings: Settings, name: str
) -> None:
    any_host.models[:] = [name]
    settings.OLLAMA_MODEL = settings.OPENAI_MODEL = name
    any_host.quirks.add(Quirk.THINKS_AT_LENGTH, kinds={"prose"})
    assert await _told(any_host) == STORY


async def test_a_model_that_is_seen_to_think_in_its_trial_has_room_for_it_in_prose(
    any_host: ModelHost[Any],
) -> None:
    any_host.quirks.add(Quirk.THINKS_AT_LENGTH)
    assert await _told(any_host) == STORY
    trial = (await llm.open_models()).trial
    assert (trial.support.thinks, trial.is_passed, trial.problem) == (True, True, "")
    assert len(any_host.trials) == 3


@pytest.mark.parametrize(
    "quirk", [Quirk.THINKS_FIRST, Quirk.THINK_BLOCK, Quirk.CHANNEL_MARKS, Quirk.CHANNEL_NAMES]
)
async def test_a_few_thoughts_cost_no_further_trial(any_host: ModelHost[Any], quirk: Quirk) -> None:
    any_host.quirks.add(quirk)
    assert (await llm.open_models()).trial.support.thinks
    assert len(any_host.trials) == 2


async def test_a_model_that_only_thinks_is_told_as_such(any_host: ModelHost[Any]) -> None:
    any_host.quirks.add(Quirk.THINKING_EATS_BUDGET)
    trial = (await llm.open_models()).trial
    assert trial.problem == "it thought, and answered with no text"
    assert any("thinking off" in advice for advice in trial.advice)


async def _told(host: ModelHost[Any]) -> str:
    host.script(prose=STORY)
    writer = (await llm.open_models()).writer
    return "".join([str(chunk.text) async for chunk in writer.astream("A story, please.")])
