"""Chapters written ahead: one for each offered choice, while the child reads.

They are runs as any, and hidden until their choice is taken: no family finds them, and nothing of
them counts. The choice takes its chapter over as far as it has come, unless a chapter that was
begun now would be told or checked in another way; then that one is dropped and another is begun.
"""

import datetime as dt
import hashlib
import json
import logging
import uuid
from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from children.models import Family
from stories import eventlog
from stories.controls import switches
from stories.controls.thresholds import threshold_of
from stories.eventlog import Entry
from stories.infra.notify import Topic, notify
from stories.models import Case, Chapter, Choice, Decision, Generation, ReadingSession, Story
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.errors import Cancelled, ErrorCode

from . import leases, limits, outcomes
from .briefs import brief_for
from .previews import advance
from .requests import Caller
from .writers import last_writing

logger = logging.getLogger(__name__)

# A child that has turned no page for so long does something else.
READING_MINUTES = 30


def hidden() -> QuerySet[Generation]:
    """Runs that nobody has asked for."""
    return Generation.with_hidden.filter(ahead=Generation.Ahead.HIDDEN)


def undecided() -> QuerySet[ReadingSession]:
    """Sessions of children who read now and have not chosen yet. A plan that is on its way is
    waited for: the next chapters are told it."""
    now = timezone.now()
    chosen = Decision.objects.filter(session=OuterRef("pk"), choice__chapter=OuterRef("chapter"))
    return ReadingSession.objects.filter(
        ~Exists(chosen),
        Q(chapter__plan_by=None) | Q(chapter__plan_by__lte=now),
        last_read_at__gt=now - dt.timedelta(minutes=READING_MINUTES),
        finished_at=None,
        story__discarded_at=None,
        chapter__is_ending=False,
        chapter__withdrawn_at=None,
    )


def _tried() -> QuerySet[Generation]:
    """Runs for whose choice none is begun ahead: all but those that were dropped."""
    return Generation.with_hidden.exclude(ahead=Generation.Ahead.HIDDEN, pruned_at__isnull=False)


def next_choice(without: Collection[uuid.UUID]) -> Choice | None:
    """The choice to write ahead for, not of the families named: the first choices of all children
    who read come before any second one."""
    choices = Choice.objects.filter(
        ~Exists(_tried().filter(choice=OuterRef("pk"))),
        kind=Choice.Kind.OFFERED,
        chapter__in=undecided().values("chapter"),
    ).exclude(chapter__story__child__family__in=without)
    return choices.order_by("position", "chapter__created_at").first()


@transaction.atomic
def begin(choice_id: uuid.UUID) -> Generation | None:
    """A hidden run for this choice; None where it was taken, or has a run, by now.

    What `brief_for` keeps with the story is of the family's words alone, and is what the next
    chapter's brief would keep as well, whoever asks for that.
    """
    families = Family.objects.select_for_update(of=("self",))
    families.filter(children__stories__chapters__choices=choice_id).first()
    related = ("chapter__story__child", "chapter__story__session")
    choice = Choice.objects.select_related(*related).filter(pk=choice_id).first()
    is_wanted = undecided().filter(chapter__choices=choice_id).exists()
    if choice is None or not is_wanted or _tried().filter(choice=choice).exists():
        return None
    story = choice.chapter.story
    try:
        with transaction.atomic():
            brief = brief_for(story, choice)
    except (ValueError, LookupError, TypeError) as error:
        _note_failure(choice, error)
        return None
    generation = Generation.objects.create(
        story=story,
        choice=choice,
        chapter_number=brief.chapter_number,
        brief=brief.model_dump(mode="json"),
        ahead=Generation.Ahead.HIDDEN,
        made_for=_digest(story, brief),
    )
    first = eventlog.first_event(generation, story.session)
    eventlog.insert(generation.pk, None, 0, [Entry(first)])
    return generation


def _note_failure(choice: Choice, error: Exception) -> None:
    """Keep a story that makes no sense from being tried again and again."""
    logger.error("choice %s: cannot be written ahead: %s", choice.pk, type(error).__name__)
    Generation.objects.create(
        story=choice.chapter.story,
        choice=choice,
        chapter_number=choice.chapter.number + 1,
        ahead=Generation.Ahead.HIDDEN,
        status=Generation.Status.FAILED,
        error_code=ErrorCode.WORKFLOW_ERROR,
        finished_at=timezone.now(),
    )


