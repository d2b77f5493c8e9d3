"""The store of LangGraph's checkpoints beside this project's database.

PostgreSQL has both. On SQLite they have a file of their own, so that they never wait for each
other; what is lost with it is only which steps of an unfinished chapter were done.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from django.db import connection

from stories.infra import notify
from stories.workflow.checkpoints import Checkpoints, StoreAway, in_postgres, in_sqlite

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


@asynccontextmanager
async def opened() -> AsyncGenerator[Checkpoints]:
    """Waits for a database that is away."""
    async with AsyncExitStack() as stack:
        yield await _entered(stack)


async def _entered(stack: AsyncExitStack) -> Checkpoints:
    while True:
        try:
            if connection.vendor == "postgresql":
                store = in_postgres(notify.connection_parameters())
            else:
                database = Path(connection.settings_dict["NAME"])
                store = in_sqlite(database.with_name(f"{database.stem}-checkpoints.sqlite3"))
            return await stack.enter_async_context(store)
        except StoreAway:
            logger.exception("no store for checkpoints; trying again")
            await asyncio.sleep(RETRY_SECONDS)
