"""A database of an earlier release is migrated, and everything in it goes on as it was."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from testkit.app import App
from testkit.ollama.server import OllamaServer

from .databases import Database, Row, Rows, postgresql, sqlite

RELEASES = ("release_0_1_0",)
DATABASES = {"sqlite": sqlite, "postgresql": postgresql}
SECONDS = 60.0


@dataclass
class Upgraded:
    """The app of today on a database of an earlier release, which it has migrated.

    `known` is what the earlier one said of it, and `before` its rows; `after` are they after the
    migration, when nothing had been written or read yet.
    """

    app: App
    database: Database
    known: dict[str, Any]
    before: Rows
    after: Rows

    def get(self, path: str, who: str = "ada") -> httpx.Response:
        return self.call("GET", path, self.known["tokens"][who])

    def call(self, method: str, path: str, token: str, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", **request.pop("headers", {})}
        url = f"{self.app.url}/api/v1{path}"
        return httpx.request(method, url, headers=headers, timeout=SECONDS, verify=False, **request)

    def rest(self, generation_id: str) -> str:
        """The log of a run, which is followed to its end."""
        return self.get(f"/generations/{generation_id}/events").text

    @contextmanager
    def logged_in(self, email: str) -> Iterator[httpx.Client]:
        """A browser, in which somebody has typed their password of old."""
        with httpx.Client(base_url=self.app.url, follow_redirects=True, timeout=SECONDS) as client:
            client.get("/accounts/login/")
            form = {
                "login": email,
                "password": self.known["password"],
                "csrfmiddlewaretoken": client.cookies["csrftoken"],
            }
            client.post("/accounts/login/", data=form, headers={"Referer": self.app.url})
            assert "sessionid" in client.cookies
            yield client


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> Path:
    return Path(__file__).parent / str(request.param)


@pytest.fixture(scope="module", params=DATABASES)
def upgraded(
    release: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    data = tmp_path_factory.mktemp("upgrade")
    known = json.loads((release / f"{request.param}.json").read_text(encoding="utf-8"))
    with (
        DATABASES[request.param](release, data) as database,
        OllamaServer(model=known["model"]) as host,
    ):
        app = App(data, host.url, host.model, variables=database.variables)
        before = database.rows()
        app.manage("migrate", "--verbosity=0")
        after = database.rows()
        app.start()
        try:
            yield Upgraded(app, database, known, before, after)
        finally:
            app.stop()


def test_no_row_is_lost_and_none_loses_a_value(upgraded: Upgraded) -> None:
    assert {row.table for row in upgraded.before} >= {"stories_chapter", "children_apitoken"}
    assert upgraded.before.keys() <= upgraded.after.keys()
    lost = {row: values - upgraded.after[row] for row, values in upgraded.before.items()}
    assert {row: values for row, values in lost.items() if values} == {}


def test_the_rulings_are_still_guarded_by_the_database(upgraded: Upgraded) -> None:
    with pytest.raises((sqlite3.DatabaseError, psycopg.DatabaseError), match="never changed"):
        upgraded.database.ask("UPDATE stories_ruling SET note = ''")


def test_stories_chapters_and_children_are_told_as_before(upgraded: Upgraded) -> None:
    stories = 0
    for who, answers in upgraded.known["answers"].items():
        in_progress = {a["story_id"] for a in answers.values() if _is_being_written(a)}
        for path, answer in answers.items():
            if _story_of(answer) not in in_progress:
                told = upgraded.get(path, who)
                assert told.status_code == 200, path
                assert _kept(answer, told.json()) == answer, path
                stories += path.startswith("/stories/")
    assert stories == 12


def test_tokens_open_the_same_doors(upgraded: Upgraded) -> None:
    assert {upgraded.get("/children", who).status_code for who in upgraded.known["tokens"]} == {200}
    assert upgraded.call("GET", "/children", upgraded.known["revoked_token"]).status_code == 401
    theirs = [path for path in upgraded.known["answers"]["omer"] if path.startswith("/stories/")]
    assert {upgraded.get(path, "ada").status_code for path in theirs} == {403}


def test_the_same_wish_under_the_same_key_is_still_one_run(upgraded: Upgraded) -> None:
    key = upgraded.known["idempotency_key"]
    (known,) = upgraded.database.ask(
        f"SELECT generation_id FROM stories_requestkey WHERE key = '{key}'"
    )
    ada = upgraded.known["answers"]["ada"]
    lina = next(child for child in ada["/children"] if child["name"] == "Lina")
    wish = {"child_id": lina["id"], "theme": "a fox who finds a lantern with León"}
    answer = upgraded.call(
        "POST",
        "/generations",
        upgraded.known["tokens"]["ada"],
        json={**wish, "total_chapters": 3},
        headers={"Idempotency-Key": key},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"].replace("-", "") == str(known[0]).replace("-", "")


def test_stories_wear_the_covers_that_they_wore(upgraded: Upgraded) -> None:
    worn: dict[str, str] = {}
    for child, email in upgraded.known["children"].items():
        with upgraded.logged_in(email) as browser:
            worn |= _covers(browser.get(f"/children/{child}/stories/").text)
    assert worn == upgraded.known["covers"]
    assert set(worn.values()) == {"forest", "garden", "sea", "train", "wish"}


def test_switches_and_previews_are_as_they_were_set(upgraded: Upgraded) -> None:
    omer = upgraded.known["answers"]["omer"]
    sessions = [path for path in omer if path.startswith("/sessions/")]
    pages = [upgraded.get(f"{path}/page-state", "omer").json() for path in sessions]
    assert {(page["has_read_aloud"], page["has_own_ideas"]) for page in pages} == {(False, True)}
    assert sum(len(page["awaiting_preview"]) for page in pages) == 1


def test_the_log_of_each_run_that_had_ended_is_replayed_to_its_end(upgraded: Upgraded) -> None:
    ended = upgraded.database.ask(
        "SELECT g.id, f.id FROM stories_generation g JOIN stories_story s ON s.id = g.story_id "
        "JOIN children_child c ON c.id = s.child_id JOIN children_family f ON f.id = c.family_id "
        "WHERE g.finished_at IS NOT NULL ORDER BY g.created_at"
    )
    assert len(ended) >= 16
    first_family = ended[0][1]
    for generation_id, family in ended:
        who = "ada" if family == first_family else "omer"
        log = upgraded.get(f"/generations/{_uuid(generation_id)}/events", who).text
        assert re.search(r'"type": ?"(complete|error)"', log), log[-300:]


def test_the_run_that_was_open_is_taken_up_where_it_was_and_finished(upgraded: Upgraded) -> None:
    running = upgraded.known["running"]
    assert len(running["text"]) > 300
    assert '"type":"complete"' in upgraded.rest(running["id"]).replace(" ", "")
    state = upgraded.get(f"/generations/{running['id']}").json()
    assert state["status"] == "completed"
    assert state["text"].startswith(running["text"])
    assert len(state["text"]) > len(running["text"])
    assert "Lina" in state["text"]


def test_each_hero_keeps_the_name_that_the_story_began_with(upgraded: Upgraded) -> None:
    kept = upgraded.database.ask("SELECT DISTINCT language, stand_in FROM stories_story")
    assert set(kept) == {("en", "Robin"), ("es", "Ariel"), ("he", "נועם")}


def test_a_finished_story_was_last_read_when_its_last_chapter_was_written(
    upgraded: Upgraded,
) -> None:
    kept = upgraded.database.ask(
        "SELECT session.last_read_at = chapter.created_at FROM stories_readingsession AS session "
        "JOIN stories_chapter AS chapter ON session.chapter_id = chapter.id "
        "WHERE session.finished_at IS NOT NULL"
    )
    assert kept
    assert all(is_same for (is_same,) in kept)


def test_the_run_that_was_waiting_is_written(upgraded: Upgraded) -> None:
    assert '"type":"complete"' in upgraded.rest(upgraded.known["queued"]["id"]).replace(" ", "")


def test_the_moderators_find_their_cases_findings_and_rulings(upgraded: Upgraded) -> None:
    with upgraded.logged_in("moderator@example.org") as desk:
        pages = [f"/admin/stories/{kind}/" for kind in ("case", "safetyfinding", "ruling")]
        pages += [_admin_page(row) for row in upgraded.before if row.table in _STAFFS]
        assert len(pages) >= 9
        answers = {page: desk.get(page) for page in pages}
    assert {page: a.status_code for page, a in answers.items()} == dict.fromkeys(pages, 200)
    assert "He had a gun" in answers["/admin/stories/safetyfinding/"].text


_STAFFS = {"stories_case": "case", "stories_safetyfinding": "safetyfinding"}


def _admin_page(row: Row) -> str:
    key = _uuid(row.key) if row.table == "stories_case" else row.key
    return f"/admin/stories/{_STAFFS[row.table]}/{key}/change/"


def _is_being_written(answer: Any) -> bool:
    return isinstance(answer, dict) and bool(answer.get("generation_id"))


def _story_of(answer: Any) -> str:
    if isinstance(answer, list):
        return ""
    return str(answer.get("story_id") or answer["id"])


def _kept(known: Any, told: Any) -> Any:
    """The present answer without the fields that there were not then."""
    if isinstance(known, dict) and isinstance(told, dict):
        return {key: _kept(known[key], told[key]) for key in known if key in told}
    if isinstance(known, list) and isinstance(told, list) and len(known) == len(told):
        return [_kept(one, other) for one, other in zip(known, told, strict=True)]
    return told


def _covers(library: str) -> dict[str, str]:
    """The pictures of a library, by story."""
    books = re.finditer(r'/stories/([0-9a-f-]{36})/".*?/themes/([a-z]+)', library, re.DOTALL)
    return {book[1]: book[2] for book in books}


def _uuid(stored: Any) -> str:
    """As the app writes it: SQLite stores the digits alone."""
    return re.sub(r"^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$", r"\1-\2-\3-\4-\5", str(stored))
