"""Moderators, and a way to empty tables whose rows the database never lets go."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection

from children.models import User

migration = import_module("stories.migrations.0002_moderators")


def make_moderator(email: str = "mod@example.org") -> User:
    """A member of the group that the migration makes (and that a flush between tests removes)."""
    migration.make_moderators(apps, None)
    user = User.objects.create_user(email, is_staff=True)
    user.groups.add(Group.objects.get(name=migration.GROUP))
    return user


@contextmanager
def rulings_that_go() -> Iterator[None]:
    """For tests with real transactions, which end by deleting all rows: the triggers step aside
    for that alone."""
    yield
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE stories_ruling DISABLE TRIGGER USER")
            cursor.execute("DELETE FROM stories_ruling")
            cursor.execute("ALTER TABLE stories_ruling ENABLE TRIGGER USER")
            return
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
            ["stories_ruling"],
        )
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute("DELETE FROM stories_ruling")
        for _, sql in triggers:
            cursor.execute(sql)
