"""The llama.cpp process: `python -m stories.embedded DIRECTORY MODEL ASKED…`, see `server`."""

import fcntl
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from . import machine
from .server import CONTEXT_TOKENS, SLOTS

_MISSING_LIBRARY = (
    "the system library libgomp is missing: install it (Debian, Ubuntu: apt-get install libgomp1)"
)


def main(directory: Path, model: Path, asked: list[str]) -> None:
    own = os.open(directory / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(own, fcntl.LOCK_EX)
    os.ftruncate(own, 0)
    os.write(own, str(os.getpid()).encode())
    state = directory / "server.json"
    state.unlink(missing_ok=True)
    key = secrets.token_urlsafe(32)
    server = _serve(model, key)
    _publish(
        state,
        {"url": server.listening_address, "api_key": key, "model": str(model), "asked": asked},
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _wait_until_unused(directory)
    # Without the interpreter's farewell, which would wait for answers that nobody reads.
    os._exit(0)


def _serve(model: Path, key: str) -> Any:
    try:
        import xllamacpp  # noqa: PLC0415 - it is large, and may miss a system library
    except ImportError as problem:
        sys.exit(_MISSING_LIBRARY if "libgomp" in str(problem) else str(problem))
    try:
        return xllamacpp.Server(_parameters(xllamacpp, model, key))
    except RuntimeError as problem:
        sys.exit(f"llama.cpp cannot load the model: {problem}")


def _parameters(xllamacpp: Any, model: Path, key: str) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.model_alias = {model.stem}
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.n_parallel = SLOTS
    # Small batches cost no more, and a reader who leaves frees the slot between two of them.
    parameters.n_batch = parameters.n_ubatch = 128
    parameters.cpuparams.n_threads = machine.physical_cores()
    parameters.cpuparams_batch.n_threads = machine.physical_cores()
    parameters.fit_params = False
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.cache_ram_mib = 256
    parameters.verbosity = 1  # errors only: prompts stay out of the log
    return parameters


def _publish(path: Path, state: dict[str, object]) -> None:
    scratch = path.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(state, file)
    scratch.replace(path)


def _wait_until_unused(directory: Path) -> None:
    users = os.open(directory / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(users, fcntl.LOCK_EX)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
