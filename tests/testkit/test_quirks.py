"""Every quirk is seen on the wire as its line in the registry says."""

import functools
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from testkit.hosts import ModelHost, Quirk, quirks_of, words
from testkit.hosts.shapes import REFUSAL, THOUGHTS
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer
from tests.testkit.wire import HOSTS, Heard, chat

TEXT = "The cat sat down. The dog did not! They went home."
HALF = "The cat sat down. The"


def each(*quirks: Quirk) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("quirk", quirks, ids=lambda quirk: quirk.label)


def get(host: ModelHost[Any], path: str) -> tuple[int, Any]:
    answer = httpx.get(f"{host.base_url}{path}", trust_env=False, verify=False)
    return answer.status_code, answer.json()


# The registry -------------------------------------------------------------------------------------


def test_each_has_a_name_a_line_and_hosts_of_its_own() -> None:
    assert len({quirk.says for quirk in Quirk}) == len(Quirk)
    for quirk in Quirk:
        assert Quirk.labelled(quirk.label) is quirk
        assert re.fullmatch(r"[A-Z0-9`].*\.", quirk.says), quirk
        assert quirk.hosts
        assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", report) for report in quirk.reports)


def test_a_name_that_there_is_not_and_a_quirk_of_other_hosts_are_refused() -> None:
    with pytest.raises(ValueError, match="no quirk is called 'no-manners'"):
        OpenAIServer(quirks=["no-manners"])
    with pytest.raises(ValueError, match="max-tokens-refused"):
        OllamaServer(quirks=["max-tokens-refused"])


def test_a_quirk_is_shown_to_calls_of_its_kinds_and_so_often(host: ModelHost[Any]) -> None:
    host.quirks.add("fenced-json=judge")
    host.quirks.add(Quirk.EMPTY_ANSWER, kinds={"prose"}, times=2)
    fenced = [chat(host, kind).content.startswith("```") for kind in ("judge", "structured")]
    assert fenced == [True, False]
    assert [chat(host).content == "" for _ in range(3)] == [True, True, False]
    assert [Quirk.EMPTY_ANSWER in call.quirks for call in host.calls_for("prose")] == [
        True,
        True,
        False,
    ]
    host.quirks.clear()
    assert not chat(host, "judge").content.startswith("```")


@pytest.mark.parametrize(
    ("name", "quirk"),
    [(name, quirk) for name in HOSTS for quirk in quirks_of(HOSTS[name].name)],
    ids=lambda value: value.label if isinstance(value, Quirk) else value,
)
def test_none_is_without_effect(name: str, quirk: Quirk) -> None:
    with HOSTS[name](quirks=[quirk]) as host:
        assert everything_of(host) != without_quirks(name)


@functools.cache
def without_quirks(name: str) -> list[tuple[int, str]]:
    with HOSTS[name]() as host:
        return everything_of(host)


def everything_of(host: ModelHost[Any]) -> list[tuple[int, str]]:
    """Answers to requests of all kinds, without what differs from one time to another."""
    answers = [chat(host, kind, is_streamed=way) for kind in KINDS for way in (True, False)]
    answers += [chat(host, **fields) for fields in FIELDS[host.name]]
    told = [(answer.status, answer.raw.decode(errors="replace")) for answer in answers]
    with httpx.Client(base_url=host.url, trust_env=False, verify=False) as client:
        others = [client.get(path) for path in ("/v1/models", "/models", "/api/tags")]
        if host.name == "ollama" and others[-1].is_success:
            names = {model.get("name", "") for model in others[-1].json()["models"]}
            others += [client.post("/api/show", json={"model": name}) for name in sorted(names)]
    told += [(other.status_code, other.text) for other in others]
    return [(status, re.sub(VARYING, "", text)) for status, text in told]


