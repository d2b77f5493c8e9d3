"""Rows of the log: inserting them under a lease, and reading them back."""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from typing import Any, NamedTuple

from django.db import connection

from stories.events import RESYNC, TERMINAL_TYPES, Content, ContentReset, Event
from stories.models import Generation, GenerationEvent
from stories.wakeups import News, notify


class LeaseLost(Exception):
    """Another runner holds this generation now, or it has ended; nothing more may be appended."""


class Entry(NamedTuple):
    """An event on its way into the log; `source` is the text in stand-in form that a `content`
    approves: its chunk's, and what was shown of it before."""

    event: Event
    source: str = ""


@dataclass(frozen=True)
class LogEvent:
    """One committed event."""

    position: int
    type: str
    payload: str

    @cached_property
    def data(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.payload)
        return parsed

    @property
    def is_terminal(self) -> bool:
        return self.type in TERMINAL_TYPES

    @property
    def is_resync(self) -> bool:
        """Whether the text that stands comes next, and what stood before is not told any more."""
        return self.type == "content_reset" and self.data["reason"] == RESYNC

    @cached_property
    def json(self) -> str:
        """The frame's JSON; made once, however many readers follow."""
        return f'{{"type": "{self.type}", "data": {self.payload}}}'


class Addition(NamedTuple):
    """`entries` on their way behind position `last` of a log, from whoever holds this lease."""

    generation_id: uuid.UUID
    lease_id: uuid.UUID | None
    last: int
    entries: Sequence[Entry]

    def rows(self) -> list[GenerationEvent]:
        return [
            GenerationEvent(
                generation_id=self.generation_id,
                position=position,
                type=entry.event.type,
                payload=entry.event.payload,
                source=entry.source,
            )
            for position, entry in enumerate(self.entries, start=self.last + 1)
        ]


def insert(
    generation_id: uuid.UUID, lease_id: uuid.UUID | None, last: int, entries: Sequence[Entry]
) -> list[LogEvent]:
    """Append `entries` after position `last` and tell other processes; call inside a transaction.

    Raises LeaseLost where the lease is no longer held or somebody else has appended; then nothing
    was written.
    """
    (outcome,) = insert_all([Addition(generation_id, lease_id, last, entries)])
    if isinstance(outcome, LeaseLost):
        raise outcome
    return outcome


def insert_all(additions: Sequence[Addition]) -> list[list[LogEvent] | LeaseLost]:
    """`insert` for several logs at once; what of it was refused is returned, not raised."""
    held = [_pass_fence(addition) for addition in additions]
    written = [
        addition.rows() if is_held else []
        for addition, is_held in zip(additions, held, strict=True)
    ]
    GenerationEvent.objects.bulk_create(chain.from_iterable(written))
    for addition, rows in zip(additions, written, strict=True):
        for row, entry in zip(rows, addition.entries, strict=False):
            if _is_resync(entry.event):
                _silence_before(row)
    notify(News.LOG, [addition.generation_id for addition in additions])
    return [
        [LogEvent(row.position, row.type, row.payload) for row in rows]
        if is_held
        else LeaseLost(f"generation {addition.generation_id}")
        for addition, rows, is_held in zip(additions, written, held, strict=True)
    ]


def _is_resync(event: Event) -> bool:
    return isinstance(event, ContentReset) and event.reason == RESYNC


_SILENCE = Content(chunk="", is_complete=False).payload


def _silence_before(reset: GenerationEvent) -> None:
    """Take out of the log what a resync withdraws, as `silenced` does of events."""
    before = GenerationEvent.objects.filter(
        generation_id=reset.generation_id, position__lt=reset.position
    )
    resets = before.filter(type="content_reset").order_by("-position")
    begin = resets.values_list("position", flat=True).first() or 0
    before.filter(type="content", position__gt=begin).update(payload=_SILENCE)


def silenced(events: Iterable[LogEvent]) -> list[LogEvent]:
    """The events without the text that a resync withdraws: it is not told again."""
    told: list[LogEvent] = []
    begin = 0
    for event in events:
        if event.is_resync:
            told[begin:] = [_silent(earlier) for earlier in told[begin:]]
        if event.type == "content_reset":
            begin = len(told)
        told.append(event)
    return told


def _silent(event: LogEvent) -> LogEvent:
    return LogEvent(event.position, "content", _SILENCE) if event.type == "content" else event


# It matches only while the lease is held and nobody else has appended. The ORM would take ten times
# as long to say it, for every event that a reader sees.
_FENCE = """
    UPDATE stories_generation SET last_position = %s
    WHERE id = %s AND COALESCE(lease_id, %s) = %s AND last_position = %s
    AND status IN ('queued', 'running')
"""
_NO_LEASE = uuid.UUID(int=0)


def _pass_fence(addition: Addition) -> bool:
    generation_id, lease_id, last, entries = addition
    as_stored = partial(Generation._meta.pk.get_db_prep_value, connection=connection)
    nobody, holder = as_stored(_NO_LEASE), as_stored(lease_id or _NO_LEASE)
    values = [last + len(entries), as_stored(generation_id), nobody, holder, last]
    with connection.cursor() as cursor:
        cursor.execute(_FENCE, values)
        return bool(cursor.rowcount)


def read_after(generation_id: uuid.UUID, position: int) -> list[LogEvent]:
    """Every event after `position` whose row is kept, in order."""
    rows = GenerationEvent.objects.filter(generation_id=generation_id, position__gt=position)
    columns = rows.order_by("position").values_list("position", "type", "payload")
    return [LogEvent(*row) for row in columns]


def is_end_of_rows(generation_id: uuid.UUID, position: int) -> bool:
    """Whether the terminal event stands at this position."""
    return GenerationEvent.objects.filter(
        generation_id=generation_id, position=position, type__in=TERMINAL_TYPES
    ).exists()


def shown_text(events: Iterable[LogEvent]) -> str:
    """What a reader of these events sees: every chunk since the last reset."""
    chunks: list[str] = []
    for event in events:
        if event.type == "content_reset":
            chunks.clear()
        elif event.type == "content":
            chunks.append(event.data["chunk"])
    return "".join(chunks)


def withdrawing(text: str, revealed: str, *, is_whole: bool) -> list[Entry]:
    """The entries that withdraw whatever readers have but this approved text."""
    return [
        Entry(ContentReset(attempt=0, reason=RESYNC)),
        Entry(Content(chunk=revealed, is_complete=is_whole), source=text),
    ]


def source_text(generation_id: uuid.UUID) -> str:
    """The approved text so far in stand-in form, from which a run is taken up again."""
    rows = GenerationEvent.objects.filter(
        generation_id=generation_id, type__in=("content", "content_reset")
    )
    chunks: list[str] = []
    for type_, source in rows.order_by("position").values_list("type", "source"):
        if type_ == "content_reset":
            chunks.clear()
        chunks.append(source)
    return "".join(chunks)
