"""The app in a process of its own, served as `make serve` serves it, and a family that uses it."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import httpx

from testkit.ports import free_port
from testkit.starting import Process, start

ROOT = Path(__file__).resolve().parents[1]
READY_SECONDS = 90.0
PASSWORD = "a-quiet-lantern-7"

UNFINISHED = (
    "SELECT id FROM stories_generation WHERE status IN ('queued', 'running') AND ahead <> 'hidden'"
)
_LAST_RUNS = (
    "SELECT id, status, error_code FROM stories_generation ORDER BY created_at DESC LIMIT 3"
)
_LAST_EVENTS = (
    "SELECT position, type, payload FROM stories_generationevent "
    "WHERE generation_id = '{}' ORDER BY position DESC LIMIT 5"
)
_LOG_LINES = 20

_FAMILY = """
import json
from allauth.account.models import EmailAddress
from children import tokens
from children.models import Child, User
user = User.objects.create_user({email!r}, {password!r})
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
made = dict(birth_year=2018, birth_month=5, family=user.family)
maya = Child.objects.create(name="Maya", languages=["en"], **made)
noa = Child.objects.create(name="נועה", languages=["he"], **made)
print(json.dumps({{"token": tokens.create(user, "e2e"), "maya": str(maya.pk), "noa": str(noa.pk)}}))
"""


@dataclass(frozen=True)
class Reader:
    """A story that is being read, as the API describes it."""

    story_id: str
    session_id: str
    generation_id: str

    @property
    def path(self) -> str:
        return f"/read/{self.session_id}/"


class _Migrated:
    """The database of this process's first app as its migrations left it, for those that follow:
    these take longer than all else that an app does before it answers."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="storyteller-migrated-")
        self.file = Path(self._folder.name) / "storyteller.sqlite3"

    def keep(self, database: Path) -> None:
        if not self.file.exists():
            with (
                closing(sqlite3.connect(database)) as source,
                closing(sqlite3.connect(self.file)) as copy,
            ):
                source.backup(copy)


_migrated = _Migrated()


@dataclass
class App:
    """`make serve` with its own data directory; once stopped, it starts again on the same port.

    `running` are all that this process has started and not ended.
    """

    data: Path
    model_url: str
    model_name: str
    port: int = 0
    process: Process | None = None
    program: tuple[str, ...] = ("manage.py",)
    variables: dict[str, str] = field(default_factory=dict)
    running: ClassVar[list["App"]] = []

    def __post_init__(self) -> None:
        self.port = self.port or free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "STORYTELLER_DATA": str(self.data),
            "STORYTELLER_LLM": "ollama",
            "OLLAMA_BASE_URL": self.model_url,
            "OLLAMA_MODEL": self.model_name,
            "STORYTELLER_WRITE_AHEAD": "off",  # the host's answers are for those who ask
            "PORT": str(self.port),
            "PYTHONFAULTHANDLER": "1",  # see `_wait_until_it_answers`
            "PYTHONUNBUFFERED": "1",
        }
        kept = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        return kept | own | self.variables

    @property
    def log(self) -> str:
        return (self.data / "server.log").read_text(errors="replace")

    def manage(self, *arguments: str) -> str:
        """The standard output of a management command."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as problems:
            process = start(("manage.py", *arguments), ROOT, self.environment, out, problems)
            status = process.wait(READY_SECONDS)
            out.seek(0)
            problems.seek(0)
            assert status == 0, problems.read()
            return out.read()

    def reset(self) -> None:
        """Be up, with no chapter that is being written, or is about to be."""
        if self.process is None:
            self.start()
        give_up_at = time.monotonic() + READY_SECONDS
        while self.ask(UNFINISHED):
            assert time.monotonic() < give_up_at, f"an earlier story does not end:\n{self.account}"
            time.sleep(0.02)

    @property
    def database(self) -> Path:
        return self.data / "storyteller.sqlite3"

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the app's database."""
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(query).fetchall()

    @property
    def account(self) -> str:
        """The last runs' ends, the last events of each, and the end of the server's log."""
        runs = [f"{len(self.ask(UNFINISHED))} runs are not over"]
        for id_, status, error in self.ask(_LAST_RUNS):
            runs.append(f"run {id_}: {status} {error}".rstrip())
            events = self.ask(_LAST_EVENTS.format(id_))
            runs += [f"  {position} {type_} {payload[:200]}" for position, type_, payload in events]
        return "\n".join([*runs, "log:", *self.log.splitlines()[-_LOG_LINES:]])

    def start(self) -> None:
        """On an empty database that is up to date, where there is none yet."""
        is_new = not self.database.exists()
        if is_new and _migrated.file.exists():
            shutil.copy(_migrated.file, self.database)
        self._serve()
        if is_new and self.database.exists():
            _migrated.keep(self.database)

    def _serve(self) -> None:
        with (self.data / "server.log").open("ab") as log:
            self.process = start((*self.program, "serve"), ROOT, self.environment, log, log)
        self.running.append(self)
        self._wait_until_it_answers()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(READY_SECONDS)
            self._ended()

    def _ended(self) -> None:
        self.process = None
        self.running.remove(self)

    def _wait_until_it_answers(self) -> None:
        assert self.process is not None
        give_up_at = time.monotonic() + READY_SECONDS
        while self.process.poll() is None and time.monotonic() < give_up_at:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        status = self.process.poll()
        self.process.send_signal(signal.SIGABRT)  # it tells the log where it hangs
        self.process.wait()
        raise AssertionError(f"The server did not start, status {status}:\n{self.log}")


@dataclass
class Family:
    """A parent with two children, Maya who reads English and Noa who reads Hebrew."""

    app: App
    email: str = "parent@example.org"
    password: str = PASSWORD
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        script = _FAMILY.format(email=self.email, password=self.password)
        made = self.app.manage("shell", "--no-imports", "--command", script)
        self.ids = json.loads(made.splitlines()[-1])

    def start_story(self, theme: str, *, child: str = "maya", chapters: int = 3) -> Reader:
        body = {"child_id": self.ids[child], "theme": theme, "total_chapters": chapters}
        made = self.call("POST", "/generations", body)
        return Reader(made["story_id"], made["session_id"], made["id"])

    def chapters(self, reader: Reader) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/stories/{reader.story_id}")["chapters"]
        return found

    def finished(self, reader: Reader) -> None:
        """Wait until the chapter is there; its stream ends with it."""
        path = f"/api/v1/generations/{reader.generation_id}/events"
        headers = {"Authorization": f"Bearer {self.ids['token']}"}
        url = self.app.url + path
        answer = httpx.get(url, headers=headers, timeout=READY_SECONDS, verify=False)
        assert '"type":"complete"' in answer.text.replace(" ", ""), answer.text[-500:]

    def go_on(self, reader: Reader, child: str, **wish: str) -> Reader:
        body = {"child_id": self.ids[child], "session_id": reader.session_id, **wish}
        made = self.call("POST", "/generations", body)
        return Reader(made["story_id"], made["session_id"], made["id"])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method,
            f"{self.app.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.ids['token']}"},
            timeout=30,
            verify=False,
        )
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        return answer.json()
