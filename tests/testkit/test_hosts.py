"""The common base of the stand-ins: scripts, faults and kinds of calls, over either protocol."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import httpx
import pytest

from testkit.hosts import Hold, ModelHost, Reply, characters, cold, words
from tests.testkit.wire import SCHEMAS, chat

TEXT = "The cat sat down. The dog did not!\n\nGood."


@pytest.mark.parametrize("is_streamed", [True, False])
def test_a_script_is_said_whether_streamed_or_whole(
    host: ModelHost[Any], is_streamed: bool
) -> None:
    host.script(prose=TEXT)
    told = chat(host, is_streamed=is_streamed)
    assert (told.status, told.content, told.ends) == (200, TEXT, ("stop",))
    assert host.calls[0].tokens_sent == len(words(TEXT))


def test_a_schema_is_satisfied_and_known_for_what_it_asks(host: ModelHost[Any]) -> None:
    host.script(structured=[{"title": "The Lantern", "unknown": 1}])
    assert chat(host, "structured").json["title"] == "The Lantern"
    assert chat(host, "judge", is_streamed=False).json == {"approved": True, "issues": []}
    assert [call.kind for call in host.calls] == ["structured", "judge"]


@pytest.mark.parametrize("is_json", [True, False])
def test_a_schema_in_the_prompt_is_satisfied_as_well(host: ModelHost[Any], is_json: bool) -> None:
    prompt = f"Judge it. Answer in JSON, by this schema: {json.dumps(SCHEMAS['judge'])} Thanks."
    wanted: dict[str, dict[str, Any]] = {
        "ollama": {"format": "json"},
        "openai": {"response_format": {"type": "json_object"}},
    }
    told = chat(host, prompt=prompt, **wanted[host.name] if is_json else {})
    assert told.json == {"approved": True, "issues": []}
    assert [call.kind for call in host.calls] == ["judge"]


def test_thoughts_come_before_the_text_and_use_up_its_tokens(host: ModelHost[Any]) -> None:
    host.script(prose=Reply("It is done.", thinking="Let me see."))
    told = chat(host)
    assert (told.thinking, told.content) == ("Let me see.", "It is done.")
    limits: dict[str, dict[str, Any]] = {
        "ollama": {"options": {"num_predict": 4}},
        "openai": {"max_tokens": 4},
    }
    cut = chat(host, **limits[host.name])
    assert (cut.thinking, cut.content, cut.ends) == ("Let me see.", "It", ("length",))


def test_an_error_comes_with_its_status_or_in_the_middle_of_a_stream(
    host: ModelHost[Any],
) -> None:
    host.script(
        prose=[Reply(status=507, error="out of memory"), Reply(TEXT, error_after=2, error="gone")]
    )
    refused, broken = chat(host), chat(host)
    assert (refused.status, "out of memory" in refused.error) == (507, True)
    assert (broken.status, broken.content, broken.ends) == (200, "The cat", ())
    assert "gone" in broken.error


def test_an_error_in_the_middle_of_a_whole_answer_is_all_of_it(host: ModelHost[Any]) -> None:
    host.script(prose=Reply(TEXT, error_after=2))
    told = chat(host, is_streamed=False)
    assert (told.status, told.content) == (500, "")


def test_a_stream_can_end_before_its_last_object(host: ModelHost[Any]) -> None:
    host.script(prose=Reply(TEXT, end_after=2))
    told = chat(host)
    assert (told.status, told.content, told.ends) == (200, "The cat", ())
    assert b"[DONE]" not in told.raw


def test_a_cold_model_says_nothing(host: ModelHost[Any]) -> None:
    host.script(prose=[cold()])
    assert chat(host).content == ""
    assert chat(host).content


async def test_a_reply_is_held_at_its_token_and_a_reader_who_leaves_is_noticed(
    host: ModelHost[Any],
) -> None:
    hold = Hold(after=2)
    host.cut = characters
    host.script(prose=Reply(TEXT, hold=hold))
    reading = asyncio.ensure_future(asyncio.to_thread(chat, host))
    await hold.reached.seen()
    assert host.calls[0].tokens_sent == 2
    assert (host.active, bool(host.calls[0].answered)) == (1, False)
    hold.release()
    assert (await reading).content == TEXT
    host.script(prose=Reply(TEXT, hang_after=1))
    body = {"model": host.model, "messages": [{"role": "user", "content": "x"}], "stream": True}
    async with (
        httpx.AsyncClient(trust_env=False, verify=False) as client,
        client.stream("POST", f"{host.url}{host.chat_path}", json=body) as answer,
    ):
        await anext(answer.aiter_bytes())
    await host.calls[1].disconnected.seen()


async def test_a_model_is_loaded_once_for_all_who_wait_and_again_after_it_was_unloaded(
    host: ModelHost[Any],
) -> None:
    host.load_seconds = 0.05
    bodies: dict[str, dict[str, Any]] = {
        "ollama": {"messages": []},
        "openai": {"max_tokens": 1},
    }
    fields = bodies[host.name] | {"is_streamed": False}
    load, story = asyncio.to_thread(chat, host, **fields), asyncio.to_thread(chat, host)
    await asyncio.gather(load, story)
    assert len(host.loads) == len(host.load_calls) == len(host.calls_for("prose")) == 1
    assert host.loading
    assert host.loaded
    host.unload()
    chat(host)
    assert len(host.loads) == 2


def test_a_cut_connection_is_no_end_of_an_answer(host: ModelHost[Any]) -> None:
    host.script(prose=Reply(TEXT, cut_after=2))
    with pytest.raises(httpx.RemoteProtocolError):
        chat(host)


def test_whoever_lacks_the_authorization_is_refused(host: ModelHost[Any]) -> None:
    host.authorization = "Bearer lantern"
    assert chat(host).status == 401
    headers = {"Authorization": "Bearer lantern"}
    body = {"model": host.model, "messages": [{"role": "user", "content": "x"}], "stream": False}
    answer = httpx.post(
        f"{host.url}{host.chat_path}", json=body, headers=headers, trust_env=False, verify=False
    )
    assert answer.status_code == 200
    assert host.calls[-1].headers["authorization"] == "Bearer lantern"


def test_a_body_that_is_no_json_object_is_a_bad_request(host: ModelHost[Any]) -> None:
    for content in (b"{nonsense", b"[]"):
        answer = httpx.post(
            f"{host.url}{host.chat_path}", content=content, trust_env=False, verify=False
        )
        assert answer.status_code == 400
        assert answer.json()["error"]


@pytest.mark.parametrize("name", ["ollama", "openai"])
def test_each_runs_as_a_program_of_its_own_that_lists_its_quirks(name: str) -> None:
    program = [sys.executable, "-m", f"testkit.{name}"]
    helped = subprocess.run([*program, "--help"], capture_output=True, text=True, check=True)
    assert "fenced-json" in helped.stdout
    assert ("max-tokens-refused" in helped.stdout) == (name == "openai")
    command = [*program, "--port", "0", "--model", "tiny:1b", "--quirk", "html-with-200=judge"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        path = {"ollama": "/api/tags", "openai": "/models"}[name]
        assert "tiny:1b" in httpx.get(f"{url}{path}", trust_env=False, verify=False).text
        process.terminate()
        assert process.wait(timeout=10) == 0
