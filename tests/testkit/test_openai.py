"""The stand-in for OpenAI's API, as its real clients see it."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam
from pydantic import BaseModel, Field, SecretStr

from testkit.hosts import Quirk, Reply
from testkit.openai.server import OpenAIServer

TEXT = "The cat sat down. The dog did not!\n\nGood."
ASKED: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "You tell stories, or JSON."},
    {"role": "user", "content": "Tell me one."},
]


class Ending(BaseModel):
    title: str = Field(min_length=3, max_length=40)
    choices: list[str] = Field(min_length=2, max_length=4)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(keeps_alive=False) as started:
        yield started


def client_of(host: OpenAIServer, api_key: str = "none") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=host.base_url, api_key=api_key, max_retries=0)


async def whole(host: OpenAIServer, **fields: Any) -> ChatCompletion:
    async with client_of(host) as client:
        answer = await client.chat.completions.create(model=host.model, messages=ASKED, **fields)
    assert isinstance(answer, ChatCompletion)
    return answer


async def streamed(host: OpenAIServer, **fields: Any) -> list[ChatCompletionChunk]:
    async with client_of(host) as client:
        stream = await client.chat.completions.create(
            model=host.model, messages=ASKED, stream=True, **fields
        )
        return [chunk async for chunk in stream]


def told(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def reasons(chunks: list[ChatCompletionChunk]) -> list[str]:
    given = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
    return [reason for reason in given if reason]


async def refused(host: OpenAIServer, **fields: Any) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        await whole(host, **fields)
    return caught.value


async def test_a_whole_answer_has_text_reason_and_counts(server: OpenAIServer) -> None:
    server.script(prose=TEXT)
    answer = await whole(server)
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content) == ("assistant", TEXT)
    assert choice.finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 9
    assert answer.usage.total_tokens == 9 + answer.usage.prompt_tokens


async def test_a_stream_has_role_tokens_and_reason_and_counts_only_where_asked_for(
    server: OpenAIServer,
) -> None:
    server.script(prose=TEXT)
    chunks = await streamed(server)
    assert told(chunks) == TEXT
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert (reasons(chunks), chunks[-1].choices[0].finish_reason) == (["stop"], "stop")
    assert [chunk.usage for chunk in chunks if chunk.usage] == []
    *others, last = await streamed(server, stream_options={"include_usage": True})
    assert [chunk.usage for chunk in others if chunk.usage] == []
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == 9


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_either_limit_of_tokens_ends_the_text_with_the_reason_length(
    server: OpenAIServer, name: str
) -> None:
    server.script(prose=TEXT)
    chunks = await streamed(server, **{name: 3})
    assert (told(chunks), reasons(chunks)) == ("The cat sat", ["length"])


async def test_a_schema_is_satisfied_through_the_real_clients_own_parsing(
    server: OpenAIServer,
) -> None:
    async with client_of(server) as client:
        answer = await client.chat.completions.parse(
            model=server.model, messages=ASKED, response_format=Ending
        )
    ending = answer.choices[0].message.parsed
    assert ending is not None
    assert len(ending.choices) >= 2
    assert [call.kind for call in server.calls] == ["structured"]


async def test_langchain_reads_text_schemas_and_counts(server: OpenAIServer) -> None:
    server.script(prose=TEXT)
    model = ChatOpenAI(
        base_url=server.base_url,
        api_key=SecretStr("none"),
        model=server.model,
        stream_usage=True,
        max_retries=0,
    )
    chunks = [chunk async for chunk in model.astream("Tell me a story.")]
    assert "".join(chunk.text for chunk in chunks) == TEXT
    counts = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert [count["output_tokens"] for count in counts] == [9]
    ending = await model.with_structured_output(Ending, method="json_schema").ainvoke("x")
    assert isinstance(ending, Ending)


async def test_thoughts_stand_in_a_field_of_their_own(server: OpenAIServer) -> None:
    server.script(prose=Reply("Done.", thinking="Let me see."))
    answer = await whole(server)
    message = answer.choices[0].message
    assert (message.content, message.model_extra) == (
        "Done.",
        {"reasoning_content": "Let me see."},
    )
    assert answer.usage is not None
    assert answer.usage.completion_tokens_details is not None
    assert answer.usage.completion_tokens_details.reasoning_tokens == 3


async def test_models_are_listed_and_looked_at(server: OpenAIServer) -> None:
    server.models = ["qwen3-8b", "gemma3-12b"]
    async with client_of(server) as client:
        assert [model.id async for model in client.models.list()] == server.models
        assert (await client.models.retrieve("gemma3-12b")).id == "gemma3-12b"


async def test_an_unknown_model_and_an_unknown_path_are_not_found(server: OpenAIServer) -> None:
    server.models = ["another"]
    missing = await refused(server)
    assert (missing.status_code, missing.code) == (404, "model_not_found")
    async with AsyncOpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
        with pytest.raises(openai.NotFoundError, match="Invalid URL") as caught:
            await client.models.list()
    assert caught.value.status_code == 404


async def test_a_wrong_key_is_refused(server: OpenAIServer) -> None:
    server.authorization = "Bearer lantern"
    problem = await refused(server)
    assert (problem.status_code, problem.code) == (401, "invalid_api_key")
    async with client_of(server, "lantern") as client:
        assert [model.id async for model in client.models.list()] == [server.model]


@pytest.mark.parametrize(
    ("fields", "param", "says"),
    [
        ({"temperature": 2.5}, "temperature", "between 0 and 2"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens", "at the same time"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "only allowed when"),
        ({"response_format": {"type": "xml"}}, "response_format.type", "Invalid value"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "response_format.json_schema.schema",
            "Missing required parameter",
        ),
        ({"messages": []}, "messages", "Missing required parameter"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role", "Invalid value"),
    ],
)
async def test_what_the_api_refuses_it_refuses_by_name(
    server: OpenAIServer, fields: dict[str, Any], param: str, says: str
) -> None:
    async with client_of(server) as client:
        with pytest.raises(openai.BadRequestError, match=says) as caught:
            await client.chat.completions.create(
                **({"model": server.model, "messages": ASKED} | fields)
            )
    assert (caught.value.status_code, caught.value.param) == (400, param)


async def test_json_without_a_schema_has_to_be_asked_for_in_words(server: OpenAIServer) -> None:
    wanted: Any = {"type": "json_object"}
    assert (await whole(server, response_format=wanted)).choices[0].message.content == "{}"
    silent = [{"role": "user", "content": "Tell me a story."}]
    async with client_of(server) as client:
        with pytest.raises(openai.BadRequestError, match="must contain the word 'json'"):
            await client.chat.completions.create(
                model=server.model,
                messages=silent,  # type: ignore[arg-type]
                response_format=wanted,
            )


async def test_a_prompt_beyond_the_context_is_refused_with_the_counts(
    server: OpenAIServer,
) -> None:
    server.context_length = 40
    problem = await refused(server, max_tokens=100)
    assert (problem.status_code, problem.code) == (400, "context_length_exceeded")
    assert "maximum context length is 40 tokens" in problem.message


async def test_an_error_in_a_stream_is_raised_by_the_real_client(server: OpenAIServer) -> None:
    server.script(prose=Reply(TEXT, error_after=2, error="out of memory"))
    with pytest.raises(openai.APIError, match="out of memory"):
        await streamed(server)


@pytest.mark.parametrize(
    "quirk",
    [
        Quirk.SSE_COMMENTS,
        Quirk.CRLF,
        Quirk.ROLE_IN_EVERY_CHUNK,
        Quirk.EMPTY_CHOICES,
        Quirk.NO_DONE_MARK,
        Quirk.NO_USAGE,
        Quirk.RUNNING_USAGE,
        Quirk.THINKS_FIRST,
        Quirk.REASONING_FIELD,
    ],
    ids=lambda quirk: quirk.label,
)
async def test_odd_frames_are_still_frames_to_the_real_client(
    server: OpenAIServer, quirk: Quirk
) -> None:
    server.script(prose=TEXT)
    server.quirks.add(quirk)
    chunks = await streamed(server, stream_options={"include_usage": True})
    assert (told(chunks), reasons(chunks)) == (TEXT, ["stop"])
