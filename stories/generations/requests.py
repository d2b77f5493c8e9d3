"""Asking for a chapter: begin it, join the run that writes it, or replay the one that exists."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from children.models import Child, Family, User
from stories import eventlog
from stories.controls import switches
from stories.controls.switches import Feature
from stories.eventlog import Entry
from stories.infra.notify import News, notify
from stories.models import (
    IDEA_LENGTH,
    KEY_LENGTH,
    THEME_LENGTH,
    TITLE_LENGTH,
    Chapter,
    Choice,
    Decision,
    Generation,
    ReadingSession,
    RequestKey,
    Story,
)
from stories.safety.gate import offered_languages
from stories.vocabulary.brief import StoryBrief, primary_language
from stories.vocabulary.errors import ErrorCode
from stories.vocabulary.events import Content, NodeEvent
from stories.workflow import resume_from

from . import runs
from .briefs import brief_for, path_to, pseudonym_of
from .inputs import InvalidRequest, admit, clean_line
from .limits import admit as admit_now
from .previews import AwaitsPreview, awaited, check_released

CHAPTER_CHOICES = (3, 5, 7)
DEFAULT_CHAPTERS = 5
LONGEST_STORY = 12


class WrongPlace(Exception):
    """The session is not at that chapter or choice; the message says where it is."""


class ModelMissing(Exception):
    """A new chapter is needed, and there is no storyteller to write it."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks, under which idempotency key, and whether there is a storyteller to write.

    `capacity` is how many chapters are written at once. `enqueue` is called with a run that was
    begun, in the transaction that begins it.
    """

    user: User
    key: str | None = None
    has_model: bool = True
    capacity: int = 1
    enqueue: Callable[[Generation], None] = lambda _: None


@dataclass(frozen=True, kw_only=True)
class NewStory:
    """A first chapter's request.

    Where nothing is said of it, `language` is the child's first one, and `total_chapters` as usual.
    """

    child: Child
    theme: str
    title: str = ""
    language: str = ""
    total_chapters: int | None = None


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How a story is to go on: an offered choice, the child's own idea, or, with neither, as it
    comes."""

    choice: Choice | None = None
    own_idea: str = ""


@dataclass(frozen=True)
class Requested:
    """The generation that answers a request, and whether this request made it."""

    generation: Generation
    is_new: bool


def start_story(caller: Caller, new: NewStory) -> Requested:
    """Begin a story, or join the run while the first chapter of the same wish is being written.

    Whoever of the family sent it first, the same wish of one child is one story. A different wish
    is another story beside it: what a child asked for is never swallowed.
    Raises InvalidRequest, ModelMissing and NotNow.
    """
    new = _checked(new)
    with _alone(caller):
        if standing := _of_key(caller) or _active(_like(new, 1)):
            return _joined(caller, standing)
        return _begun(caller, _begin_story(caller, new))


def next_chapter(caller: Caller, session: ReadingSession, wish: Wish) -> Requested:
    """Record the choice and go on from it.

    A chapter that exists is replayed, one that is being written is joined, any other is begun. A
    wish that says nothing joins whatever is being written from here.
    Raises InvalidRequest, WrongPlace, AwaitsPreview, ModelMissing and NotNow.
    """
    if earlier := _of_key(caller):
        return Requested(earlier, is_new=False)
    if wish == Wish():
        if session.chapter is None:
            return _first_chapter_again(caller, session)
        if running := _active(Generation.objects.filter(choice__chapter=session.chapter)):
            return _joined(caller, running)
    choice = _decide(session, wish)
    with _alone(caller):
        runs.end_stopping(Generation.objects.filter(choice=choice))
        if standing := _of_key(caller) or _standing(session, choice):
            return _joined(caller, standing)
        return _begun(caller, _begin_chapter(caller, session.story, choice))


def chapter_of_theme(caller: Caller, new: NewStory, number: int) -> Requested:
    """Chapter `number` of the child's most recent session with this theme, and title if given.

    Unfinished sessions come first; a finished one is only replayed. Raises WrongPlace for a
    chapter that neither exists nor is the next one, and what `next_chapter` raises.
    """
    session = _latest_session(_checked(new))
    if session is not None and (waiting := awaited(session)):
        if number == waiting.number:
            return Requested(_written_by(waiting), is_new=False)
        if number > waiting.number:
            raise AwaitsPreview
    if session is None or session.chapter is None:
        raise WrongPlace(f"There is no story with this theme that could go on to chapter {number}.")
    here = session.chapter
    if number <= here.number:
        return Requested(_written_by(path_to(here)[number - 1]), is_new=False)
    if number > here.number + 1:
        raise WrongPlace(f"The story is at chapter {here.number}; the next is {here.number + 1}.")
    recorded = session.decisions.filter(choice__chapter=here).select_related("choice__chapter")
    decision = recorded.order_by("-made_at", "-pk").first()
    return next_chapter(caller, session, Wish(choice=decision.choice if decision else None))


