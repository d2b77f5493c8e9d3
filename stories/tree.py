"""Ways through a story's tree: from its first chapter to one, and from one to all that follow."""

import uuid
from collections import defaultdict
from collections.abc import Iterable

from stories.models import Chapter, Choice


class Tree:
    """Chapters of one story; paths end before chapters left out.

    Siblings are in the order of `chapters`.
    """

    def __init__(self, chapters: Iterable[Chapter]) -> None:
        self._by_id: dict[uuid.UUID, Chapter] = {}
        self._following: defaultdict[uuid.UUID | None, list[Chapter]] = defaultdict(list)
        self._by_choice: dict[uuid.UUID | None, Chapter] = {}
        for chapter in chapters:
            self._by_id[chapter.pk] = chapter
            self._following[chapter.parent_id].append(chapter)
            self._by_choice[chapter.choice_id] = chapter

    def __contains__(self, chapter_id: uuid.UUID | None) -> bool:
        return chapter_id in self._by_id

    def led_to(self, choice: Choice) -> Chapter | None:
        """The chapter after a choice; of several, the last."""
        return self._by_choice.get(choice.pk)

    def path_to(self, chapter_id: uuid.UUID | None) -> list[Chapter]:
        """The chapters from the first to this one; none before the first."""
        path: list[Chapter] = []
        while chapter_id is not None:
            path.append(self._by_id[chapter_id])
            chapter_id = path[-1].parent_id
        return path[::-1]

    def all_after(self, chapter_id: uuid.UUID) -> list[Chapter]:
        """This chapter and all that follow on it, parents before their children."""
        found = [self._by_id[chapter_id]]
        for chapter in found:
            found += self._following[chapter.pk]
        return found

    def path_through(self, chapter_id: uuid.UUID) -> list[Chapter]:
        """The path to this chapter, and on from it along each last sibling to an end."""
        path = self.path_to(chapter_id)
        while following := self._following[path[-1].pk]:
            path.append(following[-1])
        return path


def path_to(chapter: Chapter | None) -> list[Chapter]:
    """The chapters from the first to this one with their choices, in one query."""
    if chapter is None:
        return []
    of_story = Chapter.objects.filter(story=chapter.story_id).select_related("choice")
    return Tree(of_story).path_to(chapter.pk)
