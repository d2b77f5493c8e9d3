"""Stories with their chapters, runs, findings and events, and the form of a new story.

`make_story` and `make_chapter` build a story row by row, as moderators see it; `make_read_story`
and `add_chapter` one with the choices that lead on, as a family reads it.
"""

import uuid
from typing import Any

from django.utils import timezone

from children.models import Child
from children.profiles import ReadingLevel
from stories.models import (
    Chapter,
    Choice,
    Decision,
    Generation,
    GenerationEvent,
    KeptFriend,
    ReadingSession,
    SafetyFinding,
    Story,
)
from stories.plotting.decks import deck_of
from stories.vocabulary.brief import AgeBand, StoryBrief
from stories.vocabulary.events import Content

HELD = "The wolf bit the guard until he bled."
SHOWN = "The wolf growled at the guard."


def make_story(child: Child, theme: str = "A wolf at the bakery", **fields: Any) -> Story:
    given = {"title": "The Hungry Wolf", "language": child.language, "reading_level": "beginner"}
    story = Story.objects.create(child=child, theme=theme, **(given | fields))
    ReadingSession.objects.create(story=story)
    return story


def make_run(story: Story, number: int = 1, status: str = "completed", **fields: Any) -> Generation:
    now = timezone.now()
    brief = StoryBrief(
        theme=story.theme,
        language=story.language,
        age=7,
        reading_level=ReadingLevel.BEGINNER,
        hero="Robin",
    )
    given = {
        "chapter_number": number,
        "status": status,
        "brief": brief.model_dump(mode="json"),
        "requested_by": story.child.family.members.first(),
        "timings": {"generate_content": 8.4, "safety_check": 1.2},
        "started_at": now,
        "finished_at": None if status in Generation.ACTIVE else now,
    }
    return Generation.objects.create(story=story, **(given | fields))


def make_chapter(
    story: Story, text: str, choice: Choice | None = None, title: str = "Paw Prints", **fields: Any
) -> Chapter:
    """A chapter after `choice`, with its run, moved to by the reader."""
    number = choice.chapter.number + 1 if choice else 1
    given = {
        "word_count": 9,
        "reading_minutes": 1,
        "measured_level": "intermediate",
        "source": text,
    }
    chapter = Chapter.objects.create(
        story=story,
        parent=choice.chapter if choice else None,
        choice=choice,
        number=number,
        title=title,
        text=text,
        question="What now?",
        safety_score=0.97,
        vocabulary=[{"word": "bakery", "meaning": "a shop that smells of bread"}],
        **(given | fields),
    )
    make_run(story, number, chapter=chapter, choice=choice)
    if choice:
        Decision.objects.create(session=story.session, choice=choice)
    ReadingSession.objects.filter(story=story).update(chapter=chapter)
    return chapter


def make_choice(chapter: Chapter, text: str, position: int = 0) -> Choice:
    return Choice.objects.create(chapter=chapter, text=text, position=position)


def make_finding(generation: Generation, text: str = HELD, **fields: Any) -> SafetyFinding:
    given = {
        "attempt": 1,
        "field": "prose",
        "replacement": SHOWN,
        "layer": "rules",
        "rule": "en.violence.gore",
        "category": "violence",
        "severity": "soft",
        "score": 0.91,
        "threshold": 0.55,
    }
    return SafetyFinding.objects.create(generation=generation, text=text, **(given | fields))


def add_events(generation: Generation, chunks: list[str]) -> None:
    GenerationEvent.objects.bulk_create(
        GenerationEvent(
            generation=generation,
            position=position,
            type="content",
            payload=Content(chunk=chunk, is_complete=False).payload,
        )
        for position, chunk in enumerate(chunks, start=1)
    )


def make_read_story(child: Child, title: str = "The kind fox", *, chapters: int = 1) -> Story:
    """A story read up to its chapter `chapters`; at each the first of two choices was taken."""
    story = Story.objects.create(
        child=child,
        theme="foxes in the wood",
        title=title,
        language=child.language,
        reading_level="beginner",
        total_chapters=3,
    )
    session = ReadingSession.objects.create(story=story)
    last: Chapter | None = None
    for _ in range(chapters):
        last = add_chapter(story, last)
    session.chapter = last
    session.finished_at = timezone.now() if last and last.is_ending else None
    session.save()
    return story


def add_chapter(story: Story, parent: Chapter | None, position: int = 0) -> Chapter:
    """The chapter that the offered choice at `position` of `parent` leads to."""
    number = parent.number + 1 if parent else 1
    text = f"Here is chapter {number}.\n\nWay {position} was taken by the fox."
    is_ending = number == story.total_chapters
    chapter = Chapter.objects.create(
        story=story,
        parent=parent,
        choice=parent.choices.get(position=position) if parent else None,
        number=number,
        title=f"Title {number} {position}",
        text=text,
        source=text,
        question="" if is_ending else f"What happens after {number}?",
        word_count=11,
        reading_minutes=1,
        measured_level="beginner",
        safety_score=1.0,
        is_ending=is_ending,
    )
    if not is_ending:
        for index, words in enumerate(("Follow the fox", "Climb the oak")):
            Choice.objects.create(chapter=chapter, position=index, text=f"{words} {number}")
    return chapter


def make_kept_friend(child: Child, card: str, **fields: Any) -> KeptFriend:
    """The friend of this key in the English decks, as the child keeps it."""
    friends = deck_of("en", AgeBand.MIDDLE).friends
    friend = next(each for each in friends if each.key == card)
    given = {"key": card, "name": friend.name, "language": "en"}
    kept = {"child": child, "card": friend.model_dump(mode="json")}
    return KeptFriend.objects.create(**(kept | given | fields))


def story_form(**changes: str) -> dict[str, str]:
    return {
        "theme": "dragon",
        "wish": "",
        "title": "",
        "total_chapters": "3",
        "language": "en",
        "key": str(uuid.uuid4()),
    } | changes
