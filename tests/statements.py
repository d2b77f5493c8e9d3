"""Acts in the middle of the app's own work, timed by the statement that it is about to make."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from django.db import connection

from stories.infra.db import THREADS, in_database


@asynccontextmanager
async def before(verb: str, table: str, act: Callable[[], None]) -> AsyncIterator[None]:
    """Has `act` done once, before the first such statement, by whichever of the app's threads."""
    is_due = True

    def watch(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        nonlocal is_due
        if is_due and sql.lstrip().startswith(verb) and table in sql:
            is_due = False
            act()
        return execute(sql, *arguments)

    await on_every_thread(lambda: connection.execute_wrappers.append(watch))
    yield
    await on_every_thread(lambda: connection.execute_wrappers.remove(watch))


async def on_every_thread(act: Callable[[], None]) -> None:
    everybody = threading.Barrier(THREADS)

    def take_part() -> None:
        everybody.wait()
        act()

    await asyncio.gather(*(in_database(take_part) for _ in range(THREADS)))
