"""Stories as data: the tree of chapters, the child's place in it, and the runs that write it."""

import json
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from children.models import Child, ReadingLevel

THEME_LENGTH = 300
TITLE_LENGTH = 120
IDEA_LENGTH = 300
KEY_LENGTH = 200


class Story(models.Model):
    """A story of one child, and so of one family. Its chapters form a tree.

    `companions` are the siblings whom the family put into it: `{child, names, stand_in}`, see
    `generations.briefs`. `discarded_at` is set where the parent did not want even the beginning of
    a first chapter: the family's pages leave such a story out.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="stories")
    theme = models.CharField(_("theme"), max_length=THEME_LENGTH)
    requested_title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    title = models.CharField(_("title"), max_length=TITLE_LENGTH, blank=True)
    language = models.CharField(_("language"), max_length=35)
    reading_level = models.CharField(_("reading level"), max_length=12, choices=ReadingLevel)
    total_chapters = models.PositiveSmallIntegerField(default=5)
    companions = models.JSONField(default=list, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    discarded_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        verbose_name = _("story")
        verbose_name_plural = _("stories")
        indexes: ClassVar = [models.Index(fields=["child", "-created_at"])]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(total_chapters__range=(1, 12)), name="story_length_range"
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.requested_title or self.theme


class ChapterQuerySet(models.QuerySet["Chapter"]):
    def readable(self) -> "ChapterQuerySet":
        """Those that the family may read: what was withdrawn is for staff only."""
        return self.filter(withdrawn_at=None)

    def released(self) -> "ChapterQuerySet":
        """Those that the child may read."""
        return self.readable().filter(released_at__isnull=False)

    def awaiting_preview(self) -> "ChapterQuerySet":
        """Those that wait for a parent to look at them."""
        return self.readable().filter(released_at=None)


class Chapter(models.Model):
    """A finished chapter: stored once, never changed by a reader.

    `text` is what was shown; `source` is the same text in stand-in form, the only form that a
    model sees again. `vocabulary` is a list of `{word, meaning}`; `safety_layers` are the names of
    all that looked at the chapter before it was finished. One that was withdrawn leaves its place
    in the story free for another. `released_at` is since when the child may read it: from the
    beginning, or, where the family looks first, when `released_by` has done so.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(Story, on_delete=models.CASCADE, related_name="chapters")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    choice = models.ForeignKey(
        "Choice", null=True, blank=True, on_delete=models.CASCADE, related_name="led_to"
    )
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=TITLE_LENGTH)
    text = models.TextField()
    source = models.TextField()
    question = models.CharField(max_length=300, blank=True)
    summary = models.TextField(blank=True)
    vocabulary = models.JSONField(default=list, blank=True)
    educational_elements = models.JSONField(default=list, blank=True)
    word_count = models.PositiveIntegerField()
    reading_minutes = models.PositiveSmallIntegerField()
    measured_level = models.CharField(max_length=12, choices=ReadingLevel)
    safety_score = models.FloatField()
    safety_layers = models.JSONField(default=list, blank=True)
    is_ending = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    released_at = models.DateTimeField(null=True, default=timezone.now, editable=False)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )

    objects = ChapterQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["number", "created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["story"],
                condition=Q(parent=None, withdrawn_at=None),
                name="one_first_chapter_per_story",
            ),
            models.UniqueConstraint(
                fields=["choice"],
                condition=Q(withdrawn_at=None),
                name="one_chapter_per_choice",
            ),
            models.CheckConstraint(
                condition=Q(parent=None, choice=None, number=1)
                | Q(parent__isnull=False, choice__isnull=False, number__gt=1),
                name="chapter_has_parent_and_choice_or_is_first",
            ),
            models.CheckConstraint(
                condition=Q(released_by=None) | Q(released_at__isnull=False),
                name="chapter_released_by_only_when_released",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.title}"

    @property
    def paragraphs(self) -> list[str]:
        return [paragraph for paragraph in self.text.split("\n\n") if paragraph.strip()]

    @property
    def awaits_preview(self) -> bool:
        return self.released_at is None


