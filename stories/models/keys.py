"""Keys of requests: idempotency keys, and used stream tickets."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from .generation import Generation

KEY_LENGTH = 200


class RequestKey(models.Model):
    """The generation behind a request's idempotency key, begun or joined by it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=KEY_LENGTH)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "key"], name="one_generation_per_idempotency_key"
            ),
        ]

    def __str__(self) -> str:
        return f"Key of {self.generation_id}"


class TicketUse(models.Model):
    """The generation started by a stream ticket: its reconnections serve that one only."""

    nonce = models.CharField(max_length=40, unique=True)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="+")
    used_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Ticket of {self.generation_id}"
