"""Statements to the database by what they are for, counted where another process can read them."""

import struct
from pathlib import Path
from typing import NamedTuple, Self

_FORM = struct.Struct("3q")
SIZE = _FORM.size


class Counts(NamedTuple):
    log_reads: int = 0
    other_reads: int = 0
    writes: int = 0

    @classmethod
    def kept_in(cls, path: Path) -> Self:
        return cls(*_FORM.unpack(path.read_bytes()[:SIZE]))

    def __sub__(self, before: "Counts") -> "Counts":
        return Counts(*(now - then for now, then in zip(self, before, strict=True)))


def kind_of(sql: str) -> int:
    """The index in `Counts`; -1 for what only frames transactions."""
    verb, _, rest = sql.partition(" ")
    if verb == "SELECT":
        return 0 if 'FROM "stories_generationevent"' in rest else 1
    return 2 if verb in {"INSERT", "UPDATE", "DELETE"} else -1
