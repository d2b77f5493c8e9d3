"""A voice that the operator brought, said by Piper in a process of its own.

Piper is under the GPL: it is run as a command, and nothing here imports it. It takes a sentence a
line, and names the file that it wrote in a line of its own. It tells no times of words.
"""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from . import audio
from .speech import Speech

_WROTE = re.compile(r"(\S+\.wav)\s*$")


class PiperEnded(Exception):
    """Piper ended without an answer."""


class PiperVoice:
    """One running Piper; another speed is another one."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._folder = tempfile.TemporaryDirectory(prefix="storyteller-piper-")
        self._speed = 0.0
        self._process: subprocess.Popen[str] | None = None

    def say(self, text: str, speed: float) -> Speech:
        given, told = self._at(speed)
        given.write(" ".join(text.split()) + "\n")
        given.flush()
        for line in told:
            if wrote := _WROTE.search(line):
                file = Path(wrote[1])
                samples, rate = audio.read(file)
                file.unlink()
                return Speech(samples, rate, [])
        self._end()
        raise PiperEnded

    def _at(self, speed: float) -> tuple[IO[str], IO[str]]:
        if self._process is None or self._speed != speed:
            self._end()
            self._process, self._speed = self._start(speed), speed
        given, told = self._process.stdin, self._process.stdout
        if given is None or told is None:
            raise TypeError("a process that was started with pipes has them")
        return given, told

    def _start(self, speed: float) -> "subprocess.Popen[str]":
        options = ["--output_dir", self._folder.name, "--length_scale", f"{1 / speed:.3f}"]
        return subprocess.Popen(  # noqa: S603 - the operator's own command
            [*self._command, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
