"""Processes that are forked by a preloaded one, and are in no way unlike those begun by Python."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testkit.starting import Process, start

SECONDS = 30.0
# `manage.py` is forked, by its name, and any other program is not.
PROGRAMS = ("manage.py", "other.py")
_SAID, _ERRORS = "said", "errors"

_ACCOUNT = """
import asyncio, json, os, signal, sys, threading
print(json.dumps({
    "name": __name__,
    "arguments": sys.argv,
    "folder": os.getcwd(),
    "imports_from": sys.path[0],
    "variables": dict(os.environ),
    "threads": threading.active_count(),
    "descriptors": len(os.listdir("/proc/self/fd")),
    "interrupted": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "children": signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL,
}))
"""
_OURS = """
import sys
packages = {"stories", "storyteller", "children"}
ours = [name for name in sys.modules if name.split(".")[0] in packages]
assert not ours, ours
assert "twisted.internet.reactor" not in sys.modules
from django.conf import settings
assert not settings.configured
from django.apps import apps
assert not apps.app_configs
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Process]:
    def run(program: str, code: str, *arguments: str, **variables: str) -> Process:
        (tmp_path / program).write_text(code)
        with (tmp_path / _SAID).open("wb") as said, (tmp_path / _ERRORS).open("wb") as errors:
            environment = {"LC_ALL": "C.UTF-8", **variables}
            return start((program, *arguments), tmp_path, environment, said, errors)

    return run


def said(tmp_path: Path) -> str:
    return (tmp_path / _SAID).read_text()


def test_a_forked_program_finds_what_a_started_one_does(
    run: Callable[..., Process], tmp_path: Path
) -> None:
    accounts: list[dict[str, Any]] = []
    for program in PROGRAMS:
        assert run(program, _ACCOUNT, "one", "two words", ANSWER="לב ♥").wait(SECONDS) == 0
        accounts.append(json.loads(said(tmp_path).replace(program, "program")))
    forked, started = accounts
    assert forked == started
    assert started["variables"] == {"LC_ALL": "C.UTF-8", "ANSWER": "לב ♥"}


def test_nothing_of_the_app_is_preloaded(run: Callable[..., Process], tmp_path: Path) -> None:
    assert run("manage.py", _OURS).wait(SECONDS) == 0, (tmp_path / _ERRORS).read_text()


def test_packages_that_are_put_before_others_are_imported(
    run: Callable[..., Process], tmp_path: Path
) -> None:
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "requests.py").write_text("print('mine')")
    assert run("manage.py", "import requests", PYTHONPATH="shelf").wait(SECONDS) == 0
    assert said(tmp_path) == "mine\n"


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('in words')", 1),
        ("1 / 0", 1),
        ("import os; os.kill(os.getpid(), 9)", -9),
        ("import os; os.kill(os.getpid(), 15)", -15),
    ],
)
def test_the_status_at_the_end_is_told(
    run: Callable[..., Process], program: str, code: str, status: int
) -> None:
    process = run(program, code)
    assert process.wait(SECONDS) == status
    assert process.poll() == status


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_left_to_do_at_the_end_is_done(
    run: Callable[..., Process], tmp_path: Path, program: str
) -> None:
    code = "import atexit, sys; atexit.register(print, 'bye'); sys.stdout.write('good ')"
    assert run(program, code).wait(SECONDS) == 0
    assert said(tmp_path) == "good bye\n"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_process_lives_until_a_signal_ends_it(run: Callable[..., Process], program: str) -> None:
    process = run(program, "import signal; signal.pause()")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    assert process.poll() is None
    process.terminate()
    assert process.wait(SECONDS) == -signal.SIGTERM
    process.kill()  # too late, and no matter


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_line_is_there_at_once_where_that_is_asked_for(
    run: Callable[..., Process], tmp_path: Path, program: str
) -> None:
    os.mkfifo(tmp_path / "told")
    code = "print('ready'); open('told', 'w').close(); import signal; signal.pause()"
    process = run(program, code, PYTHONUNBUFFERED="1")
    with (tmp_path / "told").open():
        assert said(tmp_path) == "ready\n"
    process.kill()
    assert process.wait(SECONDS) == -signal.SIGKILL
