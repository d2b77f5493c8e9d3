"""A Redis of the tests' own, which keeps nothing."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_START_SECONDS = 10.0


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Its address: a socket in `folder`, so that no port is needed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.fail("The tests of limits need Redis: apt-get install redis-server.")
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(socket)
            yield f"unix://{socket}"
        finally:
            process.terminate()


def _wait_for(socket: Path) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while not socket.exists():
        assert time.monotonic() < give_up_at, "Redis did not start"
        time.sleep(0.01)
