"""Makes the demo family that `make run` shows, and the demo member of staff; once."""

import datetime as dt
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from children.models import Child, Family, User
from children.profiles import Pronoun, ReadingLevel

PARENT = "demo@storyteller.local"
STAFF = "staff@storyteller.local"
PASSWORD = "once-upon-a-time"  # noqa: S105 - printed by `make run`, and refused beyond this machine


class Command(BaseCommand):
    help = "Create the demo family and a demo member of staff; changes nothing that is there."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--force", action="store_true", help="even where the app is reached over HTTPS"
        )

    def handle(self, *, force: bool, **_: object) -> None:
        if settings.IS_HTTPS and not force:
            raise CommandError(
                "Everybody knows the demo family's password, and this server is reached over "
                "HTTPS (STORYTELLER_HTTPS). Add --force if you want it nevertheless."
            )
        with transaction.atomic():
            parent, staff = _parent(), _staff()
        self.stdout.write(f"  parent   {parent.email}   {PASSWORD}")
        self.stdout.write(f"  staff    {staff.email}   {PASSWORD}   (at /admin/)")


def _parent() -> User:
    if found := User.objects.filter(email=PARENT).first():
        return found
    parent = User.objects.create_user(PARENT, PASSWORD)
    if parent.family is not None:
        _add_children(parent.family)
    return parent


def _staff() -> User:
    found = User.objects.filter(email=STAFF).first()
    return found or User.objects.create_superuser(STAFF, PASSWORD)


def _add_children(family: Family) -> None:
    Child.objects.create(
        family=family,
        name="Mia",
        pronoun=Pronoun.SHE,
        **_born(years_ago=5),
        languages=["en"],
        reading_level=ReadingLevel.BEGINNER,
        interests=["foxes", "the sea"],
    )
    Child.objects.create(
        family=family,
        name="Ben",
        pronoun=Pronoun.HE,
        **_born(years_ago=8),
        languages=["en"],
        reading_level=ReadingLevel.INTERMEDIATE,
        interests=["inventions", "mountains"],
        avoid=["thunder"],
    )


def _born(*, years_ago: int) -> dict[str, int]:
    day = timezone.localdate() - dt.timedelta(days=365 * years_ago + 120)
    return {"birth_year": day.year, "birth_month": day.month}
