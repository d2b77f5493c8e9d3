"""Processes of `manage.py`: begun by Python's own start, or forked by one that is preloaded.

Both are processes of their own, with an environment of their own, and import all of the app.
Within `preloading` they are forked, as in the tests, which start hundreds (`testkit.preloaded`).
"""

import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from testkit import preloaded
from testkit.preloaded import Order

_ROOT = Path(__file__).resolve().parents[1]
_MANAGE = "manage.py"
_END_SECONDS = 20.0


class Process(Protocol):
    """The part of `subprocess.Popen` that is needed of one."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int, /) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def start(
    arguments: tuple[str, ...],
    folder: Path,
    environment: Mapping[str, str],
    stdout: int | IO[Any],
    stderr: int | IO[Any],
    *,
    stdin: int | IO[Any] | None = None,
) -> Process:
    """Run `python` with these arguments in `folder`; without `stdin` there is nothing to read."""
    with Path(os.devnull).open() as nothing:
        streams = (_descriptor(stdin or nothing), _descriptor(stdout), _descriptor(stderr))
        if _preloaded and arguments[0] == _MANAGE and _imports_alike(environment):
            order = Order(arguments, str(folder), dict(environment))
            return _preloaded[-1].fork(order, streams)
        command = [sys.executable, *arguments]
        read, said, wrong = streams
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdin=read, stdout=said, stderr=wrong
        )


def _imports_alike(environment: Mapping[str, str]) -> bool:
    return environment.get("PYTHONPATH") == os.environ.get("PYTHONPATH")


def _descriptor(file: int | IO[Any]) -> int:
    return file if isinstance(file, int) else file.fileno()


@contextmanager
def preloading() -> Iterator[None]:
    """Have `start` fork what runs `manage.py`, from the first one on that is started."""
    preloaded = _Preloaded()
    _preloaded.append(preloaded)
    try:
        yield
    finally:
        _preloaded.remove(preloaded)
        preloaded.close()


class _Preloaded:
    """The process that forks, and the socket on which it is asked to."""

    def __init__(self) -> None:
        self._orders: socket.socket | None = None
        self._one_at_a_time = threading.Lock()

    def fork(self, order: Order, streams: tuple[int, int, int]) -> "_Forked":
        read, write = os.pipe()
        with self._one_at_a_time:
            if self._orders is None:
                self._orders = self._begin()
            order.send(self._orders, streams, write)
        os.close(write)
        return _Forked(read)

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", preloaded.__name__, str(theirs.fileno())],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        return ours

    def close(self) -> None:
        """Returns when all that it forked have ended."""
        if self._orders is not None:
            self._orders.close()
            self._process.wait(_END_SECONDS)


_preloaded: list[_Preloaded] = []


class _Forked:
    """Another process's child, known by what that one reports: an id, and a status at the end."""

    def __init__(self, report: int) -> None:
        self._report = report
        self._one_at_a_time = threading.Lock()
        self._status: int | None = None
        weakref.finalize(self, os.close, report)
        self.pid = _number_from(report)

    def poll(self) -> int | None:
        with self._one_at_a_time:
            if self._status is None and _is_readable(self._report, 0):
                self._status = _number_from(self._report)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        _is_readable(self._report, timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return status

    def send_signal(self, sig: int, /) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _number_from(report: int) -> int:
    digits = iter(lambda: os.read(report, 1), b"\n")
    return int(b"".join(itertools.takewhile(bool, digits)))


def _is_readable(report: int, seconds: float | None) -> bool:
    """True, too, once there is nothing more to come."""
    poll = select.poll()
    poll.register(report, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))
