"""The app's processes as real ones: `manage.py serve`, and `manage.py workers` beside it."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from testkit import postgres
from testkit.app import READY_SECONDS, ROOT, App
from testkit.starting import Process, start

_LOG_CHARACTERS = 20_000


@dataclass
class Server(App):
    """The app, which can also be killed; `settings` are environment variables."""

    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | dict(self.settings)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._ended()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        url = self.settings.get("DATABASE_URL", "")
        return postgres.ask(url, query) if url else super().ask(query)

    def token(self, email: str) -> str:
        return self.manage("api_token", email, "--create").strip()


@dataclass
class Worker:
    """A process that writes what is asked for at `web`, ready when this object is there."""

    web: Server
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        read, write = os.pipe()
        self._output = os.fdopen(read)
        with (self.web.data / "workers.log").open("ab") as log:
            command = ("manage.py", "workers")
            self.process = start(command, ROOT, self.web.environment, write, log)
        os.close(write)
        said = self._output.readline()
        assert said.startswith("Writing stories"), (self.web.data / "workers.log").read_text()

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        self._output.close()
        try:
            return self.process.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # it tells the log where it hangs
            self.process.wait()
            log = (self.web.data / "workers.log").read_text()
            raise AssertionError(f"The worker did not end:\n{log[-_LOG_CHARACTERS:]}") from None
