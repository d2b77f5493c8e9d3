"""A process that makes audio: a line of JSON for each sentence in, a line of JSON for each out.

It gives way to whatever else the machine has to do, opens no connection, and ends with its input:
`python -m stories.narration.process`.
"""

import json
import math
import os
import signal
import sys
from functools import cache
from pathlib import Path
from typing import Any

NICENESS = 10
_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.send", "urllib.")
# Of a folder's bound: so much is written before the whole folder is looked at again.
_TRIM_EVERY_PERCENT = 1


def stay_offline() -> None:
    """Refuse every connection of this process from now on, whoever wants it."""

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event.startswith(_NETWORK):
            raise PermissionError(f"narration makes no connection: {event}")

    sys.addaudithook(refuse)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    stay_offline()
    written = math.inf  # by processes before this one
    for line in sys.stdin:
        wanted = json.loads(line)
        file, max_bytes = Path(wanted["file"]), wanted["max_bytes"]
        try:
            written += make(file, wanted["text"], wanted["speed"], wanted["piper"])
            problem = ""
        except Exception as error:  # noqa: BLE001 - whatever it is, the next sentence may be well
            # The error's words may be the sentence.
            problem = type(error).__name__
        print(json.dumps({"problem": problem}), flush=True)  # noqa: T201
        if written >= max_bytes * _TRIM_EVERY_PERCENT / 100:
            _trim(file, max_bytes)
            written = 0


def make(file: Path, text: str, speed: float, piper: list[str]) -> int:
    """Make and keep the audio of a text; how many bytes there are. The voice in the box says it,
    unless a command of Piper is given."""
    from . import audio, store  # noqa: PLC0415 - the process has to be nice and offline by then

    speech = _piper(tuple(piper)).say(text, speed) if piper else _boxed().say(text, speed)
    if not len(speech.samples):
        raise ValueError("there is nothing to say in it")
    content = audio.encoded(speech.samples, speech.rate)
    store.keep(file, content, len(speech.samples) / speech.rate, speech.words)
    return len(content)


def _trim(file: Path, max_bytes: int) -> None:
    from . import store  # noqa: PLC0415

    store.trim(file.parents[2], max_bytes)


@cache
def _boxed() -> Any:
    from .boxed import BoxedVoice  # noqa: PLC0415 - a second's work, and not on every machine

    return BoxedVoice()


@cache
def _piper(command: tuple[str, ...]) -> Any:
    from .piper import PiperVoice  # noqa: PLC0415

    return PiperVoice(command)


if __name__ == "__main__":
    main()
