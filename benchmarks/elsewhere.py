"""Work in processes of their own, so that what loads the app and what plays its model costs it
nothing but turns on the machine."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")

SPAWN = multiprocessing.get_context("spawn")
_MAX_SECONDS = 240
_READY = "ready"


class Elsewhere(Generic[Answer]):
    """`work(ready, *arguments)` in its own process; it calls `ready` once what it opens is open."""

    def __init__(self, work: Callable[..., Answer], *arguments: Any) -> None:
        self._here, there = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_do, args=(there, work, arguments), daemon=True)
        self._process.start()
        there.close()

    @property
    def is_working(self) -> bool:
        return not self._here.poll()

    def wait_until_ready(self) -> None:
        self._next()

    def answer(self) -> Answer:
        while (said := self._next()) == _READY:
            pass
        self._process.join()
        answer: Answer = said
        return answer

    def _next(self) -> Any:
        if not self._here.poll(_MAX_SECONDS):
            raise TimeoutError(f"nothing from {self._process.name}")
        return self._here.recv()


def _do(there: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    there.send(work(lambda: there.send(_READY), *arguments))
