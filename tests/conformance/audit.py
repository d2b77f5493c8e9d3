"""What readers have seen, held against the log that there is in the end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.conformance.log import text_of
from tests.conformance.wire import Frame

# A cursor that no server has ever issued.
UNKNOWN = "nonsense"


@dataclass
class Reading:
    """What one reader has read without beginning again; `snapshot` is the text of a resync."""

    snapshot: str | None = None
    frames: list[Frame] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return bool(self.frames) and self.frames[-1].is_terminal

    @property
    def cursor(self) -> str:
        """What a client comes back with: a resync leaves it as it was, until an event follows."""
        if self.frames:
            return self.frames[-1].id
        return UNKNOWN if self.snapshot is not None else ""


def faults_of(reading: Reading, log: Sequence[Frame], *, is_whole: bool) -> Counter[str]:
    """How many events it lost, had twice, out of order, or other than they stand in the log.

    `is_whole` says that the reader has read to the end.
    """
    found: Counter[str] = Counter()
    index = {frame.id: at for at, frame in enumerate(log)}
    at, seen = _beginning(reading, log, index, found), set[str]()
    for frame in reading.frames:
        here = index.get(frame.id)
        if here is None or log[here].raw != frame.raw:
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
    """Where in the log a reading begins: at its start, or where the snapshot ends."""
    if reading.snapshot is None:
        return 0
    at = index.get(reading.frames[0].id, 0) if reading.frames else len(log)
    if reading.frames and text_of(log[:at]) != reading.snapshot:
        found["changed"] += 1
    return at
