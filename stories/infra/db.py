"""Database work from async code: a few threads with a connection each, and no other connections.
And turns, for what only one process may decide at a time.

A stream waits for minutes; work done through Django's own thread-sensitive hop would keep one
thread and one connection per open request for as long. Here a connection is in use only while a
function runs.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, connections

P = ParamSpec("P")
T = TypeVar("T")

# Raised where the database cannot be used at the moment. Its other errors are ours, and come again
# however often the same thing is tried.
DATABASE_AWAY = (OperationalError, InterfaceError)

THREADS = 6
_threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="stories-db")


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` in a thread with access to the ORM; its exceptions come through."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, lambda: _run(function, *args, **kwargs))


def _run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return function(*args, **kwargs)
    except InterfaceError as error:  # what a driver says of a connection that is gone already
        raise OperationalError(*error.args) from error
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.errors_occurred:
                connection.close()


def take_turn(number: int) -> None:
    """Wait until no other transaction has the turn of this number, and keep it to this one's end.

    SQLite's transactions exclude each other anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def tidy_up() -> None:
    """Copy commits from SQLite's write-ahead log into its database, so that no commit has to stop
    for that."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")


def close_connections() -> None:
    """Close the threads' connections, so that a test's database can be removed."""
    futures = [_threads.submit(connections.close_all) for _ in range(THREADS * 4)]
    for future in futures:
        future.result()
