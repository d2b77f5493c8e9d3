"""Audit of readers: their events against the log at the end."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from testkit.conformance.log import is_same, withdrawn_in
from testkit.conformance.wire import Frame

# A cursor that no server has ever issued.
UNKNOWN = "nonsense"


@dataclass
class Reading:
    """One reader's unbroken reading; `snapshot` is the text of a resync."""

    snapshot: str | None = None
    frames: list[Frame] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return bool(self.frames) and self.frames[-1].is_terminal

    @property
    def cursor(self) -> str:
        """The cursor that a client comes back with: a resync leaves it as it was, until an event
        follows."""
        if self.frames:
            return self.frames[-1].id
        return UNKNOWN if self.snapshot is not None else ""


def as_told(log: Sequence[Frame], readings: Iterable[Reading]) -> list[Frame]:
    """The log with the text that it has no more, since it was withdrawn, as the first of these
    readers to have it was told it; empty where none of them was there in time."""
    withdrawn = withdrawn_in(log)
    told: dict[str, Frame] = {}
    for frame in (frame for reading in readings for frame in reading.frames):
        if frame.id in withdrawn and frame.data["chunk"]:
            told.setdefault(frame.id, frame)
    return [told.get(frame.id, frame) for frame in log]


def faults_of(reading: Reading, log: Sequence[Frame], *, is_whole: bool) -> Counter[str]:
    """How many events it lost, had twice, out of order, or other than they stand in the log, which
    is `as_told`: of text that was withdrawn, a reader has that or an empty chunk.

    `is_whole` says that the reader has read to the end.
    """
    found: Counter[str] = Counter()
    withdrawn = withdrawn_in(log)
    index = {frame.id: at for at, frame in enumerate(log)}
    at, seen = _beginning(reading, log, index, found), set[str]()
    for frame in reading.frames:
        here = index.get(frame.id)
        if here is None or not is_same(frame, log[here], withdrawn):
            found["changed"] += 1
        elif frame.id in seen:
            found["repeated"] += 1
        elif here < at:
            found["out of order"] += 1
        else:
            found["lost"] += here - at
            at = here + 1
        seen.add(frame.id)
    if is_whole:
        found["lost"] += len(log) - at
    return +found


def _beginning(
    reading: Reading, log: Sequence[Frame], index: dict[str, int], found: Counter[str]
) -> int:
    """The position in the log at which a reading begins: at its start, or where the snapshot
    ends."""
    if reading.snapshot is None:
        return 0
    at = index.get(reading.frames[0].id, 0) if reading.frames else len(log)
    if reading.frames and not re.fullmatch(_text_before(log, at), reading.snapshot):
        found["changed"] += 1
    return at


def _text_before(log: Sequence[Frame], at: int) -> str:
    """A pattern for the text as it was there: of what was withdrawn later, a chunk that no reader
    was told may have been any."""
    withdrawn = withdrawn_in(log) if any(f.type == "content_reset" for f in log[at:]) else set()
    pattern: list[str] = []
    for frame in log[:at]:
        if frame.type == "content_reset":
            pattern.clear()
        elif frame.type == "content":
            is_unknown = frame.id in withdrawn and frame.data == {"chunk": "", "is_complete": False}
            pattern.append("(?s:.+)" if is_unknown else re.escape(frame.data["chunk"]))
    return "".join(pattern)