def latest_like(new: NewStory, number: int) -> Generation | None:
    """The newest generation that this same wish led to, whatever became of it."""
    return _like(_checked(new), number).first()


def begin_again(generation: Generation, caller: Caller) -> bool:
    """Have the chapter of a run that was withdrawn written anew, for who asked for it then.

    False where its place in the story is taken, or hangs on what was withdrawn, too. Call it in
    the transaction that withdraws. Raises ModelMissing and NotNow.
    """
    story, choice = generation.story, generation.choice
    user = generation.requested_by or User.objects.filter(family=story.child.family_id).first()
    is_gone = choice is not None and choice.chapter.withdrawn_at is not None
    place = {"story": story, "choice": choice}
    is_written = Chapter.objects.readable().filter(**place).exists()
    active = Generation.objects.filter(**place, status__in=Generation.ACTIVE)
    if user is None or is_gone or is_written or active.exists():
        return False
    _begin_chapter(replace(caller, user=user), story, choice)
    return True


def request_stop(generation: Generation) -> None:
    """Ask whoever writes this generation to stop, or end it where nobody does; asking twice is
    asking once."""
    asked = Generation.objects.filter(
        pk=generation.pk, status__in=Generation.ACTIVE, stop_requested_at=None
    )
    with transaction.atomic():
        asked.update(stop_requested_at=timezone.now())
        runs.stop_unclaimed(generation.pk)
        notify(News.STOP, [generation.pk])


def add_reading_time(session: ReadingSession, seconds: int) -> None:
    ReadingSession.objects.filter(pk=session.pk).update(seconds_read=F("seconds_read") + seconds)


# A first chapter --------------------------------------------------------------------------------


def _checked(new: NewStory) -> NewStory:
    theme = clean_line("theme", new.theme, THEME_LENGTH, is_required=True)
    title = clean_line("title", new.title, TITLE_LENGTH)
    language = new.language or new.child.language
    if primary_language(language) not in offered_languages():
        raise InvalidRequest("language", f"language: allowed are {', '.join(offered_languages())}.")
    if new.total_chapters is not None and not 1 <= new.total_chapters <= LONGEST_STORY:
        raise InvalidRequest("total_chapters", f"total_chapters: allowed is 1 to {LONGEST_STORY}.")
    admit(new.child, language, theme=theme, title=title)
    return replace(new, theme=theme, title=title)


def _like(new: NewStory, number: int) -> QuerySet[Generation]:
    """Runs of the same wish; language and length count where something is said of them."""
    said = {"story__language": new.language, "story__total_chapters": new.total_chapters}
    return Generation.objects.filter(
        story__child=new.child,
        story__theme=new.theme,
        story__requested_title=new.title,
        chapter_number=number,
        **{field: value for field, value in said.items() if value},
    ).order_by("-created_at")


def _active(generations: QuerySet[Generation]) -> Generation | None:
    """The one that can be joined: who asks after a stop does not ask for what is being stopped."""
    return generations.filter(status__in=Generation.ACTIVE, stop_requested_at=None).first()


def _begin_story(caller: Caller, new: NewStory) -> Generation:
    if switches.is_off(Feature.NEW_STORIES):
        raise ModelMissing
    story = Story.objects.create(
        child=new.child,
        theme=new.theme,
        requested_title=new.title,
        language=new.language or new.child.language,
        reading_level=new.child.reading_level,
        total_chapters=new.total_chapters or DEFAULT_CHAPTERS,
    )
    ReadingSession.objects.create(story=story)
    return _begin_chapter(caller, story, None)


def _first_chapter_again(caller: Caller, session: ReadingSession) -> Requested:
    """A story whose first chapter came to nothing begins once more, as the same story."""
    with _alone(caller):
        first = Generation.objects.filter(story=session.story_id, choice=None)
        runs.end_stopping(first)
        finished = first.filter(status=Generation.Status.COMPLETED, withdrawn_at=None)
        if running := _active(first):
            return _joined(caller, running)
        check_released(session)
        if standing := finished.first():
            return _joined(caller, standing)
        if session.story.discarded_at is not None:
            raise WrongPlace("This story was discarded before its first chapter was finished.")
        return _begun(caller, _begin_chapter(caller, session.story, None))


def _latest_session(new: NewStory) -> ReadingSession | None:
    sessions = ReadingSession.objects.filter(
        story__child=new.child, story__theme=new.theme, story__discarded_at=None
    )
    if new.title:
        sessions = sessions.filter(story__requested_title=new.title)
    return (
        sessions.select_related("story__child", "chapter")
        .order_by(F("finished_at").asc(nulls_first=True), "-started_at")
        .first()
    )


# A later one ------------------------------------------------------------------------------------


