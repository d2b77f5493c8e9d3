"""Bringing the database up to date, also where several processes start at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

_LOCK = 0x5701237E  # any number that nobody else locks


def bring_up_to_date() -> None:
    with migration_lock():
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)


@contextmanager
def migration_lock() -> Iterator[None]:
    """On PostgreSQL processes wait for each other; SQLite serves one process."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
