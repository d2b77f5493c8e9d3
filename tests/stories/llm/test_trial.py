"""Trials: a host's refusals are found out at a model's first use, and left out from then on."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from stories import llm
from stories.llm import trial
from stories.llm.clients import clients_of
from stories.llm.hosts import find
from stories.llm.support import Support, without_refused
from testkit.hosts import ModelHost, Quirk, Reply
from testkit.openai.server import OpenAIServer

SCHEMA = {
    "title": "Opinion",
    "type": "object",
    "properties": {"approved": {"type": "boolean"}},
    "required": ["approved"],
}

BOTH = [Quirk.SCHEMA_REFUSED, Quirk.FENCED_JSON, Quirk.LEADING_SENTENCE, Quirk.THINK_BLOCK]
OPENAI = [
    Quirk.RESPONSE_FORMAT_REFUSED,
    Quirk.MAX_COMPLETION_TOKENS_REFUSED,
    Quirk.REFUSES_WITHOUT_NAME,
    Quirk.STREAM_OPTIONS_REFUSED,
    Quirk.TEMPERATURE_REFUSED,
    Quirk.SYSTEM_ROLE_REFUSED,
]


async def _works() -> None:
    """Prose and an answer to a schema, as chapters ask for them."""
    models = await llm.open_models()
    messages = [("system", "You write for children."), ("user", "Is a fox kind? Answer in JSON.")]
    assert "".join([str(c.text) async for c in models.writer.astream(messages)])
    asking = models.editor.with_structured_output(SCHEMA, method="json_schema", include_raw=True)
    answer: Any = await asking.ainvoke(messages)
    assert "approved" in str(answer["raw"].text)


async def test_a_model_is_tried_out_once(any_host: ModelHost[Any]) -> None:
    await llm.open_models()
    await llm.open_models()
    assert len(any_host.trials) == 2
    assert any_host.calls == []


@pytest.mark.parametrize("quirk", BOTH)
async def test_a_host_with_this_habit_writes_all_the_same(
    any_host: ModelHost[Any], quirk: Quirk
) -> None:
    any_host.quirks.add(quirk)
    await _works()


@pytest.mark.parametrize("quirk", OPENAI)
async def test_a_parameter_that_is_refused_is_left_out_from_then_on(
    openai_host: OpenAIServer, quirk: Quirk
) -> None:
    openai_host.quirks.add(quirk)
    await _works()
    openai_host.quirks.clear()
    refused = len(openai_host.calls)
    await _works()
    assert len(openai_host.calls) == refused + 2


async def test_all_of_it_refused_at_once_still_writes(openai_host: OpenAIServer) -> None:
    for quirk in OPENAI:
        openai_host.quirks.add(quirk)
    openai_host.quirks.add(Quirk.MAX_TOKENS_REFUSED)
    await _works()


async def test_a_refusal_without_a_name_is_met_by_trying_without_each_parameter(
    openai_host: OpenAIServer,
) -> None:
    openai_host.quirks.add(Quirk.REFUSES_WITHOUT_NAME)
    openai_host.quirks.add(Quirk.TEMPERATURE_REFUSED)
    found = await trial.trial_of((await find()).hosts[0], clients_of)
    assert found.support.left_out == ("max_completion_tokens", "temperature")
    assert found.is_passed


async def test_several_refusals_without_a_name_leave_out_all_that_may_be(
    openai_host: OpenAIServer,
) -> None:
    def refused(call: Any) -> Reply | None:
        is_plain = not {"temperature", "stream_options"} & call.body.keys()
        return None if is_plain else Reply(status=400, error="Bad Request")

    openai_host.script(trial=refused)
    found = await trial.trial_of((await find()).hosts[0], clients_of)
    assert found.support == Support("", *[False] * 5)
    assert (found.writes, found.schema) == (True, "in the prompt")


async def test_a_request_that_is_refused_for_something_else_keeps_its_first_reason(
    any_host: ModelHost[Any],
) -> None:
    reasons = iter(["the model requires more memory", *["Bad Request"] * 20])
    any_host.script(trial=lambda _: Reply(status=400, error=next(reasons)))
    found = await trial.trial_of((await find()).hosts[0], clients_of)
    assert found.problem == "the host answered 400: the model requires more memory"
    assert found.support == Support()
    assert len(any_host.trials) < 10


async def test_a_wrong_key_is_no_matter_of_parameters(any_host: ModelHost[Any]) -> None:
    any_host.script(trial=lambda _: Reply(status=401, error="who are you?"))
    found = await trial.trial_of((await find()).hosts[0], clients_of)
    assert found.problem == "the host answered 401: who are you?"
    assert len(any_host.trials) == 1


async def test_a_schema_that_is_ignored_goes_into_the_prompt(any_host: ModelHost[Any]) -> None:
    any_host.quirks.add(Quirk.SCHEMA_IGNORED, kinds={"trial"}, times=2)
    found = await trial.trial_of((await find()).hosts[0], clients_of)
    assert (found.schema, found.support.schema) == ("in the prompt", False)
    assert "JSON schema" in any_host.trials[-1].prompt


async def test_a_host_that_is_busy_is_tried_again_later(
    any_host: ModelHost[Any],
) -> None:
    any_host.script(trial=Reply(status=503, error="busy"))
    found = await trial.trial_of((await find()).hosts[0], clients_of)
    assert found.problem == "the host answered 503: busy"
    any_host.script(trial=lambda _: None)
    assert (await trial.trial_of((await find()).hosts[0], clients_of)) == found
    llm.forget_trials()
    assert (await trial.trial_of((await find()).hosts[0], clients_of)).is_over


async def test_another_model_of_the_host_has_a_trial_of_its_own(
    any_host: ModelHost[Any], settings: Settings
) -> None:
    await llm.open_models()
    any_host.models.append("gemma3:12b")
    settings.OLLAMA_MODEL = settings.OPENAI_MODEL = "gemma3:12b"
    await llm.open_models()
    assert {call.model for call in any_host.trials} == {any_host.model, "gemma3:12b"}


@pytest.mark.parametrize(
    ("reason", "left_out"),
    [
        ("Unsupported parameter: 'max_completion_tokens'.", ("max_completion_tokens",)),
        ("'temperature' does not support 0.7 with this model", ("temperature",)),
        ("Unknown parameter: 'stream_options'.", ("stream_options",)),
        ("'response_format.type' must be 'json_schema' or 'text'", ("response_format",)),
        ("System role not supported", ("system role",)),
        ('json: unknown field "think"', ("think",)),
        ("the model requires more memory", ()),
        ("Bad request. For more information see the documentation.", ()),
    ],
)
def test_what_a_sentence_names_is_left_out(reason: str, left_out: tuple[str, ...]) -> None:
    assert without_refused(Support(), reason).left_out == left_out
