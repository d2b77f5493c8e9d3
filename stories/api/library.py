"""Stories with their chapters, and a child's position in them."""

import uuid

from django.http import HttpRequest
from ninja import Router, Status

from children.models import User
from children.profiles import ReadingLevel
from stories import access, generations
from stories.controls import switches
from stories.controls.switches import Feature
from stories.infra.db import in_database
from stories.models import Chapter, Choice, Generation, ReadingSession, Story
from stories.tree import Tree, path_to
from stories.vocabulary.tones import Tone

from .auth import sees_previews, user_of
from .errors import PROBLEMS
from .schemas import (
    ChapterOut,
    ChoiceOut,
    ChoiceTakenOut,
    PageStateOut,
    ReadingIn,
    SessionOut,
    StoryOut,
)

router = Router(tags=["stories"])


@router.get(
    "/stories/{uuid:story_id}", response={200: StoryOut, **PROBLEMS}, summary="A story, whole"
)
async def get_story(request: HttpRequest, story_id: uuid.UUID) -> StoryOut:
    return await in_database(_story, request, story_id)


@router.post(
    "/chapters/{uuid:chapter_id}/release",
    response={200: ChapterOut, **PROBLEMS},
    summary="Let the child read a chapter that awaited a preview",
)
async def release_chapter(request: HttpRequest, chapter_id: uuid.UUID) -> ChapterOut:
    """Any parent of the family may; who did it first, and when, is kept. From then on the session
    is at this chapter, and its choices can be made. To turn it down instead, discard its
    generation."""
    return await in_database(_release, user_of(request), chapter_id)


@router.get(
    "/sessions/{uuid:session_id}",
    response={200: SessionOut, **PROBLEMS},
    summary="Where a child is in a story",
)
async def get_session(request: HttpRequest, session_id: uuid.UUID) -> SessionOut:
    return await in_database(_session, user_of(request), session_id)


@router.get(
    "/sessions/{uuid:session_id}/page-state",
    response={200: PageStateOut, **PROBLEMS},
    summary="State of an open reader page; cheap, to be asked every few seconds",
)
async def get_page_state(request: HttpRequest, session_id: uuid.UUID) -> PageStateOut:
    return await in_database(_page_state, user_of(request), session_id)


@router.post(
    "/sessions/{uuid:session_id}/reading",
    response={204: None, **PROBLEMS},
    summary="Add reading time, and note where the story is read",
)
async def add_reading(
    request: HttpRequest, session_id: uuid.UUID, payload: ReadingIn
) -> Status[None]:
    """The story opens there the next time, on whatever device."""
    await in_database(_add_reading, user_of(request), session_id, payload)
    return Status(204, None)


def _story(request: HttpRequest, story_id: uuid.UUID) -> StoryOut:
    """A story with all its chapters and choices, in a fixed number of queries."""
    story = access.story_for(user_of(request), story_id)
    sees_all = sees_previews(request)
    chapters = list(story.chapters.select_related("choice").prefetch_related("choices"))
    readable = [chapter for chapter in chapters if chapter.withdrawn_at is None]
    tree = Tree(readable)
    closed = {
        chapter.pk
        for chapter in chapters
        if chapter not in readable or (chapter.awaits_preview and not sees_all)
    }
    return StoryOut(
        id=story.pk,
        child_id=story.child_id,
        session_id=story.session.pk,
        title=str(story),
        theme=story.theme,
        language=story.language,
        reading_level=ReadingLevel(story.reading_level),
        total_chapters=story.total_chapters,
        companions=story.siblings,
        friend=story.friend_id,
        tone=Tone(story.tone),
        is_completed=story.session.finished_at is not None,
        created_at=story.created_at,
        chapters=[
            _closed(chapter) if chapter.pk in closed else _chapter(chapter, tree)
            for chapter in chapters
        ],
    )


