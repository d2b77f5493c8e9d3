"""Prints a Bearer token for a parent: that and nothing else, so that scripts can take it."""

from argparse import ArgumentParser

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from children import tokens
from children.models import User


class Command(BaseCommand):
    help = "Print a Bearer token for the parent with this e-mail address."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the parent's e-mail address")
        parser.add_argument(
            "--create", action="store_true", help="create the parent if there is none"
        )

    def handle(self, *, email: str, create: bool, **_: object) -> None:
        address = email.strip().lower()
        user = User.objects.filter(email=address).first() or _created(address, allowed=create)
        if user.family_id is None:
            raise CommandError(f"{address} is a member of staff; only parents have stories.")
        if not user.is_active:
            raise CommandError(f"The account {address} is switched off.")
        self.stdout.write(tokens.create(user, "command line"))


def _created(address: str, *, allowed: bool) -> User:
    """A parent who signs in by token only, until they ask for a new password."""
    if not allowed:
        raise CommandError(f"There is no parent {address}. Add --create to make one.")
    try:
        validate_email(address)
    except ValidationError as problem:
        raise CommandError(f"{address!r} is not an e-mail address.") from problem
    return User.objects.create_user(address)
