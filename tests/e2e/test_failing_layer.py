"""A layer of the gate that is gone: the server is up, and nothing unchecked is shown or told."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from testkit.app import App, Family
from testkit.hosts import Hold, Reply, in_turn
from testkit.ollama.server import OllamaServer
from tests.clients import parse_frame

PROSE = "The heron waited by the water. Nothing moved. "
WORDS = ("heron waited", "nothing moved")
ENDED_SECONDS = 30.0


@pytest.fixture
def host() -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        yield server


@pytest.fixture
def app(host: OllamaServer, tmp_path: Path) -> Iterator[App]:
    served = App(tmp_path, host.url, host.model)
    served.variables["STORYTELLER_GRACE_SECONDS"] = "0"
    served.start()
    yield served
    served.stop()


def without_classifier(app: App, packages: Path) -> None:
    """Start again, where the package cannot be imported."""
    (packages / "profanity_check").mkdir(parents=True)
    (packages / "profanity_check" / "__init__.py").write_text("raise ImportError('it is gone')\n")
    app.stop()
    app.variables["PYTHONPATH"] = str(packages)
    app.start()


def ended(family: Family, generation_id: str) -> Any:
    give_up_at = time.monotonic() + ENDED_SECONDS
    while (told := family.call("GET", f"/generations/{generation_id}"))["status"] in {
        "queued",
        "running",
    }:
        assert time.monotonic() < give_up_at, told
        time.sleep(0.1)
    return told


def test_without_its_classifier_nothing_is_shown_and_nothing_typed_is_taken(
    app: App, host: OllamaServer, tmp_path: Path
) -> None:
    family = Family(app)
    headers = {"Authorization": f"Bearer {family.ids['token']}"}
    hold = Hold(after=1)
    host.script(prose=in_turn(Reply(PROSE, hold=hold), PROSE))
    reader = family.start_story("a patient heron")
    hold.reached.wait()
    without_classifier(app, tmp_path / "packages")
    hold.release()

    told = ended(family, reader.generation_id)
    stream = httpx.get(
        f"{app.url}/api/v1/generations/{reader.generation_id}/events", headers=headers
    )
    last = parse_frame(stream.text.strip().split("\n\n")[-1])
    assert (last.type, last.data["code"]) == ("error", "WORKFLOW_ERROR")
    assert not any(word in f"{told}{stream.text}{app.log}".lower() for word in WORDS)

    wanted = {"child_id": family.ids["maya"], "theme": "a kind whale", "total_chapters": 3}
    refused = httpx.post(f"{app.url}/api/v1/generations", json=wanted, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("We cannot check what you typed just now.")