KINDS = ("prose", "structured", "judge")
# All but the moment at which every model was made.
VARYING = r'chatcmpl-\w+|"created(_at)?": (?!1735689600)[^,]+|"\w+_duration": \d+|127\.0\.0\.1:\d+'
FIELDS: dict[str, list[dict[str, Any]]] = {
    "ollama": [{"think": False}],
    "openai": [
        {"max_tokens": 5},
        {"max_completion_tokens": 5},
        {"temperature": 0.5},
        {"stream_options": {"include_usage": True}},
        {"response_format": {"type": "json_object"}, "prompt": "In JSON, please."},
        {"messages": [{"role": role, "content": "x"} for role in ("system", "user")]},
        {"messages": [{"role": role, "content": "x"} for role in ("user", "user")]},
        {"messages": [{"role": role, "content": "x"} for role in ("user", "assistant")]},
        {"model": "another"},
    ],
}


# How an answer ends -------------------------------------------------------------------------------


@pytest.mark.parametrize("is_streamed", [True, False])
def test_an_answer_without_a_reason_is_whole_but_for_that(
    host: ModelHost[Any], is_streamed: bool
) -> None:
    host.script(prose=TEXT)
    host.quirks.add(Quirk.NO_FINISH_REASON)
    told = chat(host, is_streamed=is_streamed)
    assert (told.content, told.ends) == (TEXT, ())


@pytest.mark.parametrize("is_streamed", [True, False])
@pytest.mark.parametrize(
    ("quirk", "ends"),
    [(Quirk.ENDS_EARLY, ()), (Quirk.STOPS_AT_LENGTH, ("length",))],
    ids=["ends-early", "stops-at-length"],
)
def test_half_an_answer_ends_as_if_it_were_one(
    host: ModelHost[Any], quirk: Quirk, ends: tuple[str, ...], is_streamed: bool
) -> None:
    host.script(prose=TEXT)
    host.quirks.add(quirk)
    told = chat(host, is_streamed=is_streamed)
    assert (told.status, told.content, told.ends) == (200, HALF, ends)


@each(Quirk.ERROR_IN_STREAM, Quirk.ERROR_AS_TEXT, Quirk.ERROR_EVENT, Quirk.ERROR_LINE)
def test_an_error_comes_after_half_of_a_stream(quirk: Quirk) -> None:
    frames = {
        Quirk.ERROR_IN_STREAM: b'data: {"error": {"message": "llama',
        Quirk.ERROR_AS_TEXT: b'data: {"error": "llama',
        Quirk.ERROR_EVENT: b'event: error\ndata: {"error": {"message"',
        Quirk.ERROR_LINE: b'error: {"message"',
    }
    with OpenAIServer(quirks=[quirk]) as host:
        host.script(prose=TEXT)
        told = chat(host)
    assert (told.status, told.content, told.ends) == (200, HALF, ())
    assert frames[quirk] in told.raw


def test_ollamas_error_comes_after_half_of_a_stream_as_well() -> None:
    with OllamaServer(quirks=["error-in-stream"]) as host:
        host.script(prose=TEXT)
        told = chat(host)
    assert (told.content, told.ends, told.error[:5]) == (HALF, (), "llama")


def test_a_model_that_is_still_loading_says_so_as_its_host_does() -> None:
    with OllamaServer(quirks=["still-loading"]) as ollama:
        assert (chat(ollama).content, chat(ollama).ends) == ("", ("load",))
    with OpenAIServer(quirks=["still-loading"]) as openai:
        told = chat(openai)
    assert (told.status, "Loading model" in told.error) == (503, True)


# Bodies that are none -----------------------------------------------------------------------------


@pytest.mark.parametrize("is_streamed", [True, False])
@each(Quirk.HTML_WITH_200, Quirk.ERROR_WITH_200, Quirk.NOT_AN_OBJECT)
def test_what_is_no_answer_comes_with_status_200(
    host: ModelHost[Any], quirk: Quirk, is_streamed: bool
) -> None:
    begins = {
        Quirk.HTML_WITH_200: b"<!doctype html>",
        Quirk.ERROR_WITH_200: b'{"error": ',
        Quirk.NOT_AN_OBJECT: b'["',
    }
    host.quirks.add(quirk)
    told = chat(host, is_streamed=is_streamed)
    assert (told.status, told.content) == (200, "")
    assert told.raw.startswith(begins[quirk])


@pytest.mark.parametrize("is_streamed", [True, False])
def test_bytes_that_are_no_text_are_in_a_text(host: ModelHost[Any], is_streamed: bool) -> None:
    host.quirks.add(Quirk.UNDECODABLE)
    with pytest.raises(UnicodeDecodeError):
        chat(host, is_streamed=is_streamed).raw.decode()


