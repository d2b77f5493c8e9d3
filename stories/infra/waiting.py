"""Bounded waits, lost cancellations, and calls into an event loop."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVarTuple

Arguments = TypeVarTuple("Arguments")


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """True when `event` was set within `seconds`.

    Not `asyncio.wait_for`: before Python 3.12 it loses a cancellation that comes with the event.
    """
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def raise_if_cancelled() -> None:
    """Raise the cancellation of this task that a library has lost: `asyncio.wait_for`, by which
    psycopg's pool waits for a connection, does so before Python 3.12. Without one, do nothing."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def call_on(
    loop: asyncio.AbstractEventLoop,
    function: Callable[[*Arguments], object],
    *arguments: *Arguments,
) -> None:
    """Call `function` soon on another thread's event loop; not at all on a closed one."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *arguments)
