"""Files of audio, which say what a family's stories say, the child's name among it.

`<child>/<story>/<key>.mp3` with the words' times beside it in `.json`: a folder for each child and
story, so that nothing of them is left when they go. The key is a digest of the sentence, the voice
and the speed. The folder is bounded: the files that were not heard for the longest time go first.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .words import Word

AUDIO, TIMES = ".mp3", ".json"
# Trimmed files leave so much room that the next ones do not trim again at once.
_ROOM_PERCENT = 10


@dataclass(frozen=True, slots=True)
class Times:
    """The length of an audio file, in seconds, and the times of its words."""

    seconds: float
    words: list[Word]


def key_of(text: str, voice: str, speed: float) -> str:
    return hashlib.sha256(json.dumps([text, voice, speed]).encode()).hexdigest()[:32]


def file_of(root: Path, child_id: uuid.UUID, story_id: uuid.UUID, key: str) -> Path:
    return root / str(child_id) / str(story_id) / f"{key}{AUDIO}"


def keep(file: Path, audio: bytes, seconds: float, words: Sequence[Word]) -> None:
    """Whole or not at all; the audio comes last, so that where it is, its times are."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    timed = [(word.start, word.length, *map(_to_ms, word[2:])) for word in words]
    times = json.dumps({"seconds": _to_ms(seconds), "words": timed})
    _write(file.with_suffix(TIMES), times.encode())
    _write(file, audio)


def find(file: Path) -> Times | None:
    """The times of a file that is there; it counts as heard."""
    try:
        os.utime(file)
        kept = json.loads(file.with_suffix(TIMES).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return Times(kept["seconds"], [Word(*word) for word in kept["words"]])


def trim(root: Path, max_bytes: int) -> None:
    """Remove what was not heard for the longest time, if there is more than `max_bytes`."""
    found = sorted(_sizes(root))
    left = sum(size for _, size, _ in found)
    if left <= max_bytes:
        return
    for _, size, path in found:
        if left <= max_bytes * (100 - _ROOM_PERCENT) // 100:
            return
        for file in (path, path.with_suffix(TIMES)):
            file.unlink(missing_ok=True)
        left -= size


def folders(root: Path) -> Iterator[tuple[uuid.UUID, uuid.UUID]]:
    """Child and story of each folder."""
    for folder in root.glob("*/*"):
        with contextlib.suppress(ValueError):
            yield uuid.UUID(folder.parent.name), uuid.UUID(folder.name)


def forget(root: Path, child_id: uuid.UUID, story_ids: Iterable[uuid.UUID]) -> None:
    """Remove all audio of these stories."""
    child = root / str(child_id)
    for story_id in story_ids:
        shutil.rmtree(child / str(story_id), ignore_errors=True)
    with contextlib.suppress(OSError):  # it is there no more, or has other stories
        child.rmdir()


def _to_ms(seconds: float) -> float:
    return round(seconds, 3)


def _sizes(root: Path) -> Iterator[tuple[float, int, Path]]:
    for path in root.glob(f"*/*/*{AUDIO}"):
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            yield status.st_mtime, status.st_size, path


def _write(file: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as part:
        part.write(content)
    Path(part.name).replace(file)
