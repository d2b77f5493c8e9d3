"""Fetches the embedded storyteller's model, once."""

import time
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from stories.embedded import catalog
from stories.embedded.catalog import ModelFile
from stories.embedded.fetch import FetchFailed, fetch, has_room

_BAR_WIDTH = 30
_MB = 1_000_000


class Command(BaseCommand):
    help = "Fetch the model of the embedded storyteller; quick when it is there already."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--small", action="store_true", help="the 98 MB one, good for tests")

    def handle(self, *, small: bool, **_: object) -> None:
        wanted = catalog.SMALL if small else catalog.suited()
        candidates = [wanted] if wanted is catalog.SMALL else [wanted, catalog.SMALL]
        for model in candidates:
            if path := self._fetched(model):
                self.stdout.write(f"Storyteller model: {model.label} ({path.name})")
                return
        raise CommandError(
            "No model could be fetched. Check the network connection and try again, or set "
            "STORYTELLER_MODEL_PATH to a GGUF file of your own."
        )

    def _fetched(self, model: ModelFile) -> Path | None:
        directory = settings.DATA_DIR / "models"
        if model.is_in(directory):
            return model.path_in(directory)
        if not has_room(model, directory):
            self.stderr.write(f"Not enough free disk space for {model.label}.")
            return None
        self.stdout.write(f"Fetching {model.label}, {model.size // _MB} MB, once …")
        try:
            return fetch(model, directory, ProgressBar(self.stderr, model.size))
        except (FetchFailed, OSError) as problem:
            self.stderr.write(f"{model.label} cannot be had: {problem}")
            return None


class ProgressBar:
    """A bar that redraws itself on a terminal; a line for each tenth where there is none."""

    def __init__(self, out: OutputWrapper, total: int) -> None:
        self._out = out
        self._total = total
        self._started = time.monotonic()
        self._was_there: int | None = None
        self._drawn = -1

    def __call__(self, done: int) -> None:
        if self._was_there is None:
            self._was_there = done
        step = done * (100 if self._out.isatty() else 10) // self._total
        if step != self._drawn:
            self._drawn = step
            self._draw(done)

    def _draw(self, done: int) -> None:
        share = done / self._total
        bar = "█" * int(share * _BAR_WIDTH)
        line = f"  {bar:░<{_BAR_WIDTH}} {share:4.0%}  {done // _MB} MB{self._left(done)}"
        if self._out.isatty():
            self._out.write(f"\r{line:<72}", ending="\n" if done >= self._total else "")
        else:
            self._out.write(line)
        self._out.flush()

    def _left(self, done: int) -> str:
        come = done - (self._was_there or 0)
        if not come:
            return ""
        seconds = (time.monotonic() - self._started) / come * (self._total - done)
        return f", {seconds:.0f} s left" if seconds >= 1 else ""
