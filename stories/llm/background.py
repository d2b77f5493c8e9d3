"""Background work: no request waits for it, it outlives the one that began it, and it ends with the
engine."""

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any
from weakref import WeakKeyDictionary

_tasks: WeakKeyDictionary[asyncio.AbstractEventLoop, set[asyncio.Task[None]]] = WeakKeyDictionary()


def begin(work: Coroutine[Any, Any, None]) -> None:
    """Do it on the running event loop. It bounds its own waits and handles its own errors."""
    tasks = _tasks.setdefault(asyncio.get_running_loop(), set())
    task = asyncio.create_task(work, context=contextvars.Context())
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def end() -> None:
    """Cancel this event loop's unfinished work."""
    tasks = [*_tasks.get(asyncio.get_running_loop(), ())]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
