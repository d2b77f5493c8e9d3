"""Rows of the log: inserting them under a lease, and reading them back."""

import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from stories.infra.notify import CHANNEL, Topic, payloads
from stories.models import Generation, GenerationEvent
from stories.vocabulary.events import RESYNC, TERMINAL_TYPES, Content, ContentReset, Event


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
    def is_reset(self) -> bool:
        """True when the text before it is withdrawn, and is told to nobody any more."""
        return self.type == "content_reset"

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


def commit_all(additions: Sequence[Addition]) -> list[list[LogEvent] | LeaseLost]:
    """`insert_all`, committed.

    PostgreSQL's one statement is a transaction of its own, but for what a reset takes back.
    """
    is_one_statement = connection.vendor == "postgresql" and not any(
        isinstance(entry.event, ContentReset) for of in additions for entry in of.entries
    )
    with nullcontext() if is_one_statement else transaction.atomic():
        return insert_all(additions)


def insert_all(additions: Sequence[Addition]) -> list[list[LogEvent] | LeaseLost]:
    """Append to several logs and tell other processes; a refusal is returned, not raised.

    LeaseLost stands where the lease is no longer held or somebody else has appended; nothing was
    written there. Call it inside a transaction.
    """
    added = [addition.events() for addition in additions]
    append = _append_on_postgres if connection.vendor == "postgresql" else _append
    held = append(additions, added)
    for of, events in zip(additions, added, strict=True):
        for event in events:
            # No reader who comes later may find the withdrawn text in the rows.
            if event.is_reset and of.generation_id in held:
                _silence_before(of.generation_id, event.position)
    return [
        events if of.generation_id in held else LeaseLost(f"generation {of.generation_id}")
        for of, events in zip(additions, added, strict=True)
    ]


_SILENCE, _WHOLE_SILENCE = (
    Content(chunk="", is_complete=is_complete).payload for is_complete in (False, True)
)


def _silence_before(generation_id: uuid.UUID, position: int) -> None:
    """Take the text withdrawn by a reset out of the log, as `without_withdrawn` does of events."""
    before = GenerationEvent.objects.filter(generation_id=generation_id, position__lt=position)
    resets = before.filter(type="content_reset").order_by("-position")
    begin = resets.values_list("position", flat=True).first() or 0
    shown = before.filter(type="content", position__gt=begin)
    whole = [row.pk for row in shown.only("payload") if row.data["is_complete"]]
    # Emptied and not deleted: a reader's cursor may stand at any of these positions.
    shown.exclude(pk__in=whole).update(payload=_SILENCE, source="")
    shown.filter(pk__in=whole).update(payload=_WHOLE_SILENCE, source="")


def without_withdrawn(events: Iterable[LogEvent]) -> list[LogEvent]:
    """The events without text withdrawn by a reset: it is not told again."""
    told: list[LogEvent] = []
    begin = 0
    for event in events:
        if event.is_reset:
            told[begin:] = [_silent(earlier) for earlier in told[begin:]]
            begin = len(told)
        told.append(event)
    return told


def _silent(event: LogEvent) -> LogEvent:
    if event.type != "content":
        return event
    silence = _WHOLE_SILENCE if event.data["is_complete"] else _SILENCE
    return LogEvent(event.position, event.type, silence)


# The ORM would be most of the time that an event takes to its readers. A log is appended to only
# while the lease is held and nobody else has appended; what is returned are the logs that were. A
# missing lease is compared as the log's own id, since NULL equals nothing.
_FENCE = """
    UPDATE stories_generation SET last_position = added.column4
    FROM (VALUES {}) AS added
    WHERE id = added.column1 AND COALESCE(lease_id, added.column1) = added.column2
    AND last_position = added.column3 AND status IN ('queued', 'running')
    RETURNING id
"""
_INSERT = """
    INSERT INTO stories_generationevent
    (generation_id, position, type, payload, source, created_at) VALUES {}
"""
# All of it in one statement, for which the database is asked once. JSON is written in a fraction of
# the time that the driver takes over arrays.
_APPEND = """
    WITH held AS (
        UPDATE stories_generation SET last_position = added.next
        FROM json_to_recordset(%s::json) AS added (log uuid, lease uuid, last int, next int)
        WHERE id = log AND COALESCE(lease_id, id) = lease
        AND last_position = last AND status IN ('queued', 'running')
        RETURNING id
    ), events AS (
        INSERT INTO stories_generationevent
        (generation_id, position, type, payload, source, created_at)
        SELECT log, position, type, payload, source, %s
        FROM json_to_recordset(%s::json)
        AS event (log uuid, position int, type text, payload text, source text)
        JOIN held ON held.id = log
    )
    SELECT id, (
        SELECT count(pg_notify(%s, notice)) FROM json_array_elements_text(%s::json) AS notice
    ) FROM held
"""


