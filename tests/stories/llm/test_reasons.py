"""Why a host said no: in one sentence for staff, without what was sent and without secrets."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from stories import llm
from stories.llm.faults import HOST_ERRORS
from stories.llm.reasons import MAX_CHARACTERS, reason_in
from stories.vocabulary.errors import ModelRefused, told_to_staff
from stories.workflow.faults import Fault
from testkit.hosts import ModelHost, Quirk, Reply
from testkit.openai.server import OpenAIServer

PROMPT = "Write about a green dragon who counts his silver spoons."


async def raised_by(part: str = "writer", prompt: str = PROMPT) -> Exception:
    """The workflow's error when it asks this part of the models."""
    models = await llm.open_models()
    try:
        with HOST_ERRORS.translated():
            if part == "editor":
                await models.editor.ainvoke(prompt)
            else:
                _ = [chunk async for chunk in models.writer.astream(prompt)]
    except (Fault, ModelRefused) as error:
        return error
    raise AssertionError("the host was not heard to say no")


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 415, 422, 451])
async def test_a_host_that_refuses_is_not_asked_again_and_staff_read_why(
    any_host: ModelHost[Any], status: int
) -> None:
    any_host.script(prose=Reply(status=status, error="model requires a newer licence"))
    error = await raised_by()
    assert isinstance(error, ModelRefused)
    assert told_to_staff(error) == f"the host answered {status}: model requires a newer licence"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 507])
async def test_a_host_that_fails_is_asked_again_and_staff_read_why(
    any_host: ModelHost[Any], status: int
) -> None:
    any_host.script(prose=Reply(status=status, error="model requires more system memory"))
    error = await raised_by()
    assert type(error) is Fault
    assert told_to_staff(error) == f"the host answered {status}: model requires more system memory"


@pytest.mark.parametrize(
    ("name", "quirk"),
    [("ollama", Quirk.EMPTY_LINES), ("openai_host", Quirk.UNDECODABLE)],
)
async def test_a_stream_that_is_no_json_is_not_told_as_a_host_that_is_away(
    request: pytest.FixtureRequest, name: str, quirk: Quirk
) -> None:
    host: ModelHost[Any] = request.getfixturevalue(name)
    host.quirks.add(quirk, kinds={"prose"})
    assert told_to_staff(await raised_by()) == "the host's answer is no JSON"


async def test_what_was_sent_is_cut_out_of_a_hosts_sentence(any_host: ModelHost[Any]) -> None:
    any_host.script(prose=Reply(status=422, error=f"cannot parse: {PROMPT} (at line 1)"))
    told = told_to_staff(await raised_by())
    assert "dragon" not in told
    assert "spoons" not in told
    assert "cannot parse" in told


@pytest.mark.parametrize("part", ["writer", "editor"])
@pytest.mark.parametrize(
    "quirk",
    [Quirk.HTML_WITH_200, Quirk.ERROR_WITH_200, Quirk.NOT_AN_OBJECT],
)
async def test_a_body_that_is_no_answer_is_a_fault(
    any_host: ModelHost[Any], part: str, quirk: Quirk
) -> None:
    any_host.quirks.add(quirk, kinds={"prose"})
    error = await raised_by(part)
    assert type(error) is Fault
    assert told_to_staff(error)


async def test_a_whole_answer_of_undecodable_bytes_is_a_fault(any_host: ModelHost[Any]) -> None:
    any_host.quirks.add(Quirk.UNDECODABLE, kinds={"prose"})
    assert type(await raised_by("editor")) is Fault


@pytest.mark.parametrize("part", ["writer", "editor"])
async def test_a_redirect_is_not_followed_and_staff_read_where_it_leads(
    any_host: ModelHost[Any], part: str
) -> None:
    await llm.open_models()
    any_host.quirks.add(Quirk.REDIRECTS)
    error = await raised_by(part)
    assert type(error) is ModelRefused
    assert "redirects to" in told_to_staff(error)
    assert not any(call.path.startswith("/elsewhere") for call in any_host.requests)


async def test_a_key_is_not_told(openai_host: OpenAIServer, settings: Settings) -> None:
    settings.OPENAI_API_KEY = "sesame-4711"
    openai_host.script(prose=Reply(status=401, error="Incorrect API key provided: sesame-4711."))
    assert "4711" not in told_to_staff(await raised_by())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"error": "no such model"}', "no such model"),
        ('{"error": {"message": "no such model", "code": 5}}', "no such model"),
        ('{"message": "no such model"}', "no such model"),
        ('{"detail": "Not Found"}', "Not Found"),
        ('{"error": {"message": "Not known.", "param": "top_k"}}', "top_k: Not known"),
        ('{"error": {"message": "No top_k here.", "param": "top_k"}}', "No top_k here"),
        ('{"error": {"message": "Not known.", "param": null}}', "Not known"),
        (
            '{"detail": [{"loc": ["body", "top_k"], "msg": "not permitted", "input": "a fox"}]}',
            "top_k: not permitted",
        ),
        ("404 page not found", "404 page not found"),
        ("Loading the model...", "Loading the model..."),
        ("<!DOCTYPE html><p>Sign in", "a page of HTML"),
        ('{"detail": {"input": "a fox"}}', ""),
        ("[]", ""),
        ("", ""),
        (
            '{"error": "see http://reader:pw1@host/v1 and\\nBearer abc.def"}',
            "see http://…host/v1 and …",
        ),
    ],
)
def test_the_sentence_is_found_where_hosts_have_it(body: str, reason: str) -> None:
    assert reason_in(body) == reason


def test_the_sentence_is_cut_to_a_length() -> None:
    assert len(reason_in("so many words " * 99)) <= MAX_CHARACTERS


def test_a_quotation_of_what_was_sent_is_cut_out_however_short() -> None:
    sent = b'{"messages": [{"role": "user", "content": "Tell of a red fox."}]}'
    assert reason_in('{"error": "bad value \\"red fox\\" here"}', sent) == "bad value … here"
