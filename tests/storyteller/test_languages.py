"""Languages as the app is told of them: a folder of an operator's own, and codes of old."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import AsyncClient

from stories.models import Story
from testkit.app import ROOT, App, Family, Reader
from testkit.hosts import MULTILINGUAL_MODEL
from testkit.ollama.server import OllamaServer
from tests.clients import Client

FIXTURES = Path(__file__).parents[1] / "fixtures" / "languages"
STORY = (
    "Unu føje Ëluno trovë lanternon en la arbaro. Chu ghi brilë‽ Ghi brilë kap. 3 nokte.\n\n"
    "La luno ridë kaj la rano saltë. Fine chiuj dormë bonë."
)


@dataclass
class Site:
    host: OllamaServer
    app: App
    family: Family


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The app with one more language, in a folder of the operator's."""
    home = tmp_path_factory.mktemp("own") / "languages"
    shutil.copytree(FIXTURES, home)
    with OllamaServer(model=MULTILINGUAL_MODEL) as host:
        variables = {"STORYTELLER_LANGUAGES_DIR": str(home)}
        app = App(tmp_path_factory.mktemp("data"), host.url, host.model, variables=variables)
        app.start()
        yield Site(host, app, Family(app))
        app.stop()


@pytest.fixture
def chapter(site: Site) -> dict[str, Any]:
    """A first chapter in Lunari, of a model whose notes are of no use."""
    site.host.script(prose=[STORY], structured="no notes")
    child = {"name": "Nela", "birth_year": 2018, "birth_month": 5, "language": "qab"}
    made = site.family.call("POST", "/children", child)
    assert made["languages"] == ["qaa"]
    body = {"child_id": made["id"], "theme": "lanterno", "total_chapters": 3}
    begun = site.family.call("POST", "/generations", body)
    reader = Reader(begun["story_id"], begun["session_id"], begun["id"])
    site.family.finished(reader)
    [chapter] = site.family.chapters(reader)
    site.host.script(prose=[], structured=[])
    return chapter


def test_a_story_comes_out_in_a_language_that_only_its_files_know(
    site: Site, chapter: dict[str, Any]
) -> None:
    assert chapter["text"] == STORY.replace("Ëluno", "Nela")
    assert chapter["title"] == "Kapo 1"
    assert chapter["question"] == "Kion farë Nela nun?"
    assert [choice["text"] for choice in chapter["choices"]][:2] == ["Iri pluën", "Peti helpøn"]
    told = next(call.prompt for call in site.host.calls if call.kind == "prose")
    assert "Write in Lunari." in told
    assert "La klavo humë." in told


def test_its_pages_are_in_the_language_too(site: Site) -> None:
    page = httpx.get(site.app.url, headers={"Accept-Language": "qaa"})
    assert '<html lang="qaa" dir="ltr"' in page.text
    assert "Enirë" in page.text


def test_manage_check_names_the_file_that_a_language_lacks(tmp_path: Path) -> None:
    home = tmp_path / "languages"
    shutil.copytree(FIXTURES, home)
    (home / "qaa" / "language.toml").unlink()
    (home / "qaa" / "rules.toml").unlink()
    said = _check(tmp_path, home)
    assert str(home / "qaa" / "language.toml") in said
    assert str(home / "qaa" / "rules.toml") in said


def test_manage_check_names_each_file_that_cannot_be_used(tmp_path: Path) -> None:
    home = tmp_path / "languages"
    shutil.copytree(FIXTURES, home)
    unusable = {
        "rules.toml": "[[rule]]\nid = 'no-category'\nseverity = 'hard'",
        "rubric.toml": "words =",
        "prompts.toml": "[examples]\n'3-5' = ['one', 'two']",
        "glossary.toml": "words =",
        "decks/6-8/wish.toml": "[[plot]]\nkey = 'no-title'",
    }
    for name, text in unusable.items():
        (home / "qaa" / name).write_text(text, "utf-8")
    said = _check(tmp_path, home)
    assert [name for name in unusable if f"{home / 'qaa' / name} cannot be used" not in said] == []


@pytest.mark.parametrize("header", ["iw", "iw-IL", "fr;q=0.9, iw;q=0.8"])
async def test_a_browser_that_says_hebrew_by_its_old_code_is_answered_in_it(header: str) -> None:
    response = await AsyncClient().get("/", headers={"Accept-Language": header})
    assert response.headers["Content-Language"] == "he"
    assert b'<html lang="he" dir="rtl"' in response.content


@pytest.mark.django_db(transaction=True)
async def test_a_profile_and_a_story_in_an_old_code_are_kept_in_todays(
    api: Client, ollama: OllamaServer
) -> None:
    sent = {"name": "Noa", "birth_year": 2018, "birth_month": 4, "language": "iw-IL"}
    _, child, _ = await api.call("POST", "/children", sent)
    assert child["languages"] == ["he-IL"]
    wish = {"child_id": child["id"], "theme": "שועל שמוצא פנס", "language": "iw"}
    assert (await api.call("POST", "/generations", wish))[0] == 201
    assert (await Story.objects.aget()).language == "he"


def _check(data: Path, home: Path) -> str:
    app = App(
        data, "http://127.0.0.1:9", "none", variables={"STORYTELLER_LANGUAGES_DIR": str(home)}
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=app.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode != 0
    return done.stderr
