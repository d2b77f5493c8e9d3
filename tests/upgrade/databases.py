"""The databases of the dumps: an empty one that is filled, and its rows, whatever they are."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from testkit import postgres

# Django's own records: of what was migrated, of kinds of rows, and of ids that were given.
_BOOKKEEPING = ("django_", "auth_permission", "sqlite_", "checkpoint")

Cursor = sqlite3.Cursor | psycopg.Cursor[Any]


class Row(NamedTuple):
    """One row of a table, by its primary key, which is the first column of each."""

    table: str
    key: str


Rows = dict[Row, Counter[str]]
"""The values of each row, without their columns: these may be renamed, and others added."""


@dataclass(frozen=True)
class Database:
    """A database that holds a release's dump; `variables` point the app at it."""

    connect: Callable[[], sqlite3.Connection | psycopg.Connection[Any]]
    table_names: str
    variables: dict[str, str] = field(default_factory=dict)

    def rows(self) -> Rows:
        return {row: values for table in self._tables() for row, values in self._rows_of(table)}

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self._cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []

    def _tables(self) -> list[str]:
        names = [str(name) for (name,) in self.ask(self.table_names)]
        return [name for name in names if not name.startswith(_BOOKKEEPING)]

    def _rows_of(self, table: str) -> Iterator[tuple[Row, Counter[str]]]:
        for key, *values in self.ask(f'SELECT * FROM "{table}"'):
            yield Row(table, str(key)), Counter(json.dumps(value, default=str) for value in values)

    @contextmanager
    def _cursor(self) -> Generator[Cursor]:
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            yield cursor


@contextmanager
def sqlite(release: Path, data: Path) -> Generator[Database]:
    """In the app's data directory, where it looks for it."""
    for dump, name in (
        ("sqlite", "storyteller"),
        ("sqlite-checkpoints", "storyteller-checkpoints"),
    ):
        with closing(sqlite3.connect(data / f"{name}.sqlite3")) as connection:
            connection.executescript((release / f"{dump}.sql").read_text(encoding="utf-8"))
    yield Database(
        connect=lambda: sqlite3.connect(data / "storyteller.sqlite3", isolation_level=None),
        table_names="SELECT name FROM sqlite_master WHERE type = 'table'",
    )


@contextmanager
def postgresql(release: Path, _data: Path) -> Generator[Database]:
    with postgres.server() as server_url, postgres.database(server_url) as url:
        postgres.ask(url, (release / "postgresql.sql").read_text(encoding="utf-8"))
        yield Database(
            connect=lambda: psycopg.connect(url, autocommit=True),
            table_names="SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
            variables={"DATABASE_URL": url},
        )
