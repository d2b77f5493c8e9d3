"""The voices of this installation by language: one in the box, and those that the operator names.

Where a language has none, the reader's own device reads.
"""

import shutil
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings

from stories.vocabulary.languages import language_of, primary_language

# Changes with how audio is made, so that what was made before is not taken for the same.
_FORM = "1"
_RUNTIME, _ENCODER = "onnxruntime", "soundfile"
_BOXED = {"hibari": ("hibari-tts", "Heart")}
"""Package and name of the voice in the box, by the module that a language's row names."""


@dataclass(frozen=True, slots=True)
class Voice:
    """`name` is for the reader's page. `identity` is all that its audio depends on beside the text
    and the speed; `piper` is the command that runs it, empty for the voice in the box."""

    name: str
    identity: str
    piper: tuple[str, ...] = ()


def missing_packages() -> list[str]:
    """Modules that narration needs, and that this machine does not have."""
    return [name for name in (*_BOXED, _RUNTIME, _ENCODER) if not _is_installed(name)]


def voice_for(language: str) -> Voice | None:
    """The voice that reads a language, by its tag; the operator's comes before the one in the
    box."""
    if not settings.NARRATION_PROCESSES or not _is_installed(_ENCODER):
        return None
    code = primary_language(language)
    return _brought(code) or _boxed(code)


def piper() -> str | None:
    """The path of the Piper command, on the PATH or beside this Python."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(settings.PIPER) or shutil.which(settings.PIPER, path=beside)


def _brought(code: str) -> Voice | None:
    file = settings.VOICES.get(code)
    command = piper()
    if file is None or command is None or not file.is_file():
        return None
    status = file.stat()
    identity = f"{_FORM} {file} {status.st_size} {status.st_mtime_ns}"
    return Voice(_spoken_name(file), identity, (command, "--model", str(file)))


def _spoken_name(file: Path) -> str:
    """ "Davefx" of `es_ES-davefx-medium.onnx`, as Piper's voices are called."""
    return file.stem.split("-")[1 if file.stem.count("-") > 1 else 0].replace("_", " ").title()


def _boxed(code: str) -> Voice | None:
    module = language_of(code).voice
    if module not in _BOXED or not (_is_installed(module) and _is_installed(_RUNTIME)):
        return None
    package, name = _BOXED[module]
    return Voice(name, f"{_FORM} {package} {_version(package)}")


@cache
def _is_installed(module: str) -> bool:
    return find_spec(module) is not None


@cache
def _version(package: str) -> str:
    return metadata.version(package)