def _append(additions: Sequence[Addition], added: Sequence[Sequence[LogEvent]]) -> set[uuid.UUID]:
    """The logs with the additions made."""
    fences: list[tuple[Any, ...]] = [
        (of.hex, (lease_id or of).hex, last, last + len(entries))
        for of, lease_id, last, entries in additions
    ]
    with connection.cursor() as cursor:
        cursor.execute(_many(_FENCE, fences), [*chain.from_iterable(fences)])
        held = {uuid.UUID(row[0]) for row in cursor.fetchall()}
        # Raw SQL goes past the field that would convert it for SQLite.
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        # A log that failed its fence gets no rows: its runner has lost the lease.
        rows: list[tuple[Any, ...]] = [
            (log.hex, *row, now) for log, *row in _rows(additions, added) if log in held
        ]
        if rows:
            cursor.execute(_many(_INSERT, rows), [*chain.from_iterable(rows)])
    return held


def _append_on_postgres(
    additions: Sequence[Addition], added: Sequence[Sequence[LogEvent]]
) -> set[uuid.UUID]:
    """The same, and other processes are told."""
    fences = [
        {"log": of.hex, "lease": (lease_id or of).hex, "last": last, "next": last + len(entries)}
        for of, lease_id, last, entries in additions
    ]
    events = [
        {"log": log.hex, "position": position, "type": type_, "payload": payload, "source": source}
        for log, position, type_, payload, source in _rows(additions, added)
    ]
    notices = payloads(Topic.LOG, [of.generation_id for of in additions])
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND,
            [
                json.dumps(fences),
                timezone.now(),
                # Escaped, Hebrew would take six bytes a letter.
                json.dumps(events, ensure_ascii=False),
                CHANNEL,
                json.dumps(notices),
            ],
        )
        return {row[0] for row in cursor.fetchall()}


_Row = tuple[uuid.UUID, int, str, str, str]


def _rows(additions: Sequence[Addition], added: Sequence[Sequence[LogEvent]]) -> list[_Row]:
    return [
        (of.generation_id, event.position, event.type, event.payload, entry.source)
        for of, events in zip(additions, added, strict=True)
        for event, entry in zip(events, of.entries, strict=True)
    ]


def _many(statement: str, rows: Sequence[tuple[object, ...]]) -> str:
    """The statement with placeholders for these rows."""
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
    """True when the terminal event stands at this position."""
    return GenerationEvent.objects.filter(
        generation_id=generation_id, position=position, type__in=TERMINAL_TYPES
    ).exists()


def shown_text(events: Iterable[LogEvent]) -> str:
    """The text on a reader's screen after these events: every chunk since the last reset."""
    chunks: list[str] = []
    for event in events:
        if event.type == "content_reset":
            chunks.clear()
        elif event.type == "content":
            chunks.append(event.data["chunk"])
    return "".join(chunks)


def resync_entries(text: str, revealed: str, *, is_whole: bool) -> list[Entry]:
    """The entries that leave readers with this approved text alone."""
    return [
        Entry(ContentReset(attempt=0, reason=RESYNC)),
        Entry(Content(chunk=revealed, is_complete=is_whole), source=text),
    ]


def source_text(generation_id: uuid.UUID) -> str:
    """The approved text so far in stand-in form: the start of a resumed run."""
    rows = GenerationEvent.objects.filter(
        generation_id=generation_id, type__in=("content", "content_reset")
    )
    chunks: list[str] = []
    for type_, source in rows.order_by("position").values_list("type", "source"):
        if type_ == "content_reset":
            chunks.clear()
        chunks.append(source)
    return "".join(chunks)
