"""Django's SQLite backend with every statement counted."""

import mmap
import os
import struct
import threading
from collections.abc import Callable
from typing import Any

from django.db.backends.sqlite3.base import DatabaseWrapper as Sqlite

from . import SIZE, kind_of

_counting = threading.Lock()


def _shared() -> mmap.mmap:
    with open(os.environ["BENCHMARK_COUNTS"], "a+b") as file:  # noqa: PTH123 - mmap wants a file
        file.truncate(SIZE)
        return mmap.mmap(file.fileno(), SIZE)


_counts = _shared()


class DatabaseWrapper(Sqlite):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute_wrappers.append(_count)


def _count(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if (kind := kind_of(sql)) >= 0:
        with _counting:
            at = kind * 8
            struct.pack_into("q", _counts, at, struct.unpack_from("q", _counts, at)[0] + 1)
    return execute(sql, params, many, context)