class Choice(models.Model):
    """A way on from a chapter: offered by the story, the child's own idea, or simply "go on"."""

    class Kind(models.TextChoices):
        OFFERED = "offered", _("offered")
        OWN_IDEA = "own_idea", _("the child's own idea")
        CONTINUE = "continue", _("simply goes on")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    chapter = models.ForeignKey(Chapter, on_delete=models.CASCADE, related_name="choices")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OFFERED)
    position = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=IDEA_LENGTH)
    description = models.CharField(max_length=300, blank=True)
    impact = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["chapter", "position"],
                condition=Q(kind="offered"),
                name="one_offered_choice_per_position",
            ),
            models.UniqueConstraint(
                fields=["chapter", "kind", "text"],
                condition=~Q(kind="offered"),
                name="one_choice_per_own_idea",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class ReadingSession(models.Model):
    """A child's place in a story's tree; `chapter` is the one being read, None before the first."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.OneToOneField(Story, on_delete=models.CASCADE, related_name="session")
    chapter = models.ForeignKey(
        Chapter, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    seconds_read = models.PositiveIntegerField(default=0)
    words_read = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-started_at"]

    def __str__(self) -> str:
        return f"Reading of {self.story_id}"


class Decision(models.Model):
    """A choice that was taken in a session; in order of `made_at`."""

    session = models.ForeignKey(ReadingSession, on_delete=models.CASCADE, related_name="decisions")
    choice = models.ForeignKey(Choice, on_delete=models.CASCADE, related_name="decisions")
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["made_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["session", "choice"], name="one_decision_per_choice"),
        ]

    def __str__(self) -> str:
        return str(self.choice)


class Generation(models.Model):
    """One run that writes one chapter, from the request to its outcome.

    `brief` is what the storyteller is told; it is fixed when the run is requested. `lease_id`
    names the runner that may append to the log, until `lease_expires_at`. `timings` holds
    seconds by step. `pruned_at` is when the log's rows were removed (`stories.eventlog.prune`).
    Once it is withdrawn, no reader is given its text any more. `is_previewed` is fixed with the
    brief: whether a parent looks at the chapter before the child does; so is `is_by_word`: whether
    readers may see its words ahead of their approval.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("being written")
        COMPLETED = "completed", _("finished")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")

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
    is_by_word = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    lease_id = models.UUIDField(null=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    stop_requested_at = models.DateTimeField(null=True, editable=False)
    last_position = models.PositiveIntegerField(default=0)
    model = models.CharField(max_length=120, blank=True)
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
    def awaits_preview(self) -> bool:
        """Whether its text is for the parents only, until one of them has released the chapter."""
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


class SafetyFinding(models.Model):
    """Text that was held back, and why. For staff only: no reader's query touches this table.

    All text is in stand-in form. `replacement` is what the chapter has in its place; of a chapter
    that was judged unfit, the next version. `seen_length` is how many characters of `text` readers
    had before it was withdrawn: 0, unless it was shown ahead of its check. Where it was prose,
    `before` ends where it would have stood, with a blank line where it would have begun a
    paragraph; without that line it ends `offset` characters into the chapter's `version`: 0 is the
    first, and each one that was judged and rewritten makes the next.
    `layers` are the names of those that looked at the text, in order.
    """

    class Place(models.TextChoices):
        PROSE = "prose", _("the chapter's text")
        CHAPTER = "chapter", _("the chapter as a whole")
        TITLE = "title", _("a title")
        QUESTION = "question", _("the question")
        CHOICE = "choice", _("a choice")
        VOCABULARY = "vocabulary", _("a word's meaning")
        SUMMARY = "summary", _("the summary")
        LEARNING = "learning", _("what can be learnt")

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="findings")
    attempt = models.PositiveSmallIntegerField()
    place = models.CharField(max_length=12, choices=Place)
    text = models.TextField()
    replacement = models.TextField(blank=True)
    seen_length = models.PositiveIntegerField(default=0)
    version = models.PositiveSmallIntegerField(default=0)
    offset = models.PositiveIntegerField(null=True)
    before = models.TextField(blank=True)
    layer = models.CharField(max_length=20)
    layers = models.JSONField(default=list, blank=True)
    rule = models.CharField(max_length=80)
    category = models.CharField(max_length=40)
    severity = models.CharField(max_length=10)
    score = models.FloatField()
    threshold = models.FloatField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        verbose_name = _("safety finding")
        verbose_name_plural = _("safety findings")
        indexes: ClassVar = [models.Index(fields=["layer", "category"])]

    def __str__(self) -> str:
        return f"{self.layer}: {self.rule}"

    @property
    def begins_paragraph(self) -> bool:
        return not self.before or self.before.endswith("\n\n")

    def has_place_in(self, text: str) -> bool:
        """Whether the text, in stand-in form, has before this place what stood there then."""
        return self.offset is not None and text[: self.offset].endswith(self.before.rstrip("\n"))


class Case(models.Model):
    """Something for a moderator to decide: text that was held back, or that somebody reported.

    `risk` is from 1 to 100. `text` is the sentence of a report; a held-back text is in `finding`.
    Who reported is not shown to moderators.
    """

    class Source(models.TextChoices):
        HARD = "hard", _("held back, hard")
        SOFT = "soft", _("held back, soft")
        JUDGED = "judged", _("chapter judged unfit")
        REPORT = "report", _("reported by a family")
        STAFF = "staff", _("opened by staff")

    class Outcome(models.TextChoices):
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        SENT_BACK = "sent_back", _("sent back for a rewrite")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.CharField(_("source"), max_length=8, choices=Source)
    risk = models.PositiveSmallIntegerField(_("risk"))
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="cases")
    finding = models.OneToOneField(
        SafetyFinding, null=True, on_delete=models.CASCADE, related_name="case"
    )
    text = models.TextField(blank=True)
    remark = models.CharField(max_length=300, blank=True)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    opened_at = models.DateTimeField(_("opened"), default=timezone.now, editable=False)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)

    class Meta:
        ordering: ClassVar = ["-risk", "opened_at"]
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        permissions: ClassVar = [("decide_case", "Can decide cases")]
        indexes: ClassVar = [
            models.Index(fields=["decided_at", "-risk", "opened_at"]),
            models.Index(fields=["opened_at"]),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(risk__range=(1, 100)), name="case_risk_range"),
            models.CheckConstraint(
                condition=Q(decided_at=None, outcome="")
                | (Q(decided_at__isnull=False) & ~Q(outcome="")),
                name="case_decided_iff_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()} ({self.risk})"

    @property
    def is_open(self) -> bool:
        return self.decided_at is None


class Reason(models.TextChoices):
    """Why a text may not stay as it is."""

    FEAR = "fear", _("too frightening")
    VIOLENCE = "violence", _("violence")
    SADNESS = "sadness", _("sadness without comfort")
    MEANNESS = "meanness", _("meanness or hate")
    DANGEROUS = "dangerous", _("dangerous to copy")
    UNSUITABLE = "unsuitable", _("not for children")
    QUALITY = "quality", _("makes no sense")
    OTHER = "other", _("another reason")


class Clearance(models.TextChoices):
    """Why a text may stay as it is; none of these is a `Reason`."""

    FINE = "fine", _("fine as shown")
    HELD_RIGHTLY = "held_rightly", _("rightly held back, and fine as shown")
    HELD_WRONGLY = "held_wrongly", _("wrongly held back")
    OTHERWISE = "otherwise", _("another reason")


class Ruling(models.Model):
    """What a member of staff did, when and why. Append-only: the database refuses anything else.

    It outlives what it is about, and the account of who made it, so it points at both without a
    constraint, and keeps the name. `subject` is `case`, `switch:<name>` or `threshold:<band>`.
    `reason` is a `Clearance` where something was approved, and else a `Reason`.
    """

    class Action(models.TextChoices):
        CLAIM = "claim", _("claimed")
        RELEASE = "release", _("released")
        APPROVE = "approve", _("approved")
        REJECT = "reject", _("rejected")
        SEND_BACK = "send_back", _("sent back for a rewrite")
        WITHDRAW = "withdraw", _("withdrew the chapter")
        TURN_OFF = "turn_off", _("turned off")
        TURN_ON = "turn_on", _("turned on")
        SET = "set", _("set a threshold")

    case = models.ForeignKey(
        Case, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="rulings"
    )
    subject = models.CharField(_("subject"), max_length=140)
    action = models.CharField(_("action"), max_length=10, choices=Action)
    reason = models.CharField(
        _("reason"), max_length=12, choices=[*Reason.choices, *Clearance.choices], blank=True
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    by_name = models.CharField(_("who"), max_length=254)
    made_at = models.DateTimeField(_("when"), default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]
        verbose_name = _("ruling")
        verbose_name_plural = _("rulings")
        indexes: ClassVar = [models.Index(fields=["-made_at"])]

    def __str__(self) -> str:
        return f"{self.subject}: {self.get_action_display()}"


class Switch(models.Model):
    """A feature or a model that is turned off for everyone; what has no row is on."""

    name = models.CharField(_("name"), max_length=130, primary_key=True)
    turned_off_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("switch")
        verbose_name_plural = _("switches")

    def __str__(self) -> str:
        return self.name


class Threshold(models.Model):
    """From which score on the classifier holds a text back, for one age band; else the default."""

    band = models.CharField(_("age band"), max_length=10, primary_key=True)
    value = models.FloatField(_("threshold"))
    set_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("threshold")
        verbose_name_plural = _("thresholds")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(value__gt=0, value__lt=1), name="threshold_range"),
        ]

    def __str__(self) -> str:
        return f"{self.band}: {self.value:.2f}"


class RequestKey(models.Model):
    """Which generation a request's idempotency key stands for, whether it began or joined it."""

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
    """Which generation a stream ticket started, so that its reconnections serve that one only."""

    nonce = models.CharField(max_length=40, unique=True)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="+")
    used_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Ticket of {self.generation_id}"