def test_a_whole_answer_comes_where_a_stream_was_asked_for(host: ModelHost[Any]) -> None:
    host.script(prose=TEXT)
    host.quirks.add(Quirk.IGNORES_STREAM)
    told = chat(host)
    assert (len(told.objects), told.content) == (1, TEXT)


def test_a_redirect_leads_to_where_there_is_an_answer(host: ModelHost[Any]) -> None:
    host.quirks.add(Quirk.REDIRECTS)
    assert chat(host).status == 307
    body = {"model": host.model, "messages": [{"role": "user", "content": "x"}], "stream": False}
    with httpx.Client(follow_redirects=True, trust_env=False, verify=False) as client:
        answer = client.post(f"{host.url}{host.chat_path}", json=body)
    assert answer.status_code == 200
    assert [call.path.startswith("/redirected/") for call in host.requests] == [False, False, True]


# What the text is ---------------------------------------------------------------------------------


TEXTS: dict[Quirk, Callable[[Heard], bool]] = {
    Quirk.EMPTY_ANSWER: lambda told: (told.content, told.ends) == ("", ("stop",)),
    Quirk.REFUSAL: lambda told: told.content == REFUSAL,
    Quirk.SHORT_ANSWER: lambda told: told.content == "The cat sat down.",
    Quirk.REPEATS_ITSELF: lambda told: told.content.count("The cat sat down.") == 30,
    Quirk.THINK_BLOCK: lambda told: (
        told.content == f"<think>\n{THOUGHTS}\n</think>\n\n{TEXT}" and not told.thinking
    ),
    Quirk.THINK_TAIL: lambda told: told.content == f"{THOUGHTS}\n</think>\n\n{TEXT}",
    Quirk.THINKS_FIRST: lambda told: (told.thinking, told.content) == (THOUGHTS, TEXT),
    Quirk.THINKS_AT_LENGTH: lambda told: (len(told.thinking.split()), told.content) == (1800, TEXT),
    Quirk.THINKING_EATS_BUDGET: lambda told: (told.content, told.ends) == ("", ("length",)),
    Quirk.ANSWER_IN_REASONING: lambda told: (told.thinking, told.content) == (TEXT, ""),
}


@pytest.mark.parametrize("is_streamed", [True, False])
@each(*TEXTS)
def test_the_text_is_what_the_quirk_makes_of_it(
    host: ModelHost[Any], quirk: Quirk, is_streamed: bool
) -> None:
    host.script(prose=TEXT)
    host.quirks.add(quirk)
    assert TEXTS[quirk](chat(host, is_streamed=is_streamed))


@pytest.mark.parametrize("is_streamed", [True, False])
def test_a_refusal_can_have_a_field_of_its_own(is_streamed: bool) -> None:
    with OpenAIServer(quirks=["refusal-field"]) as host:
        told = chat(host, is_streamed=is_streamed)
    assert told.content == ""
    assert b'"refusal": "' in told.raw


def test_a_last_message_of_the_assistant_can_be_continued() -> None:
    said = [{"role": "user", "content": "Go on."}, {"role": "assistant", "content": "The fox"}]
    with OpenAIServer(quirks=["continues-answer"]) as host:
        host.script(prose=" sat down.")
        assert chat(host, messages=said).content == "The fox sat down."
        assert chat(host, messages=said[:1]).content == " sat down."


# JSON that is not what was asked for --------------------------------------------------------------


GIVEN = {"title": "The Lantern", "summary": "They went out."}
JSONS: dict[Quirk, Callable[[str], bool]] = {
    Quirk.FENCED_JSON: lambda text: bool(re.fullmatch(r"(?s)```json\n\{.*\}\n```", text)),
    Quirk.LEADING_SENTENCE: lambda text: text.startswith("Here is the JSON: {"),
    Quirk.TRAILING_WORD: lambda text: text.endswith("}\nDone."),
    Quirk.ARRAY_OF_ONE: lambda text: [one["title"] for one in json.loads(text)] == ["The Lantern"],
    Quirk.MISSING_FIELD: lambda text: set(json.loads(text)) == {"title", "choices"},
    Quirk.TEXTS_FOR_OBJECTS: lambda text: isinstance(json.loads(text)["choices"][0], str),
    Quirk.NULL_FIELDS: lambda text: json.loads(text)["choices"] is None,
    Quirk.TOO_LONG_FIELD: lambda text: len(json.loads(text)["title"]) == 120,
    Quirk.SCHEMA_IGNORED: lambda text: "{" not in text and text.endswith("."),
}