@transaction.atomic
def _decide(session: ReadingSession, wish: Wish) -> Choice:
    choice = wish.choice or _made_here(session, wish.own_idea)
    if choice.chapter.awaits_preview:
        raise AwaitsPreview
    if choice.chapter.is_ending:
        raise WrongPlace("The story has ended: no chapter follows this one.")
    Decision.objects.get_or_create(session=session, choice=choice)
    return choice


def _made_here(session: ReadingSession, own_idea: str) -> Choice:
    check_released(session)
    here = session.chapter
    if here is None:
        raise WrongPlace("The first chapter is not finished yet.")
    idea = clean_line("custom_text", own_idea, IDEA_LENGTH)
    if idea and switches.is_off(Feature.OWN_IDEAS):
        raise InvalidRequest("custom_text", "Own ideas are resting just now. Please pick a way.")
    admit(session.story.child, session.story.language, custom_text=idea)
    kind = Choice.Kind.OWN_IDEA if idea else Choice.Kind.CONTINUE
    choice, _ = Choice.objects.get_or_create(chapter=here, kind=kind, text=idea)
    return choice


def _standing(session: ReadingSession, choice: Choice) -> Generation | None:
    """What is there already of the chapter that a choice leads to; to read on goes there, unless
    a parent has to look at it first."""
    chapter = Chapter.objects.readable().filter(choice=choice).first()
    if chapter is None:
        return _active(Generation.objects.filter(choice=choice))
    if chapter.awaits_preview:
        return _written_by(chapter)
    ReadingSession.objects.filter(pk=session.pk).update(
        chapter=chapter, finished_at=timezone.now() if chapter.is_ending else None
    )
    return _written_by(chapter)


def _written_by(chapter: Chapter) -> Generation:
    return Generation.objects.get(chapter=chapter)


# What came to nothing ---------------------------------------------------------------------------


def carry_on(caller: Caller, stopped: Generation) -> Requested:
    """A new run that goes on from the approved text of one that ended early, or the one that does.

    Raises WrongPlace or AwaitsPreview where that cannot be, ModelMissing and NotNow.
    """
    with _alone(caller):
        runs.end_stopping(Generation.objects.filter(story=stopped.story, choice=stopped.choice))
        begun = _of_key(caller) or _active(_from_here(stopped).filter(choice=stopped.choice))
        if begun:
            return _joined(caller, begun)
        _check_is_last(stopped)
        if stopped.error_code in _NOT_CARRIED_ON or stopped.withdrawn_at is not None:
            raise WrongPlace("This chapter cannot be carried on: ask for another one.")
        text, is_whole = _approved(stopped)
        # What was written for a parent's eyes stays so, whatever the family decided since.
        generation = _begin_chapter(
            caller, stopped.story, stopped.choice, is_previewed=stopped.is_previewed
        )
        if text and _is_approved_for(generation, stopped):
            _begin_with(generation, text, is_whole=is_whole)
        return _begun(caller, generation)


def discard(user: User, ended: Generation) -> None:
    """Free the place that runs without a chapter have, or one whose chapter a parent looked at and
    does not want: their text is removed, for good.

    Doing it twice is doing it once. Raises WrongPlace where the story has gone on, and
    AwaitsPreview where another run's chapter waits at this place.
    """
    with _alone(Caller(user=user)):
        gone_before = Generation.objects.filter(chapter=None, pruned_at__isnull=False)
        if gone_before.filter(pk=ended.pk).exists():
            return
        runs.end_stopping(Generation.objects.filter(pk=ended.pk))
        if not _is_turned_down(ended):
            _check_is_last(ended)
        gone = _from_here(ended).filter(finished_at__isnull=False)
        choices = list(gone.values_list("choice", flat=True))
        eventlog.prune(list(gone.values_list("pk", flat=True)))
        if ended.choice is None:
            Story.objects.filter(pk=ended.story_id).update(discarded_at=timezone.now())
        made = Decision.objects.filter(session__story=ended.story_id, choice__in=choices)
        made.filter(choice__led_to=None).delete()


# A chapter that was unfit is not taken up again; one that did not fit into the context never will.
_NOT_CARRIED_ON = (ErrorCode.SAFETY_REJECTED, ErrorCode.CONTEXT_TOO_LONG)


def _from_here(generation: Generation) -> QuerySet[Generation]:
    """The runs that lead on from the same chapter and are not finished, the newest first."""
    here = (
        {"choice__chapter": generation.choice.chapter_id} if generation.choice else {"choice": None}
    )
    return Generation.objects.filter(
        **here, story=generation.story_id, chapter=None, pruned_at=None
    ).order_by("-created_at")


