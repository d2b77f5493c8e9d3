"""The processes that make audio, and what is heard: the real voice, and a stand-in for Piper."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import soundfile

from stories.narration import store
from stories.narration.pool import (
    MAX_WAITING_PER_PROCESS,
    NarrationFailed,
    Pool,
    TooManyWait,
)
from stories.narration.store import Times
from testkit.app import ROOT

SENTENCE = "Mia and Noah walked to the old lighthouse, and the wind sang a soft song."
ENOUGH_SECONDS = 60


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(1)
    yield made
    made.close()


Say = Callable[..., tuple[Path, Times]]


@pytest.fixture
def say(pool: Pool, tmp_path: Path) -> Say:
    return lambda text, **options: made_by(pool, tmp_path, text, **options)


def made_by(pool: Pool, root: Path, text: str, **options: Any) -> tuple[Path, Times]:
    wanted = order(root, text, **options)
    pool.make(wanted).result(ENOUGH_SECONDS)
    file = Path(wanted["file"])
    times = store.find(file)
    assert times is not None
    return file, times


def order(
    root: Path, text: str, *, speed: float = 1.0, piper: tuple[str, ...] = ()
) -> dict[str, Any]:
    file = store.file_of(root, uuid.uuid4(), uuid.uuid4(), store.key_of(text, "", speed))
    return {
        "file": str(file),
        "text": text,
        "speed": speed,
        "piper": piper,
        "max_bytes": 10_000_000,
    }


def loudness(samples: Any, rate: int, begins: float, ends: float) -> float:
    part = samples[round(begins * rate) : round(ends * rate)]
    return float((part**2).mean() ** 0.5)


@pytest.fixture
def piper(tmp_path: Path) -> tuple[str, ...]:
    """A command as an operator has it, and a voice file."""
    command, voice = tmp_path / "piper", tmp_path / "es_ES-clara-medium.onnx"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m testkit.piper "$@"\n')
    command.chmod(0o755)
    voice.touch()
    return (str(command), "--model", str(voice))


def test_a_sentence_becomes_speech_whose_words_are_where_the_sound_is(say: Say) -> None:
    file, times = say(SENTENCE)
    samples, rate = soundfile.read(file)
    said = [SENTENCE[word.start : word.start + word.length] for word in times.words]
    assert said == SENTENCE.replace(",", "").rstrip(".").split()
    # The decoder gives back the very samples: the times are those of the voice.
    assert len(samples) / rate == pytest.approx(times.seconds, abs=0.002)
    assert 3.0 < times.seconds < 6.0, "about 200 words a minute"
    begins = [word.begins for word in times.words]
    assert begins == sorted(begins)
    loud = [loudness(samples, rate, word.begins, word.ends) for word in times.words]
    assert min(loud) > 5 * loudness(samples, rate, times.words[-1].ends, times.seconds)
    assert onset(samples, rate, 0) == pytest.approx(times.words[0].begins, abs=0.05)


@pytest.mark.parametrize("speed", [0.75, 1.0])
def test_a_word_after_a_pause_is_marked_when_it_is_heard(say: Say, speed: float) -> None:
    text = "When the moon came up, the little fox ran home, and Noah laughed."
    file, times = say(text, speed=speed)
    samples, rate = soundfile.read(file)
    for mark in ("up,", "home,"):
        index = text.split().index(mark)
        before, following = times.words[index : index + 2]
        pause = quietest(samples, rate, before.begins, following.begins)
        heard = onset(samples, rate, pause)
        assert heard == pytest.approx(following.begins, abs=0.08)


def quietest(samples: Any, rate: int, begins: float, ends: float) -> float:
    moments = [begins + step / 100 for step in range(round((ends - begins) * 100))]
    return min(moments, key=lambda moment: loudness(samples, rate, moment, moment + 0.02))


def onset(samples: Any, rate: int, begins: float) -> float:
    """The second at which there is sound again."""
    step = rate // 200
    at = round(begins * rate)
    while (samples[at : at + step] ** 2).mean() ** 0.5 < 0.008:
        at += step
    return at / rate


def test_slower_takes_longer(say: Say) -> None:
    _, usual = say(SENTENCE)
    _, slow = say(SENTENCE, speed=0.75)
    assert slow.seconds / usual.seconds == pytest.approx(1 / 0.75, rel=0.1)


def test_a_sentence_sounds_the_same_whenever_it_is_made(say: Say) -> None:
    assert say(SENTENCE)[0].read_bytes() == say(SENTENCE)[0].read_bytes()


def test_a_long_sentence_is_said_to_its_end(say: Say) -> None:
    text = "Mia counted " + " and ".join(["twenty three silver buttons"] * 30) + "."
    _, times = say(text)
    assert len(times.words) == len(text.split())
    assert times.words[-1].begins > 30


def test_a_text_without_words_is_refused_and_the_next_one_made(say: Say) -> None:
    with pytest.raises(NarrationFailed):
        say("* * *")
    assert say("Mia ran.")[1].words


def test_a_process_that_dies_is_replaced(say: Say, piper: tuple[str, ...]) -> None:
    say("Mia ran.", piper=piper)
    for process in children_of(os.getpid()):
        os.kill(process, signal.SIGKILL)
    wait_until(lambda: not children_of(os.getpid()))
    say("Noah ran.", piper=piper)


def test_a_process_that_does_not_answer_in_time_is_ended(tmp_path: Path) -> None:
    late = Pool(1, answer_seconds=0.05)
    with pytest.raises(NarrationFailed):
        late.make(order(tmp_path, SENTENCE)).result(ENOUGH_SECONDS)
    late.close()
    assert list(tmp_path.rglob("*.mp3")) == []


def test_a_process_that_nobody_needs_ends_and_the_next_sentence_starts_another(
    tmp_path: Path, piper: tuple[str, ...]
) -> None:
    idle = Pool(1, idle_seconds=0.05)
    before = set(children_of(os.getpid()))
    made_by(idle, tmp_path, "Mia ran.", piper=piper)
    wait_until(lambda: not set(children_of(os.getpid())) - before)
    made_by(idle, tmp_path, "Noah ran.", piper=piper)
    idle.close()


def test_more_than_can_be_made_in_time_is_refused_at_once(
    tmp_path: Path, piper: tuple[str, ...]
) -> None:
    busy = Pool(1)

    def ask() -> "Future[None]":
        return busy.make(order(tmp_path, "Mia counted to three.", piper=piper))

    waiting = [ask() for _ in range(MAX_WAITING_PER_PROCESS)]
    with pytest.raises(TooManyWait):
        ask()
    for future in waiting[1:]:
        future.cancel()
    waiting[0].result(ENOUGH_SECONDS)
    busy.close()


def test_the_process_gives_way_to_others_and_opens_no_connection(tmp_path: Path) -> None:
    script = """if True:
        import os, socket, sys, urllib.request
        from stories.narration import process
        process.stay_offline()
        import hibari
        for attempt in (
            lambda: hibari.Hibari(voice="emma"),
            lambda: urllib.request.urlopen("http://127.0.0.1:9/"),
            lambda: socket.create_connection(("127.0.0.1", 9)),
            lambda: socket.getaddrinfo("example.org", 80),
        ):
            try:
                attempt()
            except (PermissionError, RuntimeError) as refusal:
                assert "narration makes no connection" in str(refusal), refusal
            else:
                raise SystemExit("it connected")
        hibari.Hibari()("Mia ran.")
    """
    done = run(script, HIBARI_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    script = """if True:
        import os, io, sys
        from stories.narration import process
        sys.stdin = io.StringIO()
        process.main()
        print(os.nice(0))
    """
    assert int(run(script).stdout) >= 10


def run(script: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={**os.environ, **variables},
        capture_output=True, text=True, check=False, timeout=ENOUGH_SECONDS,
    )  # fmt: skip


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + ENOUGH_SECONDS
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def children_of(parent: int) -> list[int]:
    """The processes of this one that make audio."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            after_name = status.read_text().rpartition(")")[2].split()
            command = status.with_name("cmdline").read_text()
            if int(after_name[1]) == parent and "stories.narration.process" in command:
                found.append(int(status.parent.name))
    return found


