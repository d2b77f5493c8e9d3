"""A story's tree: the path to a chapter, through it, and all that follows on it."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from children.models import Child
from stories.models import Chapter
from stories.tree import Tree, path_to
from tests.factories.stories import make_chapter, make_choice, make_story


@pytest.fixture
def chapters(mia: Child) -> dict[str, Chapter]:
    """A first chapter, two that follow on it, and one after each of these."""
    first = make_chapter(make_story(mia), "It began.", title="first")

    def after(parent: Chapter, title: str) -> Chapter:
        choice = make_choice(parent, f"To {title}", parent.choices.count())
        return make_chapter(parent.story, f"{title} came.", choice=choice, title=title)

    left, right = after(first, "left"), after(first, "right")
    return {
        "first": first,
        "left": left,
        "right": right,
        "left end": after(left, "left end"),
        "right end": after(right, "right end"),
    }


def titles(chapters: dict[str, Chapter], walked: list[Chapter]) -> list[str]:
    names = {chapter.pk: name for name, chapter in chapters.items()}
    return [names[chapter.pk] for chapter in walked]


def test_a_path_goes_from_the_first_chapter_to_the_one_named(chapters: Any) -> None:
    tree = Tree(chapters.values())
    walked = tree.path_to(chapters["left end"].pk)
    assert titles(chapters, walked) == ["first", "left", "left end"]
    assert tree.path_to(None) == []


def test_a_path_is_read_in_one_query_with_its_choices(
    chapters: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        walked = path_to(chapters["left end"])
        taken = [step.choice.text for step in walked if step.choice]
    assert titles(chapters, walked) == ["first", "left", "left end"]
    assert taken == ["To left", "To left end"]
    assert path_to(None) == []


def test_all_after_a_chapter_are_itself_and_every_branch(chapters: Any) -> None:
    tree = Tree(chapters.values())
    assert titles(chapters, tree.all_after(chapters["first"].pk)) == list(chapters)
    assert titles(chapters, tree.all_after(chapters["right"].pk)) == ["right", "right end"]


def test_a_branch_ends_before_a_chapter_that_is_left_out(chapters: Any) -> None:
    tree = Tree(chapter for name, chapter in chapters.items() if name != "right")
    assert "right end" not in titles(chapters, tree.all_after(chapters["first"].pk))
    assert chapters["right"].pk not in tree


def test_a_path_through_a_chapter_goes_on_along_the_last_sibling(chapters: Any) -> None:
    tree = Tree(chapters.values())
    through = tree.path_through(chapters["first"].pk)
    assert titles(chapters, through) == ["first", "right", "right end"]
    through = tree.path_through(chapters["left"].pk)
    assert titles(chapters, through) == ["first", "left", "left end"]
