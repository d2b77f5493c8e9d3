"""Cursors: a position in one generation's log, the same for every reader and every connection."""

import re
import uuid
from typing import NamedTuple

_FORM = re.compile(r"([0-9a-f]{32})-(\d{1,9})")


class Cursor(NamedTuple):
    generation_id: uuid.UUID
    position: int

    def __str__(self) -> str:
        return f"{self.generation_id.hex}-{self.position}"


def parse_cursor(text: str) -> Cursor | None:
    """The position in a cursor; None for text that was never a cursor."""
    match = _FORM.fullmatch(text.strip())
    return Cursor(uuid.UUID(match[1]), int(match[2])) if match else None
