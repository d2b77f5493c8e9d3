"""Requests for a chapter: the caller, the family's lock, idempotency keys, and a new run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from children.models import Family, User
from stories import eventlog
from stories.controls import switches
from stories.controls.switches import Feature
from stories.eventlog import Entry
from stories.infra.notify import Topic, notify
from stories.llm import Status
from stories.models import (
    KEY_LENGTH,
    Chapter,
    Choice,
    Generation,
    RequestKey,
    Story,
)
from stories.workflow.resources import Writing

from .briefs import brief_for
from .inputs import InvalidRequest
from .limits import check_limits


class WrongPlace(Exception):
    """The session is not at that chapter or choice; the message says where it is."""


class ModelMissing(Exception):
    """A new chapter is needed, and there is no storyteller to write it."""


Enqueue = Callable[[Generation], None]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The caller of a request, its idempotency key, and the storyteller's availability.

    `capacity` is how many chapters are written at once, and `writing` how the model does that, None
    where that is not known. `enqueue` is called with a run that was
    begun, in the transaction that begins it. See `caller_for`.
    """

    user: User
    key: str | None
    has_model: bool
    capacity: int
    enqueue: Enqueue
    writing: Writing | None = None


def caller_for(
    user: User, storyteller: Status, enqueue: Enqueue, *, key: str | None = None
) -> Caller:
    """A caller of this installation: `storyteller` as it stands now, without the features turned
    off by staff."""
    state = switches.with_switches(storyteller)
    return Caller(
        user=user,
        key=key,
        has_model=state.is_configured,
        capacity=state.concurrency,
        enqueue=enqueue,
        writing=state.writing,
    )


@dataclass(frozen=True)
class Requested:
    """The generation that answers a request, and whether this request made it."""

    generation: Generation
    is_new: bool


@contextmanager
def family_lock(user: User) -> Iterator[None]:
    """One request of a family at a time, so that twins of a request find the first one's run.

    SQLite's transactions exclude each other anyway; elsewhere the family's row is the lock.
    """
    with transaction.atomic():
        Family.objects.select_for_update().get(members=user)
        yield


def begin_chapter(
    caller: Caller, story: Story, choice: Choice | None, *, is_previewed: bool = False
) -> Generation:
    """A new run, stored, told to every process that could write it, and enqueued.

    A parent looks at its chapter first where the family wants that now, or where `is_previewed`. It
    is shown word by word, where the installation does that, to families who look at none first.
    """
    if not caller.has_model or switches.is_off(Feature.WRITING):
        raise ModelMissing
    brief = brief_for(story, choice)
    family = Family.objects.get(pk=story.child.family_id)
    check_limits(family.pk, caller.capacity)
    generation = Generation.objects.create(
        story=story,
        choice=choice,
        chapter_number=brief.chapter_number,
        requested_by=caller.user,
        brief=brief.model_dump(mode="json"),
        is_previewed=is_previewed or family.previews(brief.chapter_number),
        shows_unchecked_words=settings.SHOWS_UNCHECKED_WORDS
        and not (is_previewed or family.is_previewing),
    )
    first = eventlog.first_event(generation, story.session)
    eventlog.insert(generation.pk, None, 0, [Entry(first)])
    generation.last_position = 1
    caller.enqueue(generation)
    notify(Topic.WORK)
    return generation


def active(generations: QuerySet[Generation]) -> Generation | None:
    """The run to join; one that is being stopped is none, since a request after a stop wants a new
    one."""
    return generations.filter(status__in=Generation.ACTIVE, stop_requested_at=None).first()


def written_by(chapter: Chapter) -> Generation:
    return Generation.objects.get(chapter=chapter)


def by_idempotency_key(caller: Caller) -> Generation | None:
    if caller.key is None:
        return None
    if not 1 <= len(caller.key) <= KEY_LENGTH:
        raise InvalidRequest(
            "Idempotency-Key", f"Idempotency-Key: 1 to {KEY_LENGTH} characters are allowed."
        )
    known = RequestKey.objects.filter(user=caller.user, key=caller.key)
    found = known.select_related("generation").first()
    return found.generation if found else None


def created(caller: Caller, generation: Generation) -> Requested:
    _keep_key(caller, generation)
    return Requested(generation, is_new=True)


def existing(caller: Caller, generation: Generation) -> Requested:
    _keep_key(caller, generation)
    return Requested(generation, is_new=False)


def _keep_key(caller: Caller, generation: Generation) -> None:
    """Bind the key to this generation, also after its end."""
    if caller.key is not None:
        RequestKey.objects.get_or_create(
            user=caller.user, key=caller.key, defaults={"generation": generation}
        )
