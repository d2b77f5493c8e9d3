"""Removes outlived data; running processes do the same once a day by themselves."""

import asyncio

from django.conf import settings
from django.core.management.base import BaseCommand

from stories.execution import retention


class Command(BaseCommand):
    help = (
        "Remove the event logs of chapters that were finished STORYTELLER_KEEP_EVENTS_DAYS ago, "
        "and end what is stale. Stories are kept."
    )

    def handle(self, **_: object) -> None:
        done = asyncio.run(retention.tidy())
        kept = settings.KEEP_EVENTS_DAYS
        lines = [
            (
                done.logs,
                f"Logs older than {kept} days removed: {done.logs} ({done.events} events).",
            ),
            (
                done.ended,
                f"Ended, since nobody wrote them for {retention.STALE_DAYS} days: {done.ended}.",
            ),
            (done.tickets, f"Used tickets removed: {done.tickets}."),
            (done.sessions, f"Expired log-ins removed: {done.sessions}."),
        ]
        said = [line for count, line in lines if count] or ["There was nothing to remove."]
        self.stdout.write("\n".join([*said, "All stories are kept."]))
