"""One llama.cpp server for the whole machine: started when first needed, shared, gone when unused.

Four files in one directory carry the arrangement, so that no process has to be in charge, and each
may be killed at any time:

- `starting.lock`: held while somebody starts a server, so that two never do at once;
- `users.lock`: held shared by every process that uses the server. The server waits for it alone,
  and leaves when it gets it: the kernel gives it up for a user that dies, however it dies;
- `server.lock`: held by the server, and holds its process id;
- `server.json`: where the server listens and the key that it wants; for its owner's eyes only.
"""

import contextlib
import fcntl
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from stories.vocabulary.errors import ToldToStaff

from . import machine

SLOTS = 4
CONTEXT_TOKENS = 8192  # for all slots together
START_SECONDS = 180.0

# llama.cpp's threads wait for each other at every layer. By default they do so awake, and keep the
# one that they wait for from its core wherever anything else runs: 10 to 20 times slower.
_WAITING_ASLEEP = {"OMP_WAIT_POLICY": "passive"}
_PROJECT = Path(__file__).resolve().parents[2]
_ANSWER_SECONDS = 5.0
_using: dict[Path, int] = {}
_started: list["subprocess.Popen[bytes]"] = []
_one_at_a_time = threading.Lock()


class CannotStart(ToldToStaff):
    """llama.cpp could not be started; the argument says why, in a sentence for staff."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of a server. `model` is the path of the model that it runs."""

    url: str
    api_key: str
    model: str
    asked: tuple[str, ...]

    def is_alive(self) -> bool:
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=_ANSWER_SECONDS
        )
        try:
            connection.request(
                "GET", "/v1/models", headers={"Authorization": f"Bearer {self.api_key}"}
            )
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def attach(directory: Path, models: Sequence[Path]) -> Endpoint:
    """The machine's server for the first of `models` that it can run, started if need be.

    Blocks: some milliseconds where the server runs, the seconds of loading where it does not.
    Raises CannotStart.
    """
    asked = tuple(str(model) for model in models)
    with _one_at_a_time:
        directory.mkdir(parents=True, exist_ok=True)
        _become_user(directory)
        if found := _running(directory, asked):
            return found
        with _locked(directory / "starting.lock"):
            return _running(directory, asked) or _start_first(directory, models)


def stop(directory: Path) -> None:
    """Ends the server, whoever started it. Its users start another when they need one."""
    with contextlib.suppress(FileNotFoundError), (directory / "server.lock").open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(ValueError, ProcessLookupError):
                _kill(int(lock.read()))
            fcntl.flock(lock, fcntl.LOCK_EX)
    _reap()


def _become_user(directory: Path) -> None:
    if directory not in _using:
        users = os.open(directory / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(users, fcntl.LOCK_SH)
        _using[directory] = users


def _running(directory: Path, asked: tuple[str, ...]) -> Endpoint | None:
    try:
        state = json.loads((directory / "server.json").read_bytes())
        found = Endpoint(state["url"], state["api_key"], state["model"], tuple(state["asked"]))
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return found if found.asked == asked and found.is_alive() else None


def _start_first(directory: Path, models: Sequence[Path]) -> Endpoint:
    stop(directory)
    fitting = [model for model in models if _fits(model)] or models[-1:]
    problems = []
    for model in fitting:
        try:
            return _start(directory, model, tuple(map(str, models)))
        except CannotStart as problem:
            problems.append(f"{model.name}: {problem}")
    raise CannotStart("; ".join(problems) or "there is no model file")


def _fits(model: Path) -> bool:
    """True when it can be loaded without driving others out of memory: it needs twice its file."""
    return model.is_file() and machine.available_bytes() > 2 * model.stat().st_size


def _start(directory: Path, model: Path, asked: tuple[str, ...]) -> Endpoint:
    log = directory / "server.log"
    command = [sys.executable, "-m", "stories.embedded", str(directory), str(model), *asked]
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=_PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is for the web process, which may still be writing
            env=_WAITING_ASLEEP | os.environ,
        )
    _started.append(process)
    if not _says_ready(process):
        process.kill()
        raise CannotStart(_why(process.wait(), log))
    if (found := _running(directory, asked)) is None:
        raise CannotStart("it ended as soon as it was ready")
    return found


def _says_ready(process: "subprocess.Popen[bytes]") -> bool:
    if process.stdout is None:
        return False
    with process.stdout as out:
        readable, _, _ = select.select([out], [], [], START_SECONDS)
        return bool(readable) and out.readline() == b"ready\n"


def _why(status: int, log: Path) -> str:
    if status == -signal.SIGKILL:
        return "it was killed while loading; is the machine short of memory?"
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"it ended with status {status}"


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    for process in _started:
        if process.pid == pid:
            process.wait()


def _reap() -> None:
    """Collects this process's servers after their end."""
    _started[:] = [process for process in _started if process.poll() is None]


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
