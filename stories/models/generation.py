"""Generations: the runs that write chapters, and the log of each."""

import json
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .story import Chapter, Choice, Story

MODEL_LENGTH = 120
HOST_LENGTH = 300


class AskedForManager(models.Manager["Generation"]):
    """Runs that somebody asked for: a family finds no other, by whatever query."""

    def get_queryset(self) -> models.QuerySet["Generation"]:
        return super().get_queryset().exclude(ahead=Generation.Ahead.HIDDEN)


class Generation(models.Model):
    """A run that writes one chapter, from the request to its outcome.

    `brief` is what the storyteller is told; it is fixed when the run is requested. `lease_id`
    names the runner that may append to the log, until `lease_expires_at`. `timings` holds
    seconds by step. `host` is the address of the model host that its slot is taken at, empty for
    any; `writers` holds the host and model of each attempt, in order. `pruned_at` is when the log's
    rows were removed (`stories.eventlog.prune`). Once it is withdrawn, no reader is given its text
    any more. `is_previewed` is fixed with the brief: whether a parent looks at the chapter before
    the child does; so is `shows_unchecked_words`: whether readers may see its words ahead of their
    approval.

    `ahead` is of a run that was begun before anybody asked for it (`stories.generations.ahead`): it
    is hidden until its choice is taken. `objects` leaves hidden runs out, also behind other rows;
    `with_hidden` is for the engine and for staff. `made_for` is a digest of all that such a run is
    written and checked by.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("being written")
        COMPLETED = "completed", _("finished")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")

    class Ahead(models.TextChoices):
        HIDDEN = "hidden", _("written ahead, not chosen")
        CHOSEN = "chosen", _("written ahead, then chosen")

    ACTIVE = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(Story, on_delete=models.CASCADE, related_name="generations")
    choice = models.ForeignKey(
        Choice, null=True, blank=True, on_delete=models.CASCADE, related_name="generations"
    )
    chapter_number = models.PositiveSmallIntegerField()
    chapter = models.OneToOneField(
        Chapter, null=True, blank=True, on_delete=models.SET_NULL, related_name="generation"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="generations"
    )
    brief = models.JSONField(default=dict)
    is_previewed = models.BooleanField(default=False)
    shows_unchecked_words = models.BooleanField(default=False)
    ahead = models.CharField(
        _("written ahead"), max_length=6, choices=Ahead, blank=True, editable=False
    )
    made_for = models.CharField(max_length=64, blank=True, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    lease_id = models.UUIDField(null=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    stop_requested_at = models.DateTimeField(null=True, editable=False)
    last_position = models.PositiveIntegerField(default=0)
    model = models.CharField(max_length=MODEL_LENGTH, blank=True)
    host = models.CharField(max_length=HOST_LENGTH, blank=True, editable=False)
    writers = models.JSONField(default=list, blank=True, editable=False)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    timings = models.JSONField(default=dict, blank=True)
    error_code = models.CharField(max_length=20, blank=True)
    error_detail = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    pruned_at = models.DateTimeField(null=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    objects = AskedForManager()
    with_hidden: ClassVar[models.Manager["Generation"]] = models.Manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        verbose_name = _("generation")
        verbose_name_plural = _("generations")
        indexes: ClassVar = [
            models.Index(fields=["status", "lease_expires_at"]),
            models.Index(
                fields=["finished_at"],
                condition=Q(pruned_at=None, finished_at__isnull=False),
                name="generation_log_kept",
            ),
            models.Index(
                fields=["created_at"], condition=Q(ahead="hidden"), name="generation_hidden"
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["choice"],
                condition=Q(status__in=["queued", "running"], choice__isnull=False),
                name="one_running_generation_per_choice",
            ),
            models.UniqueConstraint(
                fields=["story"],
                condition=Q(status__in=["queued", "running"], choice=None),
                name="one_running_first_generation_per_story",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running"], finished_at=None)
                | (~Q(status__in=["queued", "running"]) & Q(finished_at__isnull=False)),
                name="generation_finished_iff_not_active",
            ),
            models.CheckConstraint(
                condition=Q(pruned_at=None) | Q(finished_at__isnull=False),
                name="generation_pruned_only_when_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"Chapter {self.chapter_number} ({self.get_status_display()})"

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    @property
    def is_hidden(self) -> bool:
        return self.ahead == self.Ahead.HIDDEN

    @property
    def awaits_preview(self) -> bool:
        """True when its text is for the parents only, until one of them has released the
        chapter."""
        return self.is_previewed and (self.chapter is None or self.chapter.awaits_preview)


class GenerationEvent(models.Model):
    """One event of a generation's log. Written only by `stories.eventlog`.

    `payload` is the JSON of the frame's `data`, kept as text so that every reader gets the same
    bytes (PostgreSQL's jsonb reorders keys). `source` is the text in stand-in form that
    a `content` event approves, from which a run is taken up again.
    """

    # The constraint's index serves look-ups by generation, too.
    generation = models.ForeignKey(
        Generation, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    position = models.PositiveIntegerField()
    type = models.CharField(max_length=20)
    payload = models.TextField()
    source = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["generation", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["generation", "position"], name="one_event_per_position"
            ),
            models.CheckConstraint(condition=Q(position__gte=1), name="event_position_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.type}"

    @property
    def data(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.payload)
        return parsed
