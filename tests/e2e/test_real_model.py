"""One chapter with nothing replaced: real llama.cpp, real HTTP, the real server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings

from stories.embedded import catalog
from testkit.app import App, Family

SMALL = catalog.SMALL.path_in(settings.DATA_DIR / "models")


class EmbeddedApp(App):
    """The app with the small embedded model instead of a model host."""

    @property
    def environment(self) -> dict[str, str]:
        own = {"STORYTELLER_LLM": "embedded", "STORYTELLER_MODEL_PATH": str(SMALL)}
        return super().environment | own


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedApp]:
    assert SMALL.is_file(), "`python manage.py fetch_model --small` comes first"
    app = EmbeddedApp(data=tmp_path, model_url="", model_name="")
    app.start()
    yield app
    app.stop()


def events(app: App, family: Family, **query: Any) -> list[dict[str, Any]]:
    """Every event of a stream that starts a story and is followed to its end."""
    with httpx.stream(
        "GET",
        f"{app.url}/api/v1/stories/generate/stream",
        params={"child_id": family.ids["maya"], **query},
        headers={"Authorization": f"Bearer {family.ids['token']}"},
        timeout=60,
    ) as answer:
        data = [line.removeprefix("data: ") for line in answer.iter_lines()]
    return [json.loads(line) for line in data if line.startswith("{")]


@pytest.mark.timeout(300)
def test_a_real_model_writes_a_chapter_to_its_end(embedded: EmbeddedApp) -> None:
    family = Family(embedded)
    story = events(embedded, family, theme="a fox who finds a lantern")
    complete = story[-1]
    assert complete["type"] == "complete", complete
    shown = "".join(event["data"]["chunk"] for event in story if event["type"] == "content")
    done = complete["data"]
    assert shown == done["story_content"]
    assert len(shown.split()) > 60
    assert "Maya" in shown
    assert 2 <= len(done["choices"]) <= 4
    chapters = family.call("GET", f"/stories/{done['id']}")["chapters"]
    assert [chapter["text"] for chapter in chapters] == [shown]
