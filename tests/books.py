"""Stories that are already written, for tests of what is read."""

from django.utils import timezone

from children.models import Child
from stories.models import Chapter, Choice, ReadingSession, Story


def make_story(child: Child, title: str = "The kind fox", *, chapters: int = 1) -> Story:
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
        for place, words in enumerate(("Follow the fox", "Climb the oak")):
            Choice.objects.create(chapter=chapter, position=place, text=f"{words} {number}")
    return chapter