def _chapter(chapter: Chapter, tree: Tree) -> ChapterOut:
    words = {
        "title": chapter.title,
        "text": chapter.text,
        "paragraphs": chapter.paragraphs,
        "question": chapter.question,
        "word_count": chapter.word_count,
        "reading_minutes": chapter.reading_minutes,
        "vocabulary": chapter.vocabulary,
        "choices": [_choice(choice, tree.led_to(choice)) for choice in chapter.choices.all()],
    }
    return _closed(chapter).model_copy(update=words)


def _closed(chapter: Chapter) -> ChapterOut:
    """A mark in place of a chapter, without a word of it."""
    return ChapterOut(
        id=chapter.pk,
        number=chapter.number,
        title="",
        text="",
        paragraphs=[],
        question="",
        parent_id=chapter.parent_id,
        choice_id=chapter.choice_id,
        is_ending=chapter.is_ending,
        is_withdrawn=chapter.withdrawn_at is not None,
        awaits_preview=chapter.withdrawn_at is None and chapter.awaits_preview,
        released_at=chapter.released_at,
        word_count=0,
        reading_minutes=0,
        measured_level=ReadingLevel(chapter.measured_level),
        vocabulary=[],
        choices=[],
    )


def _choice(choice: Choice, led_to: Chapter | None) -> ChoiceOut:
    return ChoiceOut(
        id=choice.pk,
        kind=choice.kind,
        text=choice.text,
        description=choice.description,
        impact=choice.impact or choice.description,
        chapter_id=led_to.pk if led_to else None,
    )


def _session(user: User, session_id: uuid.UUID) -> SessionOut:
    session = access.session_for(user, session_id)
    story: Story = session.story
    here = session.chapter
    writing = Generation.objects.filter(story=story, withdrawn_at=None)
    active = writing.filter(status__in=Generation.ACTIVE).first()
    return SessionOut(
        id=session.pk,
        story_id=story.pk,
        child_id=story.child_id,
        theme=story.theme,
        title=str(story),
        chapter_id=here.pk if here else None,
        current_chapter=here.number if here else 0,
        total_chapters=story.total_chapters,
        chapters=[chapter.pk for chapter in path_to(here)],
        choices=_choices_taken(session),
        is_completed=session.finished_at is not None,
        started_at=session.started_at,
        finished_at=session.finished_at,
        seconds_read=session.seconds_read,
        words_read=session.words_read,
        generation_id=active.pk if active else None,
    )


def _page_state(user: User, session_id: uuid.UUID) -> PageStateOut:
    session = access.session_for(user, session_id)
    gone = Chapter.objects.filter(story=session.story_id, withdrawn_at__isnull=False)
    waiting = Chapter.objects.awaiting_preview().filter(story=session.story_id)
    off = switches.turned_off()
    return PageStateOut(
        chapter_id=session.chapter_id,
        generation_id=generations.run_at(session, generations.following(session)),
        withdrawn=list(gone.values_list("pk", flat=True)),
        awaiting_preview=list(waiting.values_list("pk", flat=True)),
        has_read_aloud=Feature.READ_ALOUD not in off,
        has_own_ideas=Feature.OWN_IDEAS not in off,
    )


def _add_reading(user: User, session_id: uuid.UUID, reading: ReadingIn) -> None:
    session = access.session_for(user, session_id)
    generations.note_reading(session, reading.seconds)
    if reading.chapter_id is not None:
        chapter = access.chapter_of(session, reading.chapter_id)
        generations.note_place(session, chapter, reading.paragraph)


def _release(user: User, chapter_id: uuid.UUID) -> ChapterOut:
    generations.publish_chapter(user, access.chapter_for(user, chapter_id))
    chapter = access.chapter_for(user, chapter_id)
    following = Chapter.objects.readable().filter(parent=chapter).only("parent", "choice")
    return _chapter(chapter, Tree(following))


def _choices_taken(session: ReadingSession) -> list[ChoiceTakenOut]:
    return [
        ChoiceTakenOut(
            choice_id=decision.choice_id,
            chapter_number=decision.choice.chapter.number,
            kind=decision.choice.kind,
            text=decision.choice.text,
        )
        for decision in session.decisions.select_related("choice__chapter").filter(
            choice__chapter__withdrawn_at=None
        )
    ]
