"""The processes that make audio: started with the first sentence, ended when nobody listens.

Threads wait for them, so that callers on any event loop can.
"""

import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

IDLE_SECONDS = 300.0
# The first sentence waits for the voice to be loaded, too.
ANSWER_SECONDS = 60.0
MAX_WAITING_PER_PROCESS = 32
_PROJECT = Path(__file__).resolve().parents[2]
# A process is told no more of the environment, which holds secrets.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH")
_ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class NarrationFailed(Exception):
    """No audio was made; another try may do better."""


class TooManyWait(NarrationFailed):
    """So many sentences wait that another one would come too late."""


class _Ended(Exception):
    """The process is not there any more."""


class Pool:
    """Up to `size` processes, each with a sentence at a time."""

    def __init__(
        self,
        size: int,
        *,
        idle_seconds: float = IDLE_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="narration")
        self._free: queue.LifoQueue[_Process] = queue.LifoQueue()
        self._room = threading.BoundedSemaphore(size * MAX_WAITING_PER_PROCESS)
        for _ in range(size):
            self._free.put(_Process(idle_seconds, answer_seconds))

    def make(self, wanted: Mapping[str, Any]) -> "Future[None]":
        """Have `file` made of `text`, `speed`, `piper` and `max_bytes`, as `process.main` takes
        them. The future may raise NarrationFailed; this raises TooManyWait at once."""
        if not self._room.acquire(blocking=False):
            raise TooManyWait
        made = self._threads.submit(self._make, wanted)
        made.add_done_callback(lambda _: self._room.release())
        return made

    def close(self) -> None:
        """End the processes, when they have made what they were asked for."""
        self._threads.shutdown()
        while not self._free.empty():
            self._free.get().end()

    def _make(self, wanted: Mapping[str, Any]) -> None:
        process = self._free.get()
        try:
            if not Path(wanted["file"]).exists():  # another may have wanted the same
                process.make(wanted)
        finally:
            self._free.put(process)


class _Process:
    def __init__(self, idle_seconds: float, answer_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._answer_seconds = answer_seconds
        self._running: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._idle = threading.Timer(0, lambda: None)

    def make(self, wanted: Mapping[str, Any]) -> None:
        self._idle.cancel()
        with self._lock:
            problem = self._problem_with(json.dumps(wanted))
            self._idle = threading.Timer(self._idle_seconds, self.end)
            self._idle.daemon = True
            self._idle.start()
        if problem:
            logger.warning("no narration: %s", problem)
            raise NarrationFailed(problem)

    def end(self) -> None:
        """End it, when it has made what it was asked for. Asked again, it is started again."""
        self._idle.cancel()
        with self._lock:
            if self._running is not None:
                self._running.communicate()
                self._running = None

    def _problem_with(self, line: str) -> str:
        """What went wrong, "" for nothing. A process that was ended by others is not the fault of
        the sentence, which then has another try."""
        try:
            return self._asked(line)
        except _Ended:
            logger.info("the process that makes narration ended; another one is started")
        try:
            return self._asked(line)
        except _Ended:
            return "the process ended again"

    def _asked(self, line: str) -> str:
        if self._running is not None and self._running.poll() is not None:
            self._drop()
        try:
            running = self._running = self._running or self._start()
        except OSError as error:
            return f"the process cannot be started ({type(error).__name__})"
        too_late = threading.Timer(self._answer_seconds, running.kill)
        too_late.start()
        try:
            return str(json.loads(_answer(running, line))["problem"])
        except (OSError, ValueError) as error:
            was_too_late = too_late.finished.is_set()
            self._drop()
            if was_too_late:
                return "no answer in time"
            raise _Ended from error
        finally:
            too_late.cancel()

    def _drop(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.communicate()
            self._running = None

    def _start(self) -> "subprocess.Popen[str]":
        known = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-m", "stories.narration.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_PROJECT,
            env=known | _ONE_CORE,
            encoding="utf-8",
        )


def _answer(running: "subprocess.Popen[str]", line: str) -> str:
    if running.stdin is None or running.stdout is None:
        raise TypeError("a process that was started with pipes has them")
    running.stdin.write(line + "\n")
    running.stdin.flush()
    return running.stdout.readline()
