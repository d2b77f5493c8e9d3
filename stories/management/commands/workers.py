"""Writes stories in a process of its own, beside the web processes: what `make workers` runs."""

import asyncio
import contextlib
import signal

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

from stories import llm
from stories.execution import engine
from stories.management.migrating import bring_up_to_date


class Command(BaseCommand):
    help = "Write stories until ended; as many of these may run as there is room on the model."
    requires_system_checks = []  # they run below, when the database is there

    def handle(self, **_: object) -> None:
        if settings.RUNS != engine.WORKERS:
            raise CommandError(
                "Stories are written by the web processes (STORYTELLER_RUNS=inprocess). Set "
                "STORYTELLER_RUNS=workers for them and for this command."
            )
        self.check()
        bring_up_to_date()
        self.check(tags=[Tags.database], databases=list(settings.DATABASES))
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._work())

    async def _work(self) -> None:
        if this := asyncio.current_task():
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, this.cancel)
        storyteller = await llm.status()
        name = storyteller.name if storyteller.available else storyteller.problem
        self.stdout.write(f"Writing stories with {name}. Ctrl-C ends it.")
        self.stdout.flush()
        await engine.work()
