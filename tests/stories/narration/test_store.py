"""Audio files: kept by child and story, found, trimmed, and gone with their story."""

import os
import uuid
from pathlib import Path

import pytest

from stories.narration import store
from stories.narration.words import Word

CHILD, STORY, OTHER_STORY = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()


def keep(
    root: Path, key: str, *, size: int = 10, heard_at: int = 0, story: uuid.UUID = STORY
) -> Path:
    file = store.file_of(root, CHILD, story, key)
    store.keep(file, b"x" * size, 1.5, [Word(0, 3, 0.1, 0.4)])
    os.utime(file, (heard_at, heard_at))
    return file


def test_what_is_kept_is_found_with_its_times(tmp_path: Path) -> None:
    file = keep(tmp_path, "one")
    assert store.find(file) == store.Times(1.5, [Word(0, 3, 0.1, 0.4)])
    assert store.find(file.with_stem("two")) is None


def test_nobody_else_on_the_machine_may_look_in(tmp_path: Path) -> None:
    file = keep(tmp_path / "narration", "one")
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "other",
    [("Mia ran!", "Heart", 1.0), ("Mia ran.", "Emma", 1.0), ("Mia ran.", "Heart", 0.9)],
)
def test_another_sentence_voice_or_speed_is_another_file(other: tuple[str, str, float]) -> None:
    assert store.key_of("Mia ran.", "Heart", 1.0) != store.key_of(*other)


def test_what_was_not_heard_for_the_longest_time_goes_first(tmp_path: Path) -> None:
    old, older, young = (
        keep(tmp_path, "old", size=40, heard_at=2),
        keep(tmp_path, "older", size=40, heard_at=1),
        keep(tmp_path, "young", size=40, heard_at=3),
    )
    store.trim(tmp_path, 100)
    assert [file.exists() for file in (older, old, young)] == [False, True, True]
    assert not older.with_suffix(".json").exists()


def test_hearing_a_file_again_keeps_it(tmp_path: Path) -> None:
    first, second = (
        keep(tmp_path, "a", size=60, heard_at=1),
        keep(tmp_path, "b", size=60, heard_at=2),
    )
    store.find(first)
    store.trim(tmp_path, 100)
    assert first.exists()
    assert not second.exists()


def test_nothing_goes_while_there_is_room(tmp_path: Path) -> None:
    file = keep(tmp_path, "one", size=100)
    store.trim(tmp_path, 100)
    assert file.exists()


def test_a_story_is_forgotten_and_the_childs_others_are_not(tmp_path: Path) -> None:
    gone, kept = keep(tmp_path, "one"), keep(tmp_path, "one", story=OTHER_STORY)
    assert set(store.folders(tmp_path)) == {(CHILD, STORY), (CHILD, OTHER_STORY)}
    store.forget(tmp_path, CHILD, [STORY])
    assert not gone.parent.exists()
    assert kept.exists()
    store.forget(tmp_path, CHILD, [OTHER_STORY])
    assert list(tmp_path.iterdir()) == []