def test_pipers_voice_is_said_by_its_own_command_without_times(
    say: Say, piper: tuple[str, ...]
) -> None:
    file, times = say("La niña abrió la puerta.", piper=piper)
    samples, rate = soundfile.read(file)
    assert times.words == []
    assert times.seconds == pytest.approx(5 * 0.25, abs=0.01)
    assert loudness(samples, rate, 0.2, 1.0) > 0.1
    _, slow = say("La niña\nabrió la puerta.", piper=piper, speed=0.5)
    assert slow.seconds == pytest.approx(5 * 0.5, abs=0.01)


def test_a_voice_file_that_piper_cannot_use_fails_alone(say: Say, piper: tuple[str, ...]) -> None:
    command, option, voice = piper
    with pytest.raises(NarrationFailed):
        say("Hola.", piper=(command, option, voice + ".missing"))
    say("Hola.", piper=piper)


def test_a_line_of_the_process_tells_no_word_of_a_sentence(tmp_path: Path) -> None:
    wanted = order(tmp_path, "Zebulon ran.", piper=("/nowhere/piper",))
    done = subprocess.run(
        [sys.executable, "-m", "stories.narration.process"], input=json.dumps(wanted) + "\n",
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=ENOUGH_SECONDS,
    )  # fmt: skip
    assert json.loads(done.stdout)["problem"] == "FileNotFoundError"
    assert "Zebulon" not in done.stdout + done.stderr
