"""Chapters written ahead, and their choices taken."""

from typing import Any

from children.models import User
from stories.generations import Requested, Wish, next_chapter
from stories.models import Choice, Generation, ReadingSession, Story
from tests.factories.callers import caller
from tests.runs import write_ahead

HIDDEN, CHOSEN = Generation.Ahead.HIDDEN, Generation.Ahead.CHOSEN


def choice_of(story: Story, position: int) -> Choice:
    choices = Choice.objects.select_related("chapter")
    return choices.get(chapter__story=story, chapter__number=1, position=position)


def choose(user: User, choice: Choice, **others: Any) -> Requested:
    session = ReadingSession.objects.select_related("story__child", "chapter").get(
        story=choice.chapter.story_id
    )
    return next_chapter(caller(user, **others), session, Wish(choice=choice))


async def written(choice: Choice) -> Generation:
    """The run that was written ahead for this choice, which is the next one."""
    run = await write_ahead()
    assert run is not None
    assert (run.choice, run.status, run.ahead) == (choice, "completed", HIDDEN), run.error_detail
    return run