def _check_is_last(ended: Generation) -> None:
    """Raises WrongPlace unless this is where its story ends, and nobody writes there; AwaitsPreview
    where a chapter that is to be looked at first stands there."""
    ended.refresh_from_db(fields=["status", "error_code"])
    session = ReadingSession.objects.get(story=ended.story_id)
    newest = _from_here(ended).first()
    place = {"story": ended.story_id, "choice": ended.choice_id}
    if Chapter.objects.awaiting_preview().filter(**place).exists():
        raise AwaitsPreview
    if newest != ended or session.chapter_id != (ended.choice and ended.choice.chapter_id):
        raise WrongPlace("The story is not at this chapter any more.")
    if ended.is_active:
        raise WrongPlace("This chapter is being written: stop it first.")


def _is_turned_down(finished: Generation) -> bool:
    """Undo the chapter of a run, where a parent has not released it."""
    removed, _ = Chapter.objects.awaiting_preview().filter(generation=finished.pk).delete()
    if removed:
        Generation.objects.filter(pk=finished.pk).update(
            status=Generation.Status.STOPPED, error_code=ErrorCode.CANCELLED
        )
    return removed > 0


def _approved(stopped: Generation) -> tuple[str, bool]:
    """The text in stand-in form, and whether it is the whole chapter.

    None of it where the chapter as a whole was judged unfit.
    """
    text = eventlog.source_text(stopped.pk)
    log = eventlog.read_after(stopped.pk, 0)
    said = resume_from(((event.type, event.data) for event in log), text)
    return ("", False) if said.is_rejected else (text, said.is_whole)


def _is_approved_for(generation: Generation, stopped: Generation) -> bool:
    """Whether the gate would still check by the same measures, under the same stand-in name."""
    now, then = (StoryBrief.model_validate(run.brief) for run in (generation, stopped))
    ours, theirs = ((brief.hero, brief.checked_as, set(brief.avoid)) for brief in (now, then))
    return ours == theirs


def _begin_with(generation: Generation, text: str, *, is_whole: bool) -> None:
    """Let the log begin with text that was approved before, so that it is whole by itself."""
    shown = Content(chunk=pseudonym_of(generation.story).reveal(text), is_complete=is_whole)
    entries = [
        Entry(NodeEvent(node="generate_content", status="started")),
        Entry(shown, source=text),
    ]
    events = eventlog.insert(generation.pk, None, generation.last_position, entries)
    generation.last_position = events[-1].position


# Either -----------------------------------------------------------------------------------------


@contextmanager
def _alone(caller: Caller) -> Iterator[None]:
    """One request of a family at a time, so that twins of a request find the first one's run.

    SQLite's transactions exclude each other anyway; elsewhere the family's row is the lock.
    """
    with transaction.atomic():
        Family.objects.select_for_update().get(members=caller.user)
        yield


def _begin_chapter(
    caller: Caller, story: Story, choice: Choice | None, *, is_previewed: bool = False
) -> Generation:
    """A new run; everyone who could write it is told, and its job is enqueued, as it is stored.

    A parent looks at its chapter first where the family wants that now, or where `is_previewed`. It
    is shown word by word, where the installation does that, to families who look at none first.
    """
    if not caller.has_model or switches.is_off(Feature.WRITING):
        raise ModelMissing
    brief = brief_for(story, choice)
    family = Family.objects.get(pk=story.child.family_id)
    admit_now(family.pk, caller.capacity)
    generation = Generation.objects.create(
        story=story,
        choice=choice,
        chapter_number=brief.chapter_number,
        requested_by=caller.user,
        brief=brief.model_dump(mode="json"),
        is_previewed=is_previewed or family.previews(brief.chapter_number),
        is_by_word=settings.RELEASE == "token" and not (is_previewed or family.is_previewing),
    )
    first = eventlog.begins(generation, story.session)
    eventlog.insert(generation.pk, None, 0, [Entry(first)])
    generation.last_position = 1
    caller.enqueue(generation)
    notify(News.WORK)
    return generation


def _of_key(caller: Caller) -> Generation | None:
    if caller.key is None:
        return None
    if not 1 <= len(caller.key) <= KEY_LENGTH:
        raise InvalidRequest(
            "Idempotency-Key", f"Idempotency-Key: 1 to {KEY_LENGTH} characters are allowed."
        )
    known = RequestKey.objects.filter(user=caller.user, key=caller.key)
    found = known.select_related("generation").first()
    return found.generation if found else None


def _begun(caller: Caller, generation: Generation) -> Requested:
    _keep_key(caller, generation)
    return Requested(generation, is_new=True)


def _joined(caller: Caller, generation: Generation) -> Requested:
    _keep_key(caller, generation)
    return Requested(generation, is_new=False)


def _keep_key(caller: Caller, generation: Generation) -> None:
    """From now on the key stands for this generation, also when that has ended."""
    if caller.key is not None:
        RequestKey.objects.get_or_create(
            user=caller.user, key=caller.key, defaults={"generation": generation}
        )
