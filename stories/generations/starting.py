"""Starting a story: its first chapter is begun, joined or replayed."""

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from children.models import Child
from stories.controls import switches
from stories.controls.switches import Feature
from stories.models import (
    THEME_LENGTH,
    TITLE_LENGTH,
    Generation,
    ReadingSession,
    Story,
)
from stories.vocabulary.languages import codes, current_tag, primary_language
from stories.vocabulary.tones import Tone

from . import leases
from .cast import Cast, check_cast, check_present
from .inputs import InvalidRequest, check_text, clean_line
from .previews import check_released
from .requests import (
    Caller,
    ModelMissing,
    Requested,
    WrongPlace,
    active,
    begin_chapter,
    by_idempotency_key,
    created,
    existing,
    family_lock,
)

CHAPTER_CHOICES = (3, 5, 7)
DEFAULT_CHAPTERS = 5
MAX_CHAPTERS = 12


@dataclass(frozen=True, kw_only=True)
class NewStory:
    """A first chapter's request.

    Where nothing is said of it, `language` is the child's first one, and `total_chapters` as usual;
    `cast` and `tone` are None, and nobody goes along, in any tone.
    `tile` is the key of the picture that was picked, if any.
    """

    child: Child
    theme: str
    tile: str = ""
    title: str = ""
    language: str = ""
    total_chapters: int | None = None
    cast: Cast | None = None
    tone: Tone | None = None


def start_story(caller: Caller, new: NewStory) -> Requested:
    """Begin a story, or join the run while the first chapter of the same wish is being written.

    Whoever of the family sent it first, the same wish of one child is one story. A different wish
    is another story beside it: what a child asked for is never swallowed.
    Raises InvalidRequest, ModelMissing and NotNow.
    """
    new = checked(new)
    with family_lock(caller.user):
        if found := by_idempotency_key(caller) or active(_same_request(new, 1)):
            return existing(caller, found)
        return created(caller, _begin_story(caller, new))


def latest_generation(new: NewStory, number: int) -> Generation | None:
    """The newest generation of this same wish, in whatever state."""
    return _same_request(checked(new), number).first()


def first_chapter_again(caller: Caller, session: ReadingSession) -> Requested:
    """A story whose first chapter came to nothing begins once more, as the same story."""
    with family_lock(caller.user):
        first = Generation.objects.filter(story=session.story_id, choice=None)
        leases.end_stopping(first)
        finished = first.filter(status=Generation.Status.COMPLETED, withdrawn_at=None)
        if running := active(first):
            return existing(caller, running)
        check_released(session)
        if found := finished.first():
            return existing(caller, found)
        if session.story.discarded_at is not None:
            raise WrongPlace("This story was discarded before its first chapter was finished.")
        return created(caller, begin_chapter(caller, session.story, None))


def checked(new: NewStory) -> NewStory:
    theme = clean_line("theme", new.theme, THEME_LENGTH, is_required=True)
    title = clean_line("title", new.title, TITLE_LENGTH)
    language = current_tag(new.language or new.child.language)
    if primary_language(language) not in codes():
        raise InvalidRequest("language", f"language: allowed are {', '.join(codes())}.")
    if new.total_chapters is not None and not 1 <= new.total_chapters <= MAX_CHAPTERS:
        raise InvalidRequest("total_chapters", f"total_chapters: allowed is 1 to {MAX_CHAPTERS}.")
    check_text(new.child, language, theme=theme, title=title)
    if new.cast:
        check_cast(new.child, language, new.cast)
    return replace(new, theme=theme, title=title, language=new.language and language)


def _same_request(new: NewStory, number: int) -> QuerySet[Generation]:
    """Runs of the same wish; language, length, cast and tone are compared if the wish has them."""
    return Generation.objects.filter(
        story__child=new.child,
        story__theme=new.theme,
        story__requested_title=new.title,
        chapter_number=number,
        **_said(new),
    ).order_by("-created_at")


def _said(new: NewStory) -> dict[str, Any]:
    """Conditions by what a wish does not leave open."""
    said: dict[str, Any] = {}
    if new.language:
        said["story__language"] = new.language
    if new.total_chapters:
        said["story__total_chapters"] = new.total_chapters
    if new.cast is not None:
        said |= {"story__siblings": new.cast.siblings, "story__friend": new.cast.friend}
    if new.tone is not None:
        said["story__tone"] = new.tone
    return said


def _begin_story(caller: Caller, new: NewStory) -> Generation:
    if switches.is_off(Feature.NEW_STORIES):
        raise ModelMissing
    cast = new.cast or Cast()
    check_present(cast)
    story = Story.objects.create(
        child=new.child,
        theme=new.theme,
        tile=new.tile,
        requested_title=new.title,
        language=new.language or new.child.language,
        reading_level=new.child.reading_level,
        total_chapters=new.total_chapters or DEFAULT_CHAPTERS,
        tone=new.tone or Tone.ANY,
        siblings=cast.siblings,
        friend=cast.friend,
    )
    ReadingSession.objects.create(story=story)
    return begin_chapter(caller, story, None)
