"""The examples of docs/api.md run as they stand."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser

from testkit.app import App
from testkit.ollama.server import OllamaServer
from tests import browsers
from tests.docs.examples import BASH, example, run
from tests.e2e.pages import watch
from tests.isolation import shared

API = "docs/api.md"
CHAPTER_SECONDS = 90
# A chapter takes some seconds at this pace, and a restless server ends a stream after one.
TOKENS_PER_SECOND = 80

pytestmark = pytest.mark.timeout(300)
browser = browsers.browser


@dataclass(frozen=True)
class Reader:
    """An API client's machine: the app, and what the document's preparations make there."""

    app: App
    token: str
    child_id: str

    def run(self, *command: str) -> str:
        return run(self.app, *command, TOKEN=self.token, CHILD_ID=self.child_id)

    def stored(self, theme: str) -> tuple[str, str]:
        """Title and text of the one chapter with this theme."""
        query = (
            "SELECT chapter.title, text FROM stories_chapter chapter "
            "JOIN stories_story story ON story.id = story_id WHERE theme = ?"
        )
        with closing(sqlite3.connect(self.app.data / "storyteller.sqlite3")) as database:
            [(title, text)] = database.execute(query, [theme]).fetchall()
        return title, text


@pytest.fixture(scope="module")
def model_host() -> Iterator[OllamaServer]:
    with OllamaServer(tokens_per_second=TOKENS_PER_SECOND) as server, shared(server):
        yield server


@pytest.fixture(scope="module")
def reader(model_host: OllamaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    if not shutil.which("curl"):
        pytest.fail("docs/api.md's examples need curl: apt-get install curl")
    app = App(tmp_path_factory.mktemp("api"), model_host.url, model_host.model)
    app.start()
    prepare = (
        example(API, "## An account for the examples", "sh") + 'printf "%s\\n" "$TOKEN" "$CHILD_ID"'
    )
    with shared(app):
        yield Reader(app, *run(app, *BASH, prepare).split())
    app.stop()


@pytest.fixture(scope="module")
def restless_reader(reader: Reader, model_host: OllamaServer) -> Iterator[Reader]:
    """A reader of a second server over the same data, which ends every stream after a second."""
    app = App(reader.app.data, model_host.url, model_host.model)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("STORYTELLER_SSE_MAX", "1")
        app.start()
    yield replace(reader, app=app)
    app.stop()


def test_curl_follows_a_story_to_its_end(reader: Reader) -> None:
    written = reader.run(*BASH, example(API, "## curl", "sh"))

    lines = [line.removeprefix("data: ") for line in written.split("\n") if "data: " in line[:6]]
    events = [json.loads(line) for line in lines]
    chunks = [event["data"]["chunk"] for event in events if event["type"] == "content"]
    title, text = reader.stored("a fox who finds a lantern")
    assert "".join(chunks) == text
    assert events[-1]["type"] == "complete"
    assert events[-1]["data"]["title"] == title


def test_python_prints_the_story_however_often_the_stream_ends(restless_reader: Reader) -> None:
    printed = restless_reader.run("python", "-c", example(API, "## Python", "python"))

    assert printed == restless_reader.stored("the owl who could not sleep")[1]


@pytest.mark.parametrize(
    ("heading", "theme", "path"),
    [
        ("## Browser: fetch", "a boat made of leaves", "/events"),
        ("## Browser: EventSource", "the smallest train in the world", "/stories/generate/stream"),
    ],
)
def test_the_browser_shows_the_story_however_often_the_stream_ends(
    browser: Browser, restless_reader: Reader, heading: str, theme: str, path: str
) -> None:
    page = browser.new_page(base_url=restless_reader.app.url)
    problems = watch(page)
    shown: list[tuple[str, str]] = []
    streams: list[str] = []
    page.on("console", lambda message: shown.append((message.type, message.text)))
    page.on("request", lambda request: streams.append(request.url) if path in request.url else None)
    page.goto("/")
    page.evaluate(
        "([token, child]) => { globalThis.TOKEN = token; globalThis.CHILD_ID = child; }",
        [restless_reader.token, restless_reader.child_id],
    )

    with page.expect_console_message(
        lambda message: message.type == "info", timeout=CHAPTER_SECONDS * 1000
    ):
        page.evaluate(f"async () => {{ {example(API, heading, 'js')} }}")

    title, text = restless_reader.stored(theme)
    assert "".join(said for kind, said in shown if kind == "log") == text
    assert [said for kind, said in shown if kind == "info"] == [title]
    assert len(streams) > 1, "the stream ended in between, and the example came back"
    assert problems == []
    page.close()
