"""Wake-ups after a commit: for this process directly, for the others by PostgreSQL's NOTIFY.

They only spare waiting. Whoever is woken looks into the database, and looks there from time to time
anyway; so a lost wake-up costs a moment and never a story. On SQLite one process does everything,
and nothing is sent to others.
"""

import asyncio
import logging
import os
import secrets
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import psycopg
from django.db import connection, connections, transaction

from .waiting import call_on

logger = logging.getLogger(__name__)

CHANNEL = "storyteller"
# A payload has less than 8000 bytes; an id takes 33 of them.
IDS_PER_NOTIFICATION = 200
MIN_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0
# A connection whose other end vanished without a word is found out within a minute.
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_BORN = secrets.token_hex(4)


class Topic(StrEnum):
    """The topic of a notification: a log grew, there is something to write, a stop was asked for,
    leases were taken from their holders.

    ANYTHING is said by the listener itself: it was away, or did not understand.
    """

    LOG = "log"
    WORK = "work"
    STOP = "stop"
    LEASES = "leases"
    ANYTHING = "anything"


@dataclass(frozen=True)
class Notification:
    topic: Topic
    generation_ids: tuple[uuid.UUID, ...] = ()


Handle = Callable[[Notification], None]

# Listeners in this process, each on its own event loop.
_listeners: list[tuple[asyncio.AbstractEventLoop, Handle]] = []


def notify(topic: Topic, generation_ids: Iterable[uuid.UUID] = ()) -> None:
    """Wake this process and the others on commit of the open transaction.

    A transaction that is rolled back wakes nobody. Call it from any thread.
    """
    notification = Notification(topic, tuple(generation_ids))
    transaction.on_commit(partial(_tell_listeners, notification))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for payload in payloads(topic, notification.generation_ids):
                cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


async def listen(handle: Handle) -> None:
    """Hand on notifications of this process and the others, on the running loop, until
    cancelled."""
    listener = (asyncio.get_running_loop(), handle)
    _listeners.append(listener)
    try:
        if connection.vendor == "postgresql":
            await _listen_to_others(handle)
        await asyncio.Event().wait()
    finally:
        _listeners.remove(listener)


def _tell_listeners(notification: Notification) -> None:
    for loop, handle in _listeners.copy():
        call_on(loop, handle, notification)


async def _listen_to_others(handle: Handle) -> None:
    pause = MIN_PAUSE_SECONDS
    while True:
        try:
            async with await _connect() as listening:
                await listening.execute(f"LISTEN {CHANNEL}".encode())
                pause = MIN_PAUSE_SECONDS
                handle(Notification(Topic.ANYTHING))
                async for sent in listening.notifies():
                    if notification := parse(sent.payload):
                        handle(notification)
        except psycopg.Error as error:
            logger.warning("no wake-ups from other processes for now: %s", type(error).__name__)
        await asyncio.sleep(pause)
        pause = min(pause * 2, MAX_PAUSE_SECONDS)


def payloads(topic: Topic, generation_ids: Iterable[uuid.UUID]) -> list[str]:
    ids = [generation_id.hex for generation_id in generation_ids]
    return [
        " ".join([_origin(), topic, *ids[start : start + IDS_PER_NOTIFICATION]])
        for start in range(0, max(len(ids), 1), IDS_PER_NOTIFICATION)
    ]


def parse(payload: str) -> Notification | None:
    """The notification in a payload; None for this process's own, which its listeners had on
    commit."""
    origin, *rest = payload.split(" ")
    if origin == _origin():
        return None
    try:
        topic, *ids = rest
        return Notification(Topic(topic), tuple(uuid.UUID(hex=text) for text in ids))
    except ValueError:  # another version of the app runs beside this one
        return Notification(Topic.ANYTHING)


def connection_parameters() -> dict[str, Any]:
    """Parameters for a connection outside Django's pool: a listening one, or another library's."""
    known: dict[str, Any] = connections["default"].get_connection_params()
    django_only = {"cursor_factory", "context"}
    return _KEEPALIVE | {key: known[key] for key in known if key not in django_only}


async def _connect() -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(**connection_parameters(), autocommit=True)


def _origin() -> str:
    return f"{_BORN}-{os.getpid()}"
