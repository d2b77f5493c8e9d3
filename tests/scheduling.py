"""The scheduler of tests over several workers: tests that share a server run in one, and long ones
begin.

pytest-xdist's own `loadgroup` would do, but with pytest 9.2 it does not heed a group any more.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests import usage

_GROUPS = "storyteller_groups"


def default_workers() -> int:
    """More than there are cores: most tests wait for other processes, or for the clock."""
    return 2 * (os.cpu_count() or 1) + 1


def mark(items: list[pytest.Item]) -> None:
    """Mark those that start a process, and those that commit to the database."""
    for item in items:
        if usage.starts_processes(item):
            item.add_marker("process")
        if usage.commits(item):
            item.add_marker("commits")


def put_long_ones_first(items: list[pytest.Item]) -> None:
    """So that no worker is left alone with one at the end; the order among them stays random."""
    items.sort(key=_is_short)


def _is_short(item: pytest.Item) -> tuple[bool, float]:
    timeout = item.get_closest_marker("timeout")
    return item.get_closest_marker("process") is None, -timeout.args[0] if timeout else 0.0


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]
    """A scope is what shares a server, a site or a browser, or a test that shares none."""

    def __init__(self, config: pytest.Config, log: Producer, groups: Path) -> None:
        super().__init__(config, log)
        self._file = groups
        self._groups: dict[str, str] = {}

    def schedule(self) -> None:
        self._groups = json.loads(self._file.read_text())
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid, nodeid)


class Controller:
    """Hooks of the process that hands out the tests, which does not collect them itself."""

    def __init__(self, config: pytest.Config) -> None:
        folder = tempfile.TemporaryDirectory(prefix="storyteller-tests-")
        config.add_cleanup(folder.cleanup)
        self._file = Path(folder.name) / "groups.json"

    def pytest_configure_node(self, node: WorkerController) -> None:
        node.workerinput[_GROUPS] = str(self._file)

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> Scheduler:
        return Scheduler(config, log, self._file)


class Worker:
    """Hooks of a process that runs tests: it says which of them go together."""

    def __init__(self, workerinput: dict[str, Any]) -> None:
        self._file = Path(workerinput[_GROUPS])
        self._own_file = self._file.with_suffix(f".{os.getpid()}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        groups = {item.nodeid: usage.shared_by(item) for item in session.items}
        self._own_file.write_text(json.dumps({key: name for key, name in groups.items() if name}))
        self._own_file.replace(self._file)  # every worker has the same to say


def register(config: pytest.Config) -> None:
    workerinput = getattr(config, "workerinput", None)
    if workerinput is not None:
        config.pluginmanager.register(Worker(workerinput))
    elif config.getoption("numprocesses", None):
        config.pluginmanager.register(Controller(config))
