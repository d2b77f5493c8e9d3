"""Switches: features and models that staff have turned off, for everyone and at once: features, and
models by name.

Each question is one look at a table of a few rows, asked once per request or run, so that every
process follows a switch from the moment it is turned.
"""

from dataclasses import replace

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from stories.llm import Status
from stories.models import MODEL_LENGTH, Generation, Switch

_MODEL = "model:"


class Feature(models.TextChoices):
    """The features that can be turned off; `model:<name>` turns off one model beside these."""

    WRITING = "writing", _("writing: no chapter is written, and those under way stop")
    NEW_STORIES = "new_stories", _("new stories: those that were begun go on")
    OWN_IDEAS = "own_ideas", _("the child's own ideas: the offered choices stay")
    READ_ALOUD = "read_aloud", _("reading aloud")
    WRITE_AHEAD = "write_ahead", _("writing ahead: chapters are begun once they are asked for")


def is_off(name: str) -> bool:
    return Switch.objects.filter(name=name).exists()


def turned_off() -> frozenset[str]:
    return frozenset(Switch.objects.values_list("name", flat=True))


def of_model(name: str) -> str:
    """The name of a model's switch."""
    return f"{_MODEL}{name}"


def may_write_with(model: str) -> bool:
    """True when a chapter may be written now, with this model."""
    return not Switch.objects.filter(name__in=[Feature.WRITING, of_model(model)]).exists()


def with_switches(status: Status) -> Status:
    """The storyteller's status, as far as it was not turned off."""
    return status if may_write_with(status.name) else replace(status, is_turned_off=True)


def is_switch(name: str) -> bool:
    is_model = name.startswith(_MODEL) and 0 < len(name) - len(_MODEL) <= MODEL_LENGTH
    return is_model or name in Feature.values


def runs_under(name: str) -> QuerySet[Generation]:
    """The runs that must stop when this is turned off."""
    active = Generation.with_hidden.filter(status__in=Generation.ACTIVE)
    if name == Feature.WRITING:
        return active
    if name == Feature.WRITE_AHEAD:
        return active.filter(ahead=Generation.Ahead.HIDDEN)
    return (
        active.filter(model=name.removeprefix(_MODEL)) if name.startswith(_MODEL) else active.none()
    )
