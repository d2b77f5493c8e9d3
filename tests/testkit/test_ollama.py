"""The model host of the tests, as the real client sees it."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from typing import Any, TypeVar

import httpx
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_ollama import ChatOllama
from ollama import AsyncClient, ResponseError
from pydantic import BaseModel, Field

from stories.llm.http import tls_context
from stories.safety.judge import judge_chapter
from stories.vocabulary.brief import AgeBand
from testkit.hosts import Cut, Hold, Reply, at_random, characters, cold, endless, words
from testkit.ollama.server import OllamaServer

Answer = TypeVar("Answer", bound=BaseModel)

TEXT = "The cat sat down. The dog did not!\n\nGood."


class Option(BaseModel):
    text: str = Field(max_length=60)
    description: str


class Ending(BaseModel):
    title: str = Field(min_length=3, max_length=40)
    question: str
    choices: list[Option] = Field(min_length=2, max_length=4)


class Opinion(BaseModel):
    approved: bool
    score: float = Field(ge=0, le=1)
    issues: list[str]


def model_on(server: OllamaServer, **options: Any) -> ChatOllama:
    return ChatOllama(
        base_url=server.url,
        model=server.model,
        reasoning=False,
        client_kwargs={"verify": tls_context()},
        **options,
    )


async def heard_from(model: ChatOllama, prompt: str = "Tell me a story.") -> list[AIMessageChunk]:
    return [chunk async for chunk in model.astream(prompt) if isinstance(chunk, AIMessageChunk)]


def joined(chunks: list[AIMessageChunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


async def asked(server: OllamaServer, schema: type[Answer], prompt: str = "x") -> Answer:
    runnable = model_on(server).with_structured_output(schema, method="json_schema")
    answer = await runnable.ainvoke(prompt)
    assert isinstance(answer, schema)
    return answer


async def start_reading(model: ChatOllama) -> tuple[AsyncGenerator[Any], str]:
    stream = model.astream("Tell me a story.")
    assert isinstance(stream, AsyncGenerator)
    return stream, (await anext(stream)).text


async def test_scripted_prose_arrives_token_by_token_and_byte_for_byte(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=TEXT)
    chunks = await heard_from(model_on(ollama))
    assert joined(chunks) == TEXT
    assert len([chunk for chunk in chunks if chunk.text]) == len(words(TEXT))


@pytest.mark.parametrize("cut", [words, characters, at_random(7)])
async def test_however_a_text_is_cut_it_is_the_same_text(ollama: OllamaServer, cut: Cut) -> None:
    text = " שלום 🐉  a\u200db\n\nend \n"
    ollama.cut = cut
    ollama.script(prose=text)
    assert joined(await heard_from(model_on(ollama))) == text


async def test_the_last_object_carries_reason_counts_and_durations(ollama: OllamaServer) -> None:
    ollama.script(prose=TEXT)
    last = [chunk for chunk in await heard_from(model_on(ollama)) if chunk.usage_metadata][-1]
    assert last.response_metadata["done_reason"] == "stop"
    assert last.response_metadata["total_duration"] > 0
    assert last.usage_metadata is not None
    assert last.usage_metadata["output_tokens"] == len(words(TEXT))
    assert last.usage_metadata["input_tokens"] > 0


async def test_a_prompt_beyond_the_context_is_cut_and_its_count_tells(
    ollama: OllamaServer,
) -> None:
    chunks = await heard_from(model_on(ollama, num_ctx=64), prompt="long " * 400)
    assert [c.usage_metadata["input_tokens"] for c in chunks if c.usage_metadata] == [64]


async def test_num_predict_ends_the_text_with_the_reason_length(ollama: OllamaServer) -> None:
    ollama.script(prose=TEXT)
    chunks = await heard_from(model_on(ollama, num_predict=3))
    assert joined(chunks) == "The cat sat"
    assert "length" in [c.response_metadata.get("done_reason") for c in chunks]


async def test_a_call_without_streaming_gets_the_whole_text_at_once(ollama: OllamaServer) -> None:
    ollama.script(prose=TEXT)
    answer = await AsyncClient(host=ollama.url).chat(
        model=ollama.model, messages=[{"role": "user", "content": "Hello"}], stream=False
    )
    assert answer.message.content == TEXT
    assert answer.done_reason == "stop"


async def test_a_schema_is_satisfied_unscripted(ollama: OllamaServer) -> None:
    ending = await asked(ollama, Ending)
    assert len({option.text for option in ending.choices}) == len(ending.choices)


async def test_a_scripted_mapping_replaces_fields_and_is_used_up_call_by_call(
    ollama: OllamaServer,
) -> None:
    ollama.script(structured=[{"title": "First"}, {"title": "Second", "unknown": 1}])
    titles = [(await asked(ollama, Ending)).title for _ in range(3)]
    assert titles[:2] == ["First", "Second"]
    assert titles[2] not in titles[:2]


async def test_a_judge_approves_unless_told_otherwise(ollama: OllamaServer) -> None:
    assert await asked(ollama, Opinion) == Opinion(approved=True, score=1, issues=[])
    ollama.script(judge=lambda call: {"approved": "wolf" not in call.prompt})
    assert not (await asked(ollama, Opinion, "A wolf came.")).approved
    assert (await asked(ollama, Opinion, "A lamb came.")).approved
    assert [call.kind for call in ollama.calls] == ["judge"] * 3


async def test_the_apps_own_judge_is_known_as_one_and_approves(ollama: OllamaServer) -> None:
    opinion = await judge_chapter(model_on(ollama), TEXT, band=AgeBand.MIDDLE, language="en")
    assert opinion is not None
    assert opinion.approved
    assert ollama.calls_for("judge") == ollama.calls != []


async def test_a_scripted_text_may_break_the_schema_or_json_itself(ollama: OllamaServer) -> None:
    ollama.script(structured=['{"title": "The', '{"title": 3}'])
    model = model_on(ollama)
    asking = model.with_structured_output(Ending, method="json_schema", include_raw=True)
    for expected in ('{"title": "The', '{"title": 3}'):
        answer = await asking.ainvoke("x")
        assert isinstance(answer, dict)
        assert answer["raw"].content == expected
        assert answer["parsing_error"] is not None


async def test_unscripted_chapters_are_repeatable_and_differ_by_prompt(
    ollama: OllamaServer,
) -> None:
    model = model_on(ollama)
    first, again, other = [
        joined(await heard_from(model, prompt))
        for prompt in ("Chapter 1", "Chapter 1", "Chapter 2")
    ]
    assert first == again
    assert first != other
    assert first.count("\n\n") >= 3


async def test_an_unscripted_chapter_honours_the_last_choice_that_was_offered(
    ollama: OllamaServer,
) -> None:
    ollama.script(structured={"choices": [{"text": "Row to the isle", "description": "."}] * 2})
    await asked(ollama, Ending)
    prompt = "Earlier: Bake a cake for the birds. Now Alex chose: Row to the isle"
    chapter = joined(await heard_from(model_on(ollama), prompt))
    assert "Row to the isle." in chapter
    assert "Bake a cake" not in chapter
    assert "Alex" in chapter


@pytest.mark.parametrize(("order", "letter"), [("Write in Spanish", "ñ"), ("Write in Hebrew", "ש")])
async def test_an_unscripted_chapter_is_in_the_language_asked_for(
    ollama: OllamaServer, order: str, letter: str
) -> None:
    assert letter in joined(await heard_from(model_on(ollama), order))


async def test_an_http_error_carries_its_status_and_the_next_call_is_fine(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=[Reply(status=500)])
    with pytest.raises(ResponseError) as caught:
        await heard_from(model_on(ollama))
    assert caught.value.status_code == 500
    assert joined(await heard_from(model_on(ollama)))


async def test_an_unknown_model_is_not_found(ollama: OllamaServer) -> None:
    ollama.models = ["other:1b"]
    with pytest.raises(ResponseError, match="not found") as caught:
        await heard_from(model_on(ollama))
    assert caught.value.status_code == 404
    with pytest.raises(ResponseError, match="not found"):
        await AsyncClient(host=ollama.url).show(ollama.model)


async def test_thinking_is_refused_by_a_model_that_cannot(ollama: OllamaServer) -> None:
    model = ChatOllama(base_url=ollama.url, model=ollama.model, reasoning=True)
    with pytest.raises(ResponseError, match="does not support thinking"):
        await heard_from(model)


async def test_a_stopped_server_refuses_connections_and_comes_back_on_its_port(
    ollama: OllamaServer,
) -> None:
    ollama.stop()
    with pytest.raises(httpx.ConnectError):
        await heard_from(model_on(ollama))
    ollama.start()
    assert joined(await heard_from(model_on(ollama)))


async def test_a_cut_connection_ends_after_the_tokens_before_it(ollama: OllamaServer) -> None:
    ollama.script(prose=Reply(TEXT, cut_after=2))
    stream, first = await start_reading(model_on(ollama))
    assert (first, (await anext(stream)).text) == ("The", " cat")
    with pytest.raises(httpx.RemoteProtocolError):
        await anext(stream)


async def test_a_connection_can_be_cut_before_the_first_and_after_the_last_token(
    ollama: OllamaServer,
) -> None:
    for after in (0, 1000):
        ollama.script(prose=Reply(TEXT, cut_after=after))
        with pytest.raises(httpx.RemoteProtocolError):
            await heard_from(model_on(ollama))


async def test_an_error_can_come_in_the_middle_of_a_stream(ollama: OllamaServer) -> None:
    ollama.script(prose=Reply(TEXT, error_after=2))
    with pytest.raises(ResponseError, match="terminated"):
        await heard_from(model_on(ollama))


async def test_a_cold_model_and_an_empty_answer_say_nothing(ollama: OllamaServer) -> None:
    ollama.script(prose=[cold(), ""])
    with pytest.raises(ValueError, match="No data"):
        await model_on(ollama).ainvoke("x")
    assert joined(await heard_from(model_on(ollama))) == ""


async def test_a_held_reply_waits_at_its_token_until_it_is_released(ollama: OllamaServer) -> None:
    hold = Hold(after=2)
    ollama.script(prose=Reply(TEXT, hold=hold))
    reading = asyncio.ensure_future(heard_from(model_on(ollama)))
    await hold.reached.seen()
    assert ollama.calls[0].tokens_sent == 2
    assert not ollama.calls[0].answered
    hold.release()
    assert joined(await reading) == TEXT
    await ollama.calls[0].answered.seen()


async def test_a_client_that_leaves_is_noticed_at_once(ollama: OllamaServer) -> None:
    ollama.script(prose=Reply(TEXT, hang_after=1))
    stream, _ = await start_reading(model_on(ollama))
    assert not ollama.calls[0].disconnected
    left_at = time.monotonic()
    await stream.aclose()
    await ollama.calls[0].disconnected.seen()
    assert ollama.calls[0].disconnected.at is not None
    assert ollama.calls[0].disconnected.at - left_at < 1
    assert ollama.active == 0


async def test_endless_prose_goes_on_until_the_reader_leaves(ollama: OllamaServer) -> None:
    ollama.script(prose=endless())
    stream, _ = await start_reading(model_on(ollama, num_predict=5))
    for _ in range(200):
        await anext(stream)
    await stream.aclose()
    await ollama.calls[0].disconnected.seen()


async def test_calls_are_counted_as_they_begin_and_run_side_by_side(ollama: OllamaServer) -> None:
    hold = Hold(after=0)
    ollama.script(prose=Reply(TEXT, hold=hold))
    reading = asyncio.gather(*(heard_from(model_on(ollama)) for _ in range(8)))
    await ollama.called(8).seen()
    hold.release()
    assert {joined(chunks) for chunks in await reading} == {TEXT}
    assert ollama.most_active == 8


async def test_what_the_host_heard_can_be_searched(ollama: OllamaServer) -> None:
    await heard_from(model_on(ollama), "About שחר the dragon")
    assert "שחר the dragon" in ollama.heard
    assert "Mia" not in ollama.heard


@pytest.mark.parametrize("keeps_alive", [True, False])
async def test_a_connection_is_kept_alive_where_that_is_wanted(keeps_alive: bool) -> None:
    with OllamaServer(keeps_alive=keeps_alive) as server:
        async with httpx.AsyncClient(verify=False) as client:
            for _ in range(3):
                await client.get(f"{server.url}/api/version")
        assert server.connections_opened == (1 if keeps_alive else 3)


async def test_the_endpoints_beside_chat_are_as_the_client_expects(ollama: OllamaServer) -> None:
    client = AsyncClient(host=ollama.url)
    assert [model.model for model in (await client.list()).models] == [ollama.model]
    shown = await client.show(ollama.model)
    assert shown.capabilities == ["completion", "tools"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["llama.context_length"] == ollama.context_length
    ChatOllama(base_url=ollama.url, model=ollama.model, validate_model_on_init=True)


async def test_a_body_that_is_no_json_is_a_bad_request(ollama: OllamaServer) -> None:
    async with httpx.AsyncClient(verify=False) as client:
        answer = await client.post(f"{ollama.url}/api/chat", content=b"{nonsense")
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_the_wire_is_ndjson_with_one_object_per_line(ollama: OllamaServer) -> None:
    ollama.script(prose="One two.")
    body = {"model": ollama.model, "messages": [{"role": "user", "content": "x"}]}
    async with httpx.AsyncClient(verify=False) as client:
        answer = await client.post(f"{ollama.url}/api/chat", json=body)
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["message"]["content"] for line in lines] == ["One", " two.", ""]
    assert [line["done"] for line in lines] == [False, False, True]


async def test_the_pace_is_kept_by_the_clock_for_many_streams_at_once() -> None:
    with OllamaServer(tokens_per_second=100, keeps_alive=False) as server:
        server.script(prose=Reply(tokens=["word "] * 51))
        models = [model_on(server) for _ in range(8)]
        began = time.monotonic()
        await asyncio.gather(*map(heard_from, models))
        assert 0.5 <= time.monotonic() - began < 2.5


def test_it_runs_as_a_program_of_its_own() -> None:
    command = [sys.executable, "-m", "testkit.ollama", "--port", "0", "--model", "tiny:1b"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        tags = httpx.get(f"{url}/api/tags").json()
        process.terminate()
        assert process.wait(timeout=10) == 0
    assert tags["models"][0]["name"] == "tiny:1b"
