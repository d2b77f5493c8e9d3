"""When a story was last read: what counts as reading it."""

import datetime as dt

import pytest
from django.utils import timezone

from children.models import Child, User
from stories.generations import Wish, next_chapter, note_reading, publish_chapter
from stories.models import Chapter, ReadingSession
from tests.factories.callers import caller
from tests.factories.stories import add_chapter, make_read_story, make_run


@pytest.fixture
def session(mia: Child) -> ReadingSession:
    """A session that was last read yesterday."""
    session = make_read_story(mia).session
    session.last_read_at = timezone.now() - dt.timedelta(days=1)
    session.save()
    return session


def is_read_today(session: ReadingSession) -> bool:
    session.refresh_from_db()
    return session.last_read_at > timezone.now() - dt.timedelta(hours=1)


def test_reading_time_is_reading(session: ReadingSession) -> None:
    assert not is_read_today(session)
    note_reading(session, seconds=30)
    assert is_read_today(session)
    assert session.seconds_read == 30


def test_a_choice_that_leads_to_a_chapter_written_before_is_reading(
    session: ReadingSession, alice: User
) -> None:
    assert session.chapter is not None
    following = add_chapter(session.story, session.chapter)
    make_run(session.story, 2, choice=following.choice, chapter=following)
    next_chapter(caller(alice), session, Wish(choice=following.choice))
    assert is_read_today(session)
    assert session.chapter == following


def test_a_chapter_that_a_parent_releases_is_read_from_then_on(
    session: ReadingSession, alice: User
) -> None:
    waiting = add_chapter(session.story, session.chapter)
    Chapter.objects.filter(pk=waiting.pk).update(released_at=None)
    publish_chapter(alice, waiting)
    assert is_read_today(session)
