"""The story as data: its tree of chapters and choices, and the child's position in it."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from children.choices import labelled
from children.models import READING_LEVELS, Child
from stories.vocabulary import note_lengths
from stories.vocabulary.tones import Tone

THEME_LENGTH = 300
TITLE_LENGTH = note_lengths.TITLE.stored
IDEA_LENGTH = note_lengths.CHOICE.stored


TONES = labelled(
    Tone,
    {
        Tone.ANY: _("as it comes"),
        Tone.COSY: _("cosy"),
        Tone.FUNNY: _("funny"),
        Tone.ADVENTURE: _("an adventure"),
        Tone.MYSTERY: _("a mystery"),
    },
)


class Story(models.Model):
    """A story of one child, and so of one family. Its chapters form a tree.

    `tile` is the key of the picture that it began with (`stories.themes`), "" for a wish alone.
    `stand_in` is the name that its hero goes by while a model writes, from its first brief on;
    `companions` are the siblings whom the family put into it, and strangers who bear a stand-in's
    name: `{child, names, stand_in}`, see `generations.briefs`. `siblings` are ids of those children
    of the family who were chosen to go along, and `friend` is the one from an earlier story. `plan`
    holds the cards that were drawn for it (`plotting.draw.StoryPlan`). `discarded_at` is set where
    the parent did not want even the beginning of a first chapter: the family's pages leave such a
    story out.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="stories")
    theme = models.CharField(_("theme"), max_length=THEME_LENGTH)
    tile = models.CharField(max_length=20, blank=True)
    requested_title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    title = models.CharField(_("title"), max_length=TITLE_LENGTH, blank=True)
    language = models.CharField(_("language"), max_length=35)
    reading_level = models.CharField(_("reading level"), max_length=12, choices=READING_LEVELS)
    total_chapters = models.PositiveSmallIntegerField(default=5)
    tone = models.CharField(_("tone"), max_length=10, choices=TONES, blank=True, default="")
    siblings = models.JSONField(default=list, blank=True, editable=False)
    friend = models.ForeignKey(
        "KeptFriend", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    stand_in = models.CharField(max_length=60, blank=True, editable=False)
    companions = models.JSONField(default=list, blank=True, editable=False)
    plan = models.JSONField(default=dict, blank=True, editable=False)
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
        """Chapters for the family to read: withdrawn ones are for staff only."""
        return self.filter(withdrawn_at=None)

    def released(self) -> "ChapterQuerySet":
        """Chapters for the child to read."""
        return self.readable().filter(released_at__isnull=False)

    def awaiting_preview(self) -> "ChapterQuerySet":
        """Chapters awaiting a parent's look."""
        return self.readable().filter(released_at=None)


_Chapters = models.Manager.from_queryset(ChapterQuerySet)


class ShownChapters(_Chapters["Chapter"]):
    """Chapters that somebody asked for: a family finds no other, by whatever query."""

    def get_queryset(self) -> ChapterQuerySet:
        return ChapterQuerySet(self.model, using=self._db).filter(is_hidden=False)


class Chapter(models.Model):
    """A finished chapter: stored once, never changed by a reader.

    `text` is what was shown; `source` is the same text in stand-in form, the only form that a
    model sees again. `vocabulary` is a list of `{word, meaning}`; `safety_layers` are the names of
    all that looked at the chapter before it was finished. `outcome_findings` is a list of `{kind,
    sentence}`, in stand-in form: what stays of the text that is not what was asked for. `facts`, a
    list of `{kind, who, what, sentence}`, `threads`, `{opened, closed}`, and `scene` are its part
    of the story's memory (`vocabulary.memory`), in stand-in form: the next chapters of its own
    branch are told them. `plan` is a model's plan of these, if any (`vocabulary.own_plan`); it may
    be on its way until `plan_by`. One that
    was withdrawn leaves its position in the story free for another. `released_at` is since when the
    child may read it: from the beginning, or, where the family looks first, when `released_by` has
    done so. One that `is_hidden` was written ahead of its choice, and is for staff only until that
    is taken; `objects` leaves these out, also behind other rows.
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
    question = models.CharField(max_length=note_lengths.QUESTION.stored, blank=True)
    summary = models.TextField(blank=True)
    vocabulary = models.JSONField(default=list, blank=True)
    educational_elements = models.JSONField(default=list, blank=True)
    word_count = models.PositiveIntegerField()
    reading_minutes = models.PositiveSmallIntegerField()
    measured_level = models.CharField(max_length=12, choices=READING_LEVELS)
    safety_score = models.FloatField()
    safety_layers = models.JSONField(default=list, blank=True)
    outcome_findings = models.JSONField(default=list, blank=True)
    facts = models.JSONField(default=list, blank=True)
    threads = models.JSONField(default=dict, blank=True)
    scene = models.JSONField(default=dict, blank=True)
    plan = models.JSONField(default=dict, blank=True)
    plan_by = models.DateTimeField(null=True, editable=False)
    is_ending = models.BooleanField(default=False)
    is_hidden = models.BooleanField(default=False, editable=False)
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

    objects = ShownChapters()
    with_hidden = _Chapters["Chapter"]()

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
    description = models.CharField(max_length=note_lengths.CHOICE_DESCRIPTION.stored, blank=True)
    impact = models.CharField(max_length=note_lengths.CHOICE_DESCRIPTION.stored, blank=True)

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
    """A child's position in a story: `chapter` is the one being read, None before the first.

    `last_read_at` is when the story was begun, opened, read or gone on with, the latest of these.
    `place_chapter` and `place_paragraph`, an index, are where it was left: in the chapter being
    read, or, once the story is finished, in any.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.OneToOneField(Story, on_delete=models.CASCADE, related_name="session")
    chapter = models.ForeignKey(
        Chapter, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    last_read_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    seconds_read = models.PositiveIntegerField(default=0)
    words_read = models.PositiveIntegerField(default=0)
    place_chapter = models.ForeignKey(
        Chapter, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    place_paragraph = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        ordering: ClassVar = ["-started_at"]
        indexes: ClassVar = [models.Index(fields=["last_read_at"], name="session_last_read")]

    def __str__(self) -> str:
        return f"Reading of {self.story_id}"


class Decision(models.Model):
    """A choice taken in a session; in order of `made_at`."""

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