def take_over(caller: Caller, session: ReadingSession, choice: Choice) -> Generation | None:
    """The run written ahead for this choice, which is the caller's from now on, as if they had
    begun it; None where there is none that fits, and then its position is free.

    Call it with the family's lock. Raises NotNow where the family is at its limits.
    """
    # A run that ends at this moment has done so before this line, or does so after the transaction.
    session = ReadingSession.objects.select_for_update().get(pk=session.pk)
    run = _kept().filter(choice=choice).select_related("story__child", "choice").first()
    if run is None or run.status in {Generation.Status.STOPPED, Generation.Status.FAILED}:
        return None
    if not _still_fits(run, caller):
        drop(run)
        return None
    return _taken_over(run, caller, session)


def _kept() -> QuerySet[Generation]:
    """Hidden runs that were not dropped; what staff took away is theirs to keep."""
    return hidden().filter(pruned_at=None, withdrawn_at=None)


def drop(run: Generation) -> None:
    """End a hidden run for good: its chapter and its log go, and so do the cases that nobody has
    begun to look at, for nobody will ever read what they are about.

    The row stays, as that of any run. Call it in a transaction.
    """
    active = Q(status__in=Generation.ACTIVE)
    if claim := leases.claim_first([run.pk], active):
        outcomes.fail(claim, Cancelled(), claim.generation.last_position, ())
        notify(Topic.LEASES)
    removed, _ = Chapter.with_hidden.filter(generation=run.pk, is_hidden=True).delete()
    if removed:
        hidden().filter(pk=run.pk).update(
            status=Generation.Status.STOPPED, error_code=ErrorCode.CANCELLED
        )
    eventlog.prune([run.pk])
    Case.objects.filter(generation=run.pk, claimed_by=None, decided_at=None).delete()


def drop_unchosen(before: dt.datetime) -> int:
    """Drop the hidden runs begun before this, in a transaction each; how many there were. One that
    a moderator looks at has its turn later."""
    looked_at = Case.objects.filter(
        generation=OuterRef("pk"), claimed_by__isnull=False, decided_at=None
    )
    old = _kept().filter(~Exists(looked_at), created_at__lt=before)
    dropped = 0
    for pk, family in list(old.values_list("pk", "story__child__family")):
        with transaction.atomic():
            Family.objects.select_for_update().filter(pk=family).first()
            if run := _kept().filter(pk=pk).first():
                drop(run)
                dropped += 1
    return dropped


def _still_fits(run: Generation, caller: Caller) -> bool:
    """True when a run begun now would be told and checked the same, by a model that may write."""
    is_there = run.is_active or run.chapter_id is not None
    if run.stop_requested_at is not None or not is_there or not _may_show(run, caller):
        return False
    return run.made_for == _digest(run.story, brief_for(run.story, run.choice))


def _may_show(run: Generation, caller: Caller) -> bool:
    """True when its model may write now, and the model of now can go on with what it has begun."""
    if not caller.has_model or not switches.may_write_with(run.model):
        return False
    ways = {last_writing(run.writers), caller.writing} - {None}
    return not run.is_active or len(ways) <= 1


def _digest(story: Story, brief: StoryBrief) -> str:
    """All that a chapter is told and checked by, and the names that are put into it."""
    child = story.child
    measures = [
        brief.model_dump(mode="json"),
        [child.name, *child.former_names],
        story.companions,
        threshold_of(brief.checked_as),
        [settings.GUARD_MODEL, settings.GUARD_IS_ADVISORY],
    ]
    return hashlib.sha256(json.dumps(measures, sort_keys=True).encode()).hexdigest()


def _taken_over(run: Generation, caller: Caller, session: ReadingSession) -> Generation | None:
    """None where the run has failed at this moment."""
    family = Family.objects.get(pk=run.story.child.family_id)
    if run.is_active:
        limits.check_limits(family.pk, caller.capacity)
    else:
        limits.count_begun(family.pk)
    is_previewed = family.previews(run.chapter_number)
    # It may be claimed or given up at this moment, which is all the same, or fail.
    states = Generation.ACTIVE if run.is_active else (Generation.Status.COMPLETED,)
    taken = hidden().filter(pk=run.pk, status__in=states)
    if not taken.update(
        ahead=Generation.Ahead.CHOSEN,
        requested_by=caller.user,
        created_at=timezone.now(),
        is_previewed=is_previewed,
    ):
        return None
    run = Generation.objects.select_related("story__session", "chapter").get(pk=run.pk)
    if run.chapter is not None:
        _show(run.chapter, session, is_previewed=is_previewed)
    if run.is_active:
        caller.enqueue(run)
    notify(Topic.WORK)  # for others to give way, and for those that follow on it
    return run


def _show(chapter: Chapter, session: ReadingSession, *, is_previewed: bool) -> None:
    chapter.is_hidden = False
    chapter.released_at = None if is_previewed else timezone.now()
    chapter.save(update_fields=["is_hidden", "released_at"])
    if not is_previewed:
        advance(session, chapter)
