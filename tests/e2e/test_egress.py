"""Traffic that leaves the server's process while a story is written, and traces it leaves
behind."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from testkit.app import READY_SECONDS, ROOT, App, Family, Reader
from testkit.hosts import MULTILINGUAL_MODEL, Hold, Reply, characters
from testkit.langsmith import LangSmithServer
from testkit.ollama.server import OllamaServer
from tests.isolation import shared

GUARDED = ("-m", "tests.e2e.offline")
EMAIL = "zebulon.quince@example.org"
BORN = {"birth_year": 2017, "birth_month": 11}

# A word of many stories, a word that sentences begin with, one with letters joined to it, one with
# an apostrophe and accents: how it is typed (twice), and what of it nobody may be told.
CHILDREN = {
    "rose": ("Rose", "en", ("Rose's lantern", "rose finds a key"), r"\bRose\b|rose finds"),
    "will": (
        "Will",
        "en",
        ("the dog of Will", "WILL climbs a hill"),
        r"\b(Will climb|WILL|of Will)",
    ),
    "noa": ("נועה", "he", ("כלב לנועה", "ונועה רוקדת"), "נועה"),
    "zoe": (
        "Zoë O\u2019Néill",
        "es",
        ("el barco de Zoe", "Zoe O'Neill canta"),
        r"(?i)zo[eë]|n[eé]ill",
    ),
}


@pytest.fixture(scope="module")
def model_host() -> Iterator[OllamaServer]:
    with OllamaServer(model=MULTILINGUAL_MODEL, cut=characters) as server, shared(server):
        yield server


@pytest.fixture(scope="module")
def app(model_host: OllamaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    data = tmp_path_factory.mktemp("offline")
    served = App(data, model_host.url, model_host.model, program=GUARDED)
    served.start()
    with shared(served):
        yield served
    served.stop()


@pytest.fixture(scope="module")
def family(app: App) -> Family:
    return family_of(app)


def family_of(app: App) -> Family:
    made = Family(app, email=EMAIL)
    for key, (name, language, _, _) in CHILDREN.items():
        child = {"name": name, "language": language, "interests": [f"{name}'s kite"], **BORN}
        made.ids[key] = made.call("POST", "/children", child)["id"]
    return made


@pytest.mark.parametrize("key", CHILDREN)
def test_a_whole_story_tells_nobody_who_it_is_for(
    app: App, family: Family, model_host: OllamaServer, key: str
) -> None:
    name, _, (theme, idea), secret = CHILDREN[key]
    before = len(model_host.requests)
    hold = Hold(after=0)
    model_host.script(structured=[Reply(hold=hold)])
    reader = family.start_story(theme, child=key)
    hold.reached.wait(READY_SECONDS)
    halfway = checkpoints_of(app)
    assert stand_in_of(model_host) in halfway
    hold.release()
    tell_to_the_end(family, reader, key, idea)
    said = "\n".join(call.raw.decode() for call in model_host.requests[before:])
    for source in (said, unescaped(model_host, before), app.log, halfway, checkpoints_of(app)):
        assert not re.findall(secret, source)
        assert EMAIL.partition("@")[0] not in source
        assert not re.search(r"\b2017\b|birth|november", source, re.IGNORECASE)
    chapters = family.chapters(reader)
    assert [chapter["number"] for chapter in chapters] == [1, 2, 3]
    assert all(name in chapter["text"] for chapter in chapters)
    assert refused_by(app) == ""


def test_a_story_with_siblings_in_it_tells_nobody_who_they_are(
    app: App, model_host: OllamaServer
) -> None:
    family = Family(app, email="siblings@example.org")
    for name in ("Orla", "Pernille", "Annika-Lou Brandt", "רוני"):
        made = family.call("POST", "/children", {"name": name, "language": "en", **BORN})
        family.ids[name] = made["id"]
    rename = "child = Child.objects.get(name='Pernille'); child.name = 'Zebedee'; child.save()"
    app.manage("shell", "--no-imports", "--command", f"from children.models import Child; {rename}")
    before = len(model_host.requests)
    hold = Hold(after=0)
    told = "".join(
        f"Robin waved. “Come!” called Corin. CORIN'S lantern shone on lake number {n}. "
        for n in range(4)
    )
    model_host.script(prose=[told, told, told], structured=[Reply(hold=hold)])
    reader = family.start_story("Orla and her brother zebedee's boat", child="Orla")
    hold.reached.wait(READY_SECONDS)
    halfway = checkpoints_of(app)
    assert "Corin" in halfway
    hold.release()
    tell_to_the_end(family, reader, "Orla", "A letter for Pernille, from Annika Lou ולרוני")
    said = "\n".join(call.raw.decode() for call in model_host.requests[before:])
    for source in (said, unescaped(model_host, before), app.log, halfway, checkpoints_of(app)):
        assert not re.findall(r"(?i)orla|pernille|zebedee|annika|brandt|רוני", source)
    assert "A letter for Corin, from Merrin" in unescaped(model_host, before)
    for chapter in family.chapters(reader):
        assert "“Come!” called Zebedee. ZEBEDEE'S lantern" in chapter["text"]
    assert refused_by(app) == ""


def test_the_guard_refuses_and_notes_whoever_else_is_called(app: App, tmp_path: Path) -> None:
    call = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    done = subprocess.run(
        [sys.executable, *GUARDED, "shell", "--no-imports", "--command", call],
        cwd=ROOT,
        env=app.environment | {"STORYTELLER_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=READY_SECONDS,
    )
    assert "PermissionError" in done.stderr
    assert "192.0.2.1" in (tmp_path / "refused.log").read_text()


TRACED = {
    "LANGSMITH_TRACING": "true",
    "LANGSMITH_API_KEY": "a-key-for-nobody",
    "LANGSMITH_PROJECT": "storyteller",
}


def has_ended(langsmith: LangSmithServer, calls: int) -> bool:
    return len(langsmith.ended("llm")) >= calls


def test_a_traced_chapter_streams_to_langsmith_and_names_nobody(
    model_host: OllamaServer, tmp_path: Path
) -> None:
    with LangSmithServer() as langsmith:
        served = traced_app(model_host, tmp_path, TRACED | {"LANGSMITH_ENDPOINT": langsmith.url})
        try:
            family = family_of(served)
            for key, sibling in (("zoe", "noa"), ("noa", "zoe")):
                _, _, (theme, _), secret = CHILDREN[key]
                name, _, _, secret_of_sibling = CHILDREN[sibling]
                known = len(langsmith.ended("llm"))
                reader = family.start_story(f"{theme}, {name}", child=key)
                family.finished(reader)
                langsmith.wait_for(partial(has_ended, langsmith, known + 2))
                assert not re.findall(secret, langsmith.heard)
                assert not re.findall(secret_of_sibling, langsmith.heard)
        finally:
            served.stop()
        assert EMAIL.partition("@")[0] not in langsmith.heard
        assert not re.search(r"\b2017\b|birth", langsmith.heard)
        assert {"generate_content", "safety_check"} <= {r["name"] for r in langsmith.ended("chain")}
        # LangChain keeps the time of the first token, and not of those after it; prose is streamed.
        told = {"Writer": ["start", "new_token", "end"], "Editor": ["start", "end"]}
        assert {run["name"] for run in langsmith.ended("llm")} == set(told)
        for run in langsmith.ended("llm"):
            assert [event["name"] for event in run["events"]] == told[run["name"]]
        assert any("Ariel" in text_of(run) for run in langsmith.ended("llm"))
        assert "stories.W005" in served.log


def test_a_tracing_host_that_fails_costs_no_chapter_and_puts_none_of_it_into_the_log(
    model_host: OllamaServer, tmp_path: Path
) -> None:
    with LangSmithServer(status=500) as langsmith:
        served = traced_app(model_host, tmp_path, TRACED | {"LANGSMITH_ENDPOINT": langsmith.url})
        try:
            family = family_of(served)
            reader = family.start_story("a lantern", child="zoe")
            family.finished(reader)
            langsmith.wait_for(lambda: bool(langsmith.bodies))
            sentence = family.chapters(reader)[0]["text"].split(".")[1].strip()
        finally:
            served.stop()
        assert sentence not in served.log


@pytest.mark.parametrize("name", ["LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2"])
def test_older_variables_trace_nothing(model_host: OllamaServer, tmp_path: Path, name: str) -> None:
    with LangSmithServer() as langsmith:
        ambient = {name: "true", "LANGCHAIN_API_KEY": "k", "LANGCHAIN_ENDPOINT": langsmith.url}
        served = traced_app(model_host, tmp_path, ambient)
        try:
            family = family_of(served)
            family.finished(family.start_story("a lantern", child="rose"))
        finally:
            served.stop()  # what there is to send is sent by then
        assert langsmith.bodies == []
        assert refused_by(served) == ""


def traced_app(model_host: OllamaServer, data: Path, variables: dict[str, str]) -> App:
    program = ("manage.py",) if "LANGSMITH_TRACING" in variables else GUARDED
    served = App(data, model_host.url, model_host.model, program=program, variables=variables)
    served.start()
    return served


def text_of(run: dict[str, Any]) -> str:
    return str(run["outputs"]["generations"][0][0]["text"])


def tell_to_the_end(family: Family, reader: Reader, key: str, idea: str) -> None:
    family.finished(reader)
    second = family.go_on(reader, key, choice_id="custom-choice", custom_text=idea)
    family.finished(second)
    options = family.chapters(reader)[-1]["choices"]
    family.finished(family.go_on(reader, key, choice_id=options[0]["id"]))


def checkpoints_of(app: App) -> str:
    files = sorted(app.data.glob("storyteller-checkpoints.sqlite3*"))
    return "".join(file.read_bytes().decode(errors="replace") for file in files)


def stand_in_of(model_host: OllamaServer) -> str:
    heroes = ("Robin", "Ariel", "דניאל")
    return next(hero for hero in heroes if hero in model_host.calls[-1].prompt)


def unescaped(model_host: OllamaServer, since: int) -> str:
    return "\n".join(call.prompt for call in model_host.requests[since:])


def refused_by(app: App) -> str:
    record = app.data / "refused.log"
    return record.read_text() if record.exists() else ""
