"""A request that says where it believes the story to be is refused where that is no longer so."""

from typing import Any

import pytest
from django.utils import timezone

from children.models import Child, User
from stories.generations import (
    ModelMissing,
    MovedOn,
    Wish,
    WrongPlace,
    discard,
    following,
    next_chapter,
    run_at,
)
from stories.models import Choice, Decision, Generation, ReadingSession
from tests.factories.callers import caller
from tests.factories.stories import add_chapter, make_read_story, make_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ollama")]


@pytest.fixture
def session(mia: Child) -> ReadingSession:
    return ReadingSession.objects.get(story=make_read_story(mia))


def option(session: ReadingSession, position: int = 0) -> Choice:
    return Choice.objects.get(chapter=session.chapter, position=position, kind="offered")


def go_on(user: User, session: ReadingSession, **wish: Any) -> Generation:
    here = Wish(at_chapter=session.chapter_id, **wish)
    return next_chapter(caller(user, capacity=9), session, here).generation


def end(generation: Generation, **fields: Any) -> None:
    given = {"status": Generation.Status.FAILED, "finished_at": timezone.now()}
    Generation.objects.filter(pk=generation.pk).update(**given | fields)


def test_the_same_choice_twice_is_one_chapter(alice: User, session: ReadingSession) -> None:
    first = go_on(alice, session, choice=option(session))
    assert go_on(alice, session, choice=option(session)) == first


@pytest.mark.parametrize("wish", ["another", "idea", "as it comes"])
@pytest.mark.parametrize("is_over", [False, True])
def test_another_way_from_a_chapter_that_was_left_is_refused(
    alice: User, session: ReadingSession, wish: str, is_over: bool
) -> None:
    first = go_on(alice, session, choice=option(session))
    if is_over:
        end(first)
    ways: dict[str, dict[str, Any]] = {
        "another": {"choice": option(session, 1)},
        "idea": {"own_idea": "a parrot sings"},
        "as it comes": {},
    }
    with pytest.raises(MovedOn):
        go_on(alice, session, **ways[wish])
    assert Generation.objects.filter(choice__isnull=False).count() == 1
    assert [decision.choice for decision in Decision.objects.all()] == [option(session)]


def test_the_way_that_was_taken_is_refused_too_once_its_chapter_is_there(
    alice: User, session: ReadingSession
) -> None:
    here, taken = session.chapter_id, option(session)
    session.chapter = add_chapter(session.story, session.chapter)
    session.save()
    for way in (Wish(choice=taken, at_chapter=here), Wish(own_idea="a song", at_chapter=here)):
        with pytest.raises(MovedOn):
            next_chapter(caller(alice), session, way)
    assert not Choice.objects.filter(kind="own_idea").exists()


def test_another_way_is_taken_once_the_first_was_discarded_or_withdrawn(
    alice: User, session: ReadingSession
) -> None:
    first = go_on(alice, session, choice=option(session))
    end(first)
    discard(alice, first)
    second = go_on(alice, session, choice=option(session, 1))
    assert second.choice == option(session, 1)
    end(second, withdrawn_at=timezone.now())
    assert go_on(alice, session, choice=option(session)) != first


def test_without_the_precondition_another_choice_begins_a_branch(
    alice: User, session: ReadingSession
) -> None:
    first = go_on(alice, session, choice=option(session))
    branch = Wish(choice=option(session, 1))
    assert next_chapter(caller(alice, capacity=9), session, branch).generation != first


def test_a_choice_of_another_chapter_is_none_of_this_one(
    alice: User, session: ReadingSession
) -> None:
    earlier = option(session)
    session.chapter = add_chapter(session.story, session.chapter)
    session.save()
    with pytest.raises(WrongPlace, match="at_chapter"):
        go_on(alice, session, choice=earlier)


def test_a_choice_that_is_put_off_is_kept(alice: User, session: ReadingSession) -> None:
    wish = Wish(choice=option(session), at_chapter=session.chapter_id)
    with pytest.raises(ModelMissing):
        next_chapter(caller(alice, has_model=False), session, wish)
    assert Decision.objects.filter(session=session, choice=option(session)).exists()


def test_a_reader_is_at_the_run_that_leads_on_else_at_the_one_that_wrote_its_chapter(
    alice: User, session: ReadingSession
) -> None:
    assert run_at(session, following(session)) is None
    wrote = make_run(session.story, chapter=session.chapter)
    assert run_at(session, following(session)) == wrote.pk
    leads_on = go_on(alice, session, choice=option(session))
    assert run_at(session, following(session)) == leads_on.pk
    end(leads_on)
    assert run_at(session, following(session)) == leads_on.pk
    discard(alice, leads_on)
    assert run_at(session, following(session)) == wrote.pk