@pytest.mark.parametrize("is_streamed", [True, False])
@each(*JSONS)
def test_the_json_is_what_the_quirk_makes_of_it_and_prose_stays(
    host: ModelHost[Any], quirk: Quirk, is_streamed: bool
) -> None:
    host.script(prose=TEXT, structured=GIVEN)
    host.quirks.add(quirk)
    assert JSONS[quirk](chat(host, "structured", is_streamed=is_streamed).content)
    assert chat(host, is_streamed=is_streamed).content == TEXT


# Parameters that are refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quirk", "kind", "fields", "status", "says"),
    [
        ("response-format-refused", "judge", {}, 400, "response_format"),
        ("schema-refused", "judge", {}, 400, "json_schema"),
        (
            "json-object-refused",
            "prose",
            {"response_format": {"type": "json_object"}, "prompt": "JSON, please"},
            400,
            "json_object",
        ),
        ("max-tokens-refused", "prose", {"max_tokens": 9}, 400, "max_tokens"),
        ("max-completion-tokens-refused", "prose", {"max_completion_tokens": 9}, 422, "max_comp"),
        (
            "stream-options-refused",
            "prose",
            {"stream_options": {"include_usage": True}},
            400,
            "stream_options",
        ),
        ("temperature-refused", "prose", {"temperature": 0.7}, 400, "temperature"),
        (
            "system-role-refused",
            "prose",
            {"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "x"}]},
            400,
            "System role not supported",
        ),
        (
            "roles-must-alternate",
            "prose",
            {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": ""}]},
            400,
            "must alternate",
        ),
    ],
)
def test_a_parameter_is_refused_by_name_and_not_missed(
    quirk: str, kind: str, fields: dict[str, Any], status: int, says: str
) -> None:
    with OpenAIServer(quirks=[quirk]) as host:
        told = chat(host, kind, **fields)
        assert told.status == status
        assert says in told.raw.decode()
        assert chat(host).content


def test_a_schema_is_refused_by_an_older_ollama_and_json_is_not() -> None:
    with OllamaServer(quirks=["schema-refused"]) as host:
        assert chat(host, "judge").status == 400
        assert chat(host, format="json").json == {}


def test_a_host_that_knows_no_thinking_refuses_even_to_be_told_not_to() -> None:
    with OllamaServer(quirks=["think-refused"]) as host:
        assert (chat(host, think=False).status, chat(host).status) == (400, 200)


def test_a_limit_that_is_not_heeded_is_taken() -> None:
    with OpenAIServer(quirks=["max-completion-tokens-ignored"]) as host:
        host.script(prose=TEXT)
        assert chat(host, max_completion_tokens=2).content == TEXT
        assert chat(host, max_tokens=2).content == "The cat"


# Counts -------------------------------------------------------------------------------------------


def test_running_counts_stand_in_every_chunk_and_grow() -> None:
    with OpenAIServer(quirks=["running-usage"]) as host:
        host.script(prose=TEXT)
        told = chat(host, stream_options={"include_usage": True})
    counts = [one["usage"]["completion_tokens"] for one in told.objects]
    assert counts == sorted(counts)
    assert counts[-1] == len(words(TEXT))


def test_counts_can_be_missing(host: ModelHost[Any]) -> None:
    host.quirks.add(Quirk.NO_USAGE)
    asking: dict[str, Any] = {"openai": {"stream_options": {"include_usage": True}}}
    raw = chat(host, **asking.get(host.name, {})).raw.decode()
    assert "completion_tokens" not in raw
    assert "eval_count" not in raw


# Addresses and lists of models --------------------------------------------------------------------


def test_an_address_without_its_version_is_answered_as_hosts_do() -> None:
    with OpenAIServer() as host:
        assert httpx.get(f"{host.url}/models", trust_env=False, verify=False).status_code == 404
    with OpenAIServer(quirks=["unknown-path-with-200"]) as host:
        answer = httpx.get(f"{host.url}/models", trust_env=False, verify=False)
        assert (answer.status_code, list(answer.json())) == (200, ["error"])
    with OpenAIServer(quirks=["also-without-v1"]) as host:
        answer = httpx.get(f"{host.url}/models", trust_env=False, verify=False)
        assert [model["id"] for model in answer.json()["data"]] == host.models
        body = {"model": host.model, "messages": [{"role": "user", "content": "x"}]}
        chatted = httpx.post(
            f"{host.url}/chat/completions", json=body, trust_env=False, verify=False
        )
        assert (chatted.status_code, len(host.calls)) == (200, 1)


def test_any_model_answers_with_its_own_name() -> None:
    with OpenAIServer(quirks=["any-model"]) as host:
        told = chat(host, model="another")
    assert told.content
    assert {one["model"] for one in told.objects} == {host.model}


def test_a_list_begins_with_what_is_no_storyteller(host: ModelHost[Any]) -> None:
    path, key, name = {
        "ollama": ("/api/tags", "models", "name"),
        "openai": ("/models", "data", "id"),
    }[host.name]
    host.quirks.add(Quirk.NAMELESS_MODEL)
    host.quirks.add(Quirk.EMBEDDING_MODEL_FIRST)
    nameless, embedding, model = get(host, path)[1][key]
    assert name not in nameless
    assert "embed" in embedding[name]
    assert model[name] == host.model
    told = chat(host, model=embedding[name])
    assert (told.status, "chat" in told.error) == (400, True)


def test_an_embedding_model_of_ollama_is_told_by_its_capability_or_by_its_family() -> None:
    with OllamaServer(quirks=["embedding-model-first"]) as host:
        first = get(host, "/api/tags")[1]["models"][0]
        shown = shown_by(host, first["name"])
        assert (first["details"]["family"], shown["capabilities"]) == ("nomic-bert", ["embedding"])
        host.quirks.add(Quirk.NO_CAPABILITIES)
        assert "capabilities" not in shown_by(host, first["name"])


@each(Quirk.SHOW_NOT_FOUND, Quirk.SHOW_FAILS)
def test_a_listed_model_may_not_be_looked_at_while_the_next_one_may(quirk: Quirk) -> None:
    with OllamaServer(quirks=[quirk]) as host:
        names = [model["name"] for model in get(host, "/api/tags")[1]["models"]]
        statuses = [
            httpx.post(
                f"{host.url}/api/show", json={"model": name}, trust_env=False, verify=False
            ).status_code
            for name in names
        ]
    assert statuses == [{Quirk.SHOW_NOT_FOUND: 404, Quirk.SHOW_FAILS: 500}[quirk], 200]


def test_a_model_that_runs_elsewhere_says_so() -> None:
    with OllamaServer(quirks=["cloud-model-first"]) as host:
        first, second = get(host, "/api/tags")[1]["models"]
        assert (first["name"], first["remote_host"]) == (
            "gpt-oss:120b-cloud",
            "https://ollama.com:443",
        )
        assert "remote_host" not in second
        assert chat(host, model=first["name"]).content


def test_names_are_found_in_any_case_and_without_latest() -> None:
    with OllamaServer(model="qwen3:8b", quirks=["capital-letters"]) as host:
        host.models.append("mistral:latest")
        names = [model["name"] for model in get(host, "/api/tags")[1]["models"]]
        assert names == ["Qwen3:8B", "Mistral:Latest"]
        assert all(chat(host, model=name).content for name in (*names, "qwen3:8b", "MISTRAL"))


def test_nothing_but_its_name_says_how_large_a_model_is() -> None:
    with OllamaServer(quirks=["no-parameter-size"]) as host:
        (model,) = get(host, "/api/tags")[1]["models"]
    assert model["details"]["parameter_size"] == ""


def shown_by(host: OllamaServer, model: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{host.url}/api/show", json={"model": model}, trust_env=False, verify=False
    )
    return dict(answer.json())
