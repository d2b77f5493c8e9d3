"""Narration on this machine: audio of sentences that the family may read, with the words' times.

Nothing here asks whose story it is: look-ups do (`stories.access`), before they ask for audio.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from . import store
from .pool import NarrationFailed, Pool, TooManyWait
from .store import Times
from .voices import Voice, missing_packages, piper, voice_for
from .words import Word

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = [
    "CONTENT_TYPE",
    "Narration",
    "NarrationFailed",
    "Times",
    "TooManyWait",
    "Voice",
    "Word",
    "folders",
    "forget",
    "missing_packages",
    "narration_of",
    "piper",
    "voice_for",
]

CONTENT_TYPE = "audio/mpeg"


@dataclass(frozen=True, slots=True)
class Narration:
    """A text as a voice says it: made once, and kept as long as there is room."""

    text: str
    voice: Voice
    speed: float
    file: Path

    @property
    def key(self) -> str:
        return self.file.stem

    def times(self) -> Times | None:
        """None where it is not made yet, or not kept."""
        return store.find(self.file)

    def make(self) -> "Future[None]":
        """Have it made; the future and this may raise NarrationFailed."""
        return _pool().make(
            {
                "file": str(self.file),
                "text": self.text,
                "speed": self.speed,
                "piper": self.voice.piper,
                "max_bytes": settings.NARRATION_MEGABYTES * 1_000_000,
            }
        )


def narration_of(
    text: str, voice: Voice, speed: float, *, child_id: uuid.UUID, story_id: uuid.UUID
) -> Narration:
    """`speed` 1 is the voice's own pace."""
    key = store.key_of(text, voice.identity, speed)
    file = store.file_of(settings.NARRATION_DIR, child_id, story_id, key)
    return Narration(text, voice, speed, file)


def folders() -> Iterator[tuple[uuid.UUID, uuid.UUID]]:
    """Child and story of all audio that is kept."""
    return store.folders(settings.NARRATION_DIR)


def forget(child_id: uuid.UUID, story_ids: Iterable[uuid.UUID]) -> None:
    """Remove all audio of these stories of a child."""
    store.forget(settings.NARRATION_DIR, child_id, story_ids)


@cache
def _pool() -> Pool:
    return Pool(settings.NARRATION_PROCESSES)
