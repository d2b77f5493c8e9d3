"""The app under test: the server that `make serve` starts, what it uses of the machine, and one
chapter as an API client meets it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from testkit.app import ROOT, App, Family
from testkit.hosts import words

from .host import Host

_TICKS = os.sysconf("SC_CLK_TCK")
_MAX_SECONDS = 120

Served = TypeVar("Served", bound=App)

# One family asks for everything here.
_SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "storyteller.settings",
    "STORYTELLER_MAX_CONCURRENT_PER_FAMILY": "0",
    "STORYTELLER_CHAPTERS_PER_MINUTE": "0",
    "STORYTELLER_CHAPTERS_PER_HOUR": "0",
}


@dataclass
class Server(App):
    """`manage.py serve` with further environment variables."""

    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | _SETTINGS | self.extra

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def inside(self, module: str, *arguments: str) -> Any:
        """The output of a module of `benchmarks.inside`, run with the app's own settings."""
        command = [sys.executable, "-m", f"benchmarks.inside.{module}", *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
            timeout=_MAX_SECONDS,
        )
        return json.loads(done.stdout)

    # What it uses --------------------------------------------------------------------------------

    @property
    def cpu_seconds(self) -> float:
        """Of all its threads, since it started."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / _TICKS

    @property
    def memory_kb(self) -> int:
        """Resident."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    @property
    def sqlite_connections(self) -> int:
        """Each has the database's file open once."""
        count = 0
        for descriptor in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                count += descriptor.readlink().name == "storyteller.sqlite3"
            except FileNotFoundError:
                continue  # closed in the meantime
        return count


def server(data: str, host: Host, **extra: str) -> Server:
    return Server(Path(data), host.url, host.model, extra=extra)


@contextmanager
def served(app: Served) -> Iterator[Served]:
    app.start()
    try:
        yield app
    finally:
        app.stop()


@contextmanager
def working(app: App) -> Iterator[None]:
    """A worker of this app's, ready to write."""
    command = [sys.executable, "manage.py", "workers"]
    with subprocess.Popen(
        command, cwd=ROOT, env=app.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise RuntimeError("the worker did not start")
            yield
        finally:
            process.terminate()


@dataclass(frozen=True)
class Chapter:
    """`asked_at` as time.monotonic counts, the rest in seconds after it.

    `first_tokens` is the length of the first sentence.
    """

    asked_at: float
    first_event: float
    first_sentence: float
    whole: float
    first_tokens: int


def client_of(family: Family) -> httpx.Client:
    return httpx.Client(
        base_url=f"{family.app.url}/api/v1",
        headers={"Authorization": f"Bearer {family.ids['token']}"},
        timeout=120,
    )


def read_chapter(client: httpx.Client, child_id: str, theme: str) -> Chapter:
    wanted = {"child_id": child_id, "theme": theme}
    asked_at = time.monotonic()
    first_event = first_sentence = whole = 0.0
    first_tokens = 0
    with client.stream("GET", "/stories/generate/stream", params=wanted) as answer:
        for event in read_events(answer):
            seconds = time.monotonic() - asked_at
            first_event = first_event or seconds
            if event["type"] == "content" and not first_tokens:
                first_sentence, first_tokens = seconds, len(words(event["data"]["chunk"]))
            whole = seconds
    if event["type"] != "complete":
        raise RuntimeError(f"no chapter came of it: {event}")
    return Chapter(asked_at, first_event, first_sentence, whole, first_tokens)


def read_events(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    answer.raise_for_status()
    for line in answer.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
