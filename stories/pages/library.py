"""The family's library: children with their stories, and the pages of one path through a story."""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from children.access import children_of
from children.models import Child, User
from stories.models import Case, Chapter, Choice, ReadingSession, Story
from stories.moderation import reports_of
from stories.presentation import cover
from stories.tree import Tree


@dataclass(frozen=True, slots=True)
class ChildLibrary:
    """A child with the story being read now, and the number of stories."""

    child: Child
    reading: ReadingSession | None
    story_count: int

    @property
    def accent(self) -> str:
        """The colour of the story being read; see base.css."""
        return cover(self.reading.story).accent if self.reading else "dusk"


@dataclass(frozen=True, slots=True)
class Way:
    """A choice not taken on this path; `chapter` is its chapter from another time."""

    choice: Choice
    chapter: Chapter | None


@dataclass(frozen=True, slots=True)
class Page:
    """A chapter as a page of its story: `taken` is the choice that leads to the next page, and
    `reports` are the sentences that the family complained of."""

    chapter: Chapter
    taken: Choice | None
    others: tuple[Way, ...]
    reports: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class StoryPages:
    """The pages of one path through a story, and the chapters that wait for a parent's look."""

    pages: list[Page]
    waiting: list[Chapter]


def family_library(user: User) -> list[ChildLibrary]:
    """The family's children, the one that read last first; two queries. A child goes on with the
    unfinished story that it read last."""
    unfinished = ReadingSession.objects.filter(
        story__child=OuterRef("pk"), story__discarded_at=None, finished_at=None
    )
    children = list(
        children_of(user).annotate(
            story_count=Count("stories", filter=Q(stories__discarded_at=None)),
            reading_id=Subquery(unfinished.order_by("-last_read_at").values("pk")[:1]),
        )
    )
    readings = (
        ReadingSession.objects.select_related("story", "chapter")
        .annotate(is_waiting=_is_waiting("story"))
        .in_bulk([child.reading_id for child in children if child.reading_id])
    )
    found = [ChildLibrary(c, readings.get(c.reading_id), c.story_count) for c in children]
    return sorted(found, key=_most_recently_read)


def stories_of(child: Child) -> QuerySet[Story]:
    """A child's stories with their session, the one read last first; without those discarded.
    `is_waiting` are those with a chapter that waits for a parent's look."""
    kept = child.stories.filter(discarded_at=None).annotate(is_waiting=_is_waiting("pk"))
    return kept.select_related("session", "session__chapter").order_by(
        "-session__last_read_at", "-created_at"
    )


def pages_of(story: Story, *, through: str = "") -> StoryPages:
    """The path being read, or the one that goes through the chapter with this id, if it is one."""
    chapters = Chapter.objects.readable().filter(story=story).select_related("choice")
    stored = list(chapters.prefetch_related("choices"))
    released = [chapter for chapter in stored if not chapter.awaits_preview]
    tree = Tree(released)
    named = _uuid(through)
    if named is None or named not in tree:
        path = tree.path_to(story.session.chapter_id)
    else:
        path = tree.path_through(named)
    taken = [chapter.choice for chapter in path[1:]]
    reports = _reports(story)
    pages = [
        Page(
            chapter,
            choice,
            tuple(_ways_not_taken(chapter, choice, tree)),
            tuple(reports[chapter.pk]),
        )
        for chapter, choice in zip_longest(path, taken)
    ]
    return StoryPages(pages, [chapter for chapter in stored if chapter.awaits_preview])


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _is_waiting(story: str) -> Exists:
    """True when a chapter of the story, which this field names, waits for a parent's look."""
    return Exists(Chapter.objects.awaiting_preview().filter(story=OuterRef(story)))


def _reports(story: Story) -> defaultdict[uuid.UUID | None, list[Case]]:
    """The family's reports by chapter."""
    found: defaultdict[uuid.UUID | None, list[Case]] = defaultdict(list)
    reports = reports_of(story.child.family_id).filter(generation__story=story)
    for report in reports.select_related("generation"):
        found[report.generation.chapter_id].append(report)
    return found


def _ways_not_taken(chapter: Chapter, taken: Choice | None, tree: Tree) -> Iterator[Way]:
    for choice in chapter.choices.all():
        following = tree.led_to(choice)
        is_offered = choice.kind == Choice.Kind.OFFERED
        if choice != taken and (is_offered or following):
            yield Way(choice, following)


def _most_recently_read(library: ChildLibrary) -> float:
    return -library.reading.last_read_at.timestamp() if library.reading else 0.0
