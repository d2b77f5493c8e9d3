"""Deletion of what lies outside the database."""

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string


def finish_on_commit() -> None:
    """After rows were deleted: have all else that belonged to them removed, too."""
    transaction.on_commit(import_string(settings.AFTER_DELETION))
