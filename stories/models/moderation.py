"""Moderation as data: held-back text, cases, rulings, switches and thresholds."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from children.choices import labelled
from stories.vocabulary.brief import Concern

from .generation import Generation


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

    class Field(models.TextChoices):
        PROSE = "prose", _("the chapter's text")
        CHAPTER = "chapter", _("the chapter as a whole")
        TITLE = "title", _("a title")
        QUESTION = "question", _("the question")
        CHOICE = "choice", _("a choice")
        VOCABULARY = "vocabulary", _("a word's meaning")
        SUMMARY = "summary", _("the summary")
        LEARNING = "learning", _("what can be learnt")
        MEMORY = "memory", _("what is remembered")
        PLAN = "plan", _("the plan of the next chapters")

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="findings")
    attempt = models.PositiveSmallIntegerField()
    field = models.CharField(_("part"), max_length=12, choices=Field)
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

    def has_position_in(self, text: str) -> bool:
        """True when the text, in stand-in form, has before this position what stood there then."""
        return self.offset is not None and text[: self.offset].endswith(self.before.rstrip("\n"))


class Case(models.Model):
    """A case for a moderator to decide: text held back, or reported by somebody.

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


# Why a text may not stay as it is.
CONCERNS = labelled(
    Concern,
    {
        Concern.FEAR: _("too frightening"),
        Concern.VIOLENCE: _("violence"),
        Concern.SADNESS: _("sadness without comfort"),
        Concern.MEANNESS: _("meanness or hate"),
        Concern.DANGEROUS: _("dangerous to copy"),
        Concern.UNSUITABLE: _("not for children"),
        Concern.QUALITY: _("makes no sense"),
        Concern.OTHER: _("another reason"),
    },
)


class Clearance(models.TextChoices):
    """Why a text may stay as it is; none of these is a `Concern`."""

    FINE = "fine", _("fine as shown")
    HELD_RIGHTLY = "held_rightly", _("rightly held back, and fine as shown")
    HELD_WRONGLY = "held_wrongly", _("wrongly held back")
    OTHERWISE = "otherwise", _("another reason")


class Ruling(models.Model):
    """One act of a member of staff, with time and reason. Append-only: the database refuses
    anything else.

    It outlives what it is about, and the account of who made it, so it points at both without a
    constraint, and keeps the name. `subject` is `case`, `switch:<name>` or `threshold:<band>`.
    `reason` is a `Clearance` where something was approved, and else a `Concern`.
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
        _("reason"), max_length=12, choices=[*CONCERNS, *Clearance.choices], blank=True
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
    """A feature or a model turned off for everyone; without a row it is on."""

    name = models.CharField(_("name"), max_length=130, primary_key=True)
    turned_off_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("switch")
        verbose_name_plural = _("switches")

    def __str__(self) -> str:
        return self.name


class Threshold(models.Model):
    """The classifier's score from which text is held back, for one age band; without a row the
    default."""

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
