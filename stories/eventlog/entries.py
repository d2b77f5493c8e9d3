"""Rows of the log: inserting them under a lease, and reading them back."""

import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

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

    def events(self) -> list[LogEvent]:
        return [
            LogEvent(position, entry.event.type, entry.event.payload)
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
    held = _pass_fence(additions)
    outcomes = [
        addition.events()
        if addition.generation_id in held
        else LeaseLost(f"generation {addition.generation_id}")
        for addition in additions
    ]
    _insert(additions, outcomes)
    for of, events in zip(additions, outcomes, strict=True):
        for event in events if isinstance(events, list) else []:
            if event.is_resync:
                _silence_before(of.generation_id, event.position)
    notify(News.LOG, held)
    return outcomes


_SILENCE = Content(chunk="", is_complete=False).payload


def _silence_before(generation_id: uuid.UUID, position: int) -> None:
    """Take out of the log what a resync withdraws, as `silenced` does of events."""
    before = GenerationEvent.objects.filter(generation_id=generation_id, position__lt=position)
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


# The ORM would be most of the time that an event takes to its readers; in these two statements:
# a row matches only while the lease is held and nobody else has appended.
_FENCE = """
    UPDATE stories_generation SET last_position = added.column4
    FROM (VALUES {}) AS added
    WHERE id = added.column1 AND COALESCE(lease_id, %s) = added.column2
    AND last_position = added.column3 AND status IN ('queued', 'running')
    RETURNING id
"""
_INSERT = """
    INSERT INTO stories_generationevent
    (generation_id, position, type, payload, source, created_at) VALUES {}
"""
_NO_LEASE = uuid.UUID(int=0)


def _pass_fence(additions: Sequence[Addition]) -> set[uuid.UUID]:
    """The logs that have moved on, to which the additions may be made."""
    values = [
        (_stored(of), _stored(lease_id or _NO_LEASE), last, last + len(entries))
        for of, lease_id, last, entries in additions
    ]
    with connection.cursor() as cursor:
        cursor.execute(_many(_FENCE, values), [*chain.from_iterable(values), _stored(_NO_LEASE)])
        return {uuid.UUID(str(row[0])) for row in cursor.fetchall()}


def _insert(additions: Sequence[Addition], outcomes: Sequence[list[LogEvent] | LeaseLost]) -> None:
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    rows = [
        (_stored(of.generation_id), event.position, event.type, event.payload, entry.source, now)
        for of, events in zip(additions, outcomes, strict=True)
        if isinstance(events, list)
        for event, entry in zip(events, of.entries, strict=True)
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_many(_INSERT, rows), [*chain.from_iterable(rows)])


def _stored(id_: uuid.UUID) -> Any:
    return Generation._meta.pk.get_db_prep_value(id_, connection=connection)


def _many(statement: str, rows: Sequence[tuple[Any, ...]]) -> str:
    """The statement with places for these rows."""
    return statement.format(", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows)))


def read_after(generation_id: uuid.UUID, position: int) -> list[LogEvent]:
    """Every event after `position` whose row is kept, in order."""
    rows = GenerationEvent.objects.filter(generation_id=generation_id, position__gt=position)
    columns = rows.order_by("position").values_list("position", "type", "payload")
    return [LogEvent(*row) for row in columns]


def last_positions(generation_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How far each of these logs has come."""
    of_these = Generation.objects.filter(pk__in=generation_ids)
    return dict(of_these.values_list("pk", "last_position"))


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
