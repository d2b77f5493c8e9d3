"""Wake-ups between processes: PostgreSQL's NOTIFY, sent within the commit that is the news.

They only spare waiting. Whoever is woken looks into the database, and looks there from time to time
anyway; so a lost wake-up costs a moment and never a story. On SQLite, where one process does
everything, nothing is sent and nothing is listened to.
"""

import asyncio
import logging
import os
import secrets
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg
from django.db import connection, connections

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
    """What happened: a log grew, there is something to write, a stop was asked for.

    ANYTHING is said by the listener itself: it was away, or did not understand.
    """

    LOG = "log"
    WORK = "work"
    STOP = "stop"
    ANYTHING = "anything"


@dataclass(frozen=True)
class Notification:
    topic: Topic
    generation_ids: tuple[uuid.UUID, ...] = ()


def notify(topic: Topic, generation_ids: Iterable[uuid.UUID] = ()) -> None:
    """Tell the other processes; call it inside the transaction that makes the news."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for payload in payloads(topic, generation_ids):
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


async def listen(handle: Callable[[Notification], None]) -> None:
    """Hand on what other processes tell, until cancelled. Returns at once on SQLite."""
    if connection.vendor != "postgresql":
        return
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
    """None for this process's own news, of which it knows already."""
    origin, *rest = payload.split(" ")
    if origin == _origin():
        return None
    try:
        topic, *ids = rest
        return Notification(Topic(topic), tuple(uuid.UUID(hex=text) for text in ids))
    except ValueError:  # another version of the app runs beside this one
        return Notification(Topic.ANYTHING)


def connection_parameters() -> dict[str, Any]:
    """For a connection outside Django's pool: one that is never idle, or another library's."""
    known: dict[str, Any] = connections["default"].get_connection_params()
    django_only = {"cursor_factory", "context"}
    return _KEEPALIVE | {key: known[key] for key in known if key not in django_only}


async def _connect() -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(**connection_parameters(), autocommit=True)


def _origin() -> str:
    return f"{_BORN}-{os.getpid()}"
