"""Behaviour that depends on the database, on PostgreSQL: the same tests once more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testkit import postgres
from testkit.app import ROOT

_TESTS = (
    "eventlog/test_eventlog.py",
    "execution/test_retention.py",
    "execution/test_runner.py",
    "generations/test_ahead_slots.py",
    "generations/test_limits.py",
    "generations/test_outcomes.py",
    "generations/test_queue.py",
    "infra/test_notify.py",
)
_SECONDS = 400.0


@pytest.mark.timeout(_SECONDS + 20)
def test_log_queue_limits_runs_retention_and_wake_ups_are_the_same_there(tmp_path: Path) -> None:
    files = [f"tests/stories/{name}" for name in _TESTS]
    plain = ["-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'temp'}"]
    with postgres.server() as server_url, postgres.database(server_url) as url:
        # Their database is dropped here, whichever thread of theirs is still connected to it.
        theirs = f"test_{url.rpartition('/')[2]}"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *plain, "--reuse-db", *files],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        postgres.ask(f"{server_url}/postgres", f"DROP DATABASE IF EXISTS {theirs} WITH (FORCE)")
    assert done.returncode == 0, done.stdout
