"""Families: the people who sign in, their children, and the tokens of their devices."""

import datetime as dt
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from .choices import labelled
from .profiles import Pronoun, ReadingLevel
from .validators import current_tag, validate_languages, validate_name, validate_short_lines

OLDEST_CHILD_YEARS = 17


class Preview(models.TextChoices):
    """The chapters that a parent looks at before the child reads them."""

    NEVER = "never", _("never")
    FIRST = "first", _("the first chapter of each story")
    ALWAYS = "always", _("every chapter")


class Family(models.Model):
    """The owner of children and their stories; its members are the users who name it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    preview = models.CharField(
        _("looks first"), max_length=6, choices=Preview, default=Preview.NEVER
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("family")
        verbose_name_plural = _("families")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(preview__in=Preview.values), name="family_preview_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Family {str(self.pk)[:8]}"

    def previews(self, chapter_number: int) -> bool:
        """True when a parent looks at a story's chapter of this number before the child reads
        it."""
        is_first = chapter_number == 1
        return self.preview == Preview.ALWAYS or (self.preview == Preview.FIRST and is_first)

    @property
    def is_previewing(self) -> bool:
        """True when a parent looks first at any chapter."""
        return self.preview != Preview.NEVER


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A parent, with a family of their own unless one is given."""
        if not fields.get("is_staff") and "family" not in fields:
            fields["family"] = Family.objects.create()
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A parent, or a member of staff (who has no family)."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    family = models.ForeignKey(
        Family, null=True, blank=True, on_delete=models.PROTECT, related_name="members"
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.email


READING_LEVELS = labelled(
    ReadingLevel,
    {
        ReadingLevel.BEGINNER: _("Beginner"),
        ReadingLevel.INTERMEDIATE: _("Intermediate"),
        ReadingLevel.ADVANCED: _("Advanced"),
    },
)
PRONOUNS = labelled(
    Pronoun,
    {
        Pronoun.OPEN: _("leave it open"),
        Pronoun.SHE: _("she"),
        Pronoun.HE: _("he"),
        Pronoun.THEY: _("they"),
    },
)


class Strictness(models.TextChoices):
    """Limits on events in a child's stories: those for the age, or those for a younger child."""

    USUAL = "usual", _("usual")
    GENTLE = "gentle", _("gentler")


class Child(models.Model):
    """A child of a family. `languages` are BCP 47 tags, the story language first."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="children")
    name = models.CharField(_("name"), max_length=60, validators=[validate_name])
    former_names = models.JSONField(default=list, blank=True, editable=False)
    pronoun = models.CharField(_("pronoun"), max_length=4, choices=PRONOUNS, blank=True)
    birth_year = models.PositiveSmallIntegerField(
        _("birth year"), validators=[MinValueValidator(1990)]
    )
    birth_month = models.PositiveSmallIntegerField(_("birth month"))
    languages = models.JSONField(_("languages"), default=list, validators=[validate_languages])
    reading_level = models.CharField(
        _("reading level"),
        max_length=12,
        choices=READING_LEVELS,
        default=ReadingLevel.BEGINNER.value,
    )
    strictness = models.CharField(
        _("strictness"), max_length=6, choices=Strictness, default=Strictness.USUAL
    )
    interests = models.JSONField(
        _("interests"), default=list, blank=True, validators=[validate_short_lines]
    )
    avoid = models.JSONField(
        _("things to avoid"), default=list, blank=True, validators=[validate_short_lines]
    )
    is_dyslexia_friendly = models.BooleanField(_("dyslexia-friendly type"), default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["created_at"]
        verbose_name = _("child")
        verbose_name_plural = _("children")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(birth_month__range=(1, 12)),
                name="child_birth_month_range",
                violation_error_message=_("The month is a number from 1 to 12."),
            ),
            models.CheckConstraint(
                condition=models.Q(reading_level__in=[level.value for level in ReadingLevel]),
                name="child_reading_level_known",
            ),
            models.CheckConstraint(
                condition=models.Q(strictness__in=Strictness.values),
                name="child_strictness_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keeps the name that the child had so far: what was typed by then may hold it, and a
        storyteller shall not be told that one either. Languages are kept by today's codes."""
        self.languages = [current_tag(tag) for tag in self.languages]
        known = Child.objects.filter(pk=self.pk).values_list("name", flat=True).first()
        if known not in {None, self.name, *self.former_names}:
            self.former_names = [*self.former_names, known]
        super().save(*args, **kwargs)

    @property
    def language(self) -> str:
        return self.languages[0] if self.languages else "en"

    def age_on(self, day: dt.date) -> int:
        """Whole years; the day of birth is not known, so the month's first counts."""
        return day.year - self.birth_year - (day.month < self.birth_month)

    @property
    def age(self) -> int:
        return self.age_on(timezone.localdate())

    def clean(self) -> None:
        if not self.birth_year or not self.birth_month:
            return
        if not 0 <= self.age <= OLDEST_CHILD_YEARS:
            raise ValidationError(
                {
                    "birth_year": _("A child is from 0 to %(oldest)s years old.")
                    % {"oldest": OLDEST_CHILD_YEARS}
                }
            )
        if problems := import_string(settings.PROFILE_CHECK)(self):
            raise ValidationError(problems)


class ApiToken(models.Model):
    """A Bearer token of one parent. Only its digest is stored; see `children.tokens`."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.name
