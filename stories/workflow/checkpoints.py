"""Checkpoints of LangGraph: the finished steps of a chapter, in its own savers.

A thread is one run. It holds text in stand-in form and nothing else of the child, and is forgotten
when the run has ended.
"""

import asyncio
import functools
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
import psycopg
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from stories.infra.waiting import raise_if_cancelled

# Exceptions of a store that cannot be used at the moment.
StoreAway = (
    sqlite3.OperationalError,
    sqlite3.InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)

_BUSY_SECONDS = 20.0
_MAX_CONNECTIONS = 2
_LOCK = 0x57012380  # any number that nobody else locks
_LOCK_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """One process's access to the store; lives on one event loop."""

    saver: BaseCheckpointSaver[Any]
    threads: Callable[[], Awaitable[set[str]]]  # all that it holds anything of

    async def forget(self, thread_id: str) -> None:
        await self.saver.adelete_thread(thread_id)


@asynccontextmanager
async def in_sqlite(path: Path) -> AsyncGenerator[Checkpoints]:
    async with aiosqlite.connect(path, timeout=_BUSY_SECONDS) as connection:
        await connection.execute("PRAGMA synchronous=NORMAL")
        saver = AsyncSqliteSaver(connection)
        await saver.setup()
        try:
            yield Checkpoints(saver, functools.partial(_threads_in_sqlite, saver))
        finally:
            # LangGraph may still be writing for a run that was cancelled. Closed within a
            # transaction, the connection would keep SQLite's write lock.
            async with saver.lock:
                await connection.close()


@asynccontextmanager
async def in_postgres(parameters: Mapping[str, Any]) -> AsyncGenerator[Checkpoints]:
    """`parameters` are what psycopg connects with. Raises psycopg.Error where it cannot."""
    pool: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]] = AsyncConnectionPool(
        kwargs={**parameters, "autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
        min_size=1,
        max_size=_MAX_CONNECTIONS,
        open=False,
    )
    async with pool:
        saver = AsyncPostgresSaver(pool)
        await _set_up(saver, pool)
        raise_if_cancelled()
        yield Checkpoints(saver, functools.partial(_threads_in_postgres, pool))


async def _threads_in_sqlite(saver: AsyncSqliteSaver) -> set[str]:
    query = "SELECT thread_id FROM checkpoints UNION SELECT thread_id FROM writes"
    async with saver.lock, saver.conn.execute(query) as cursor:
        return {row[0] async for row in cursor}


async def _threads_in_postgres(
    pool: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]],
) -> set[str]:
    query = """
        SELECT thread_id FROM checkpoints UNION SELECT thread_id FROM checkpoint_writes
        UNION SELECT thread_id FROM checkpoint_blobs
    """
    async with pool.connection() as connection:
        raise_if_cancelled()
        cursor = await connection.execute(query)
        return {row["thread_id"] async for row in cursor}


async def _set_up(
    saver: AsyncPostgresSaver, pool: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]]
) -> None:
    """One process at a time. They do not wait within a query: its snapshot would keep the indexes
    from being built, for which the others wait."""
    async with pool.connection() as connection:
        while not await _is_locked(connection):  # noqa: ASYNC110 - the lock is in the database
            await asyncio.sleep(_LOCK_POLL_SECONDS)
        try:
            await saver.setup()
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


async def _is_locked(connection: psycopg.AsyncConnection[DictRow]) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS is_ours", [_LOCK])
    row = await cursor.fetchone()
    return bool(row and row["is_ours"])
