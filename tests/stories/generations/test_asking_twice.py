"""Asking twice is asking once; another wish is another story."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from children.models import Child, User
from stories.generations import NewStory, Requested, Wish, next_chapter, start_story
from stories.models import Choice, Generation, ReadingSession, Story
from tests.factories.callers import caller
from tests.factories.families import make_child
from tests.factories.stories import make_read_story, story_form

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ollama")]


def ask(user: User, child: Child, theme: str = "a fox", key: str = "", **new: Any) -> Requested:
    asker = caller(user, key=key or None, capacity=9)
    return start_story(asker, NewStory(child=child, theme=theme, **new))


def end(requested: Requested) -> None:
    Generation.objects.filter(pk=requested.generation.pk).update(
        status=Generation.Status.FAILED, finished_at=timezone.now()
    )


def test_the_same_wish_of_a_child_is_one_story_whoever_of_the_family_sends_it(
    alice: User, bob: User, mia: Child
) -> None:
    first, again, theirs = ask(alice, mia), ask(alice, mia), ask(bob, mia)
    assert first.is_new
    assert not again.is_new
    assert first.generation == again.generation == theirs.generation
    assert Story.objects.count() == 1


def test_a_different_wish_is_another_story_beside_it(alice: User, mia: Child) -> None:
    leo = make_child(alice.family, "Leo")
    first = ask(alice, mia, total_chapters=5)
    different = [
        ask(alice, mia, "a robot"),
        ask(alice, mia, title="The Lantern"),
        ask(alice, mia, language="es"),
        ask(alice, mia, total_chapters=3),
        ask(alice, leo),
    ]
    assert all(requested.is_new for requested in different)
    assert len({r.generation.pk for r in (first, *different)}) == 6
    assert not ask(alice, mia, language="en", total_chapters=5).is_new


def test_who_says_nothing_of_length_and_language_joins_what_is_being_written(
    alice: User, mia: Child
) -> None:
    first = ask(alice, mia, language="es", total_chapters=3)
    assert ask(alice, mia).generation == first.generation


def test_what_has_ended_is_not_joined(alice: User, mia: Child) -> None:
    first = ask(alice, mia)
    end(first)
    assert ask(alice, mia).is_new


def test_a_key_stands_for_the_story_that_it_joined_also_when_that_has_ended(
    alice: User, bob: User, mia: Child
) -> None:
    first = ask(alice, mia, key="one")
    assert ask(alice, mia, key="two").generation == first.generation
    end(first)
    for key in ("one", "two"):
        assert ask(alice, mia, key=key).generation == first.generation
    assert ask(bob, mia, key="one").is_new, "a key is its user's own"


def test_to_go_on_as_it_comes_joins_the_chapter_that_a_choice_has_begun(
    alice: User, mia: Child
) -> None:
    session = ReadingSession.objects.get(story=make_read_story(mia))
    asker = caller(alice, capacity=9)
    option = Choice.objects.filter(chapter=session.chapter, kind="offered").first()
    chosen = next_chapter(asker, session, Wish(choice=option))
    assert chosen.is_new
    on = next_chapter(asker, session, Wish())
    assert (on.generation, on.is_new) == (chosen.generation, False)
    assert not Choice.objects.filter(kind="continue").exists()
    assert next_chapter(asker, session, Wish(own_idea="a parrot sings")).is_new, "a branch"


# On the page ------------------------------------------------------------------------------------


@pytest.fixture
def page(client: Browser, alice: User) -> Browser:
    client.force_login(alice)
    return client


def test_a_form_sent_again_from_an_old_page_leads_to_the_story_that_is_being_written(
    page: Browser, mia: Child
) -> None:
    url = reverse("stories:new", args=[mia.pk])
    answers = [page.post(url, story_form(wish="with a cat")) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Story.objects.count() == 1


def test_a_surprise_that_is_sent_twice_is_one_story(page: Browser, mia: Child) -> None:
    url, data = reverse("stories:new", args=[mia.pk]), story_form(theme="", surprise="on")
    answers = [page.post(url, data) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Story.objects.count() == 1


def test_who_goes_back_and_picks_something_else_gets_that_story_too(
    page: Browser, mia: Child
) -> None:
    url, data = reverse("stories:new", args=[mia.pk]), story_form()
    first = page.post(url, data)
    other = page.post(url, data | {"theme": "", "wish": "a robot who bakes"})
    assert first["Location"] != other["Location"]
    assert set(Generation.objects.values_list("status", flat=True)) == {"queued"}
    assert Story.objects.count() == 2
    assert page.post(url, data)["Location"] == first["Location"]
    assert Story.objects.filter(theme="a robot who bakes").exists()
