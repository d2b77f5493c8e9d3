"""Events between a stand-in's thread and whoever tests with it."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


class Signal:
    """Something that happens once, and can be awaited from any thread and any event loop."""

    def __init__(self) -> None:
        self.at: float | None = None
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._waiting: list[Callable[[], None]] = []

    def __bool__(self) -> bool:
        return self._event.is_set()

    def set(self) -> None:
        with self._lock:
            if self:
                return
            self.at = time.monotonic()
            self._event.set()
        for wake in self._waiting:
            with contextlib.suppress(RuntimeError):  # that loop is closed by now
                wake()

    def wait(self, seconds: float = 30.0) -> None:
        if not self._event.wait(seconds):
            raise TimeoutError

    async def seen(self, seconds: float | None = 30.0) -> None:
        loop, here = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(here.set)

        with self._lock:
            if self:
                return
            self._waiting.append(wake)
        async with asyncio.timeout(seconds):
            await here.wait()


@dataclass
class Hold:
    """Stops a reply before its token number `after` (0 is the first), until it is released."""

    after: int
    reached: Signal = field(default_factory=Signal)
    released: Signal = field(default_factory=Signal)

    def release(self) -> None:
        self.released.set()
