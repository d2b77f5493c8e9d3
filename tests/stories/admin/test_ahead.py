"""Chapters written ahead on the staff desk: seen as such, and in no moderator's way."""

import pytest
from django.test import Client
from django.urls import reverse

from children.models import Child, User
from stories.admin.charts import numbers
from stories.models import Case, Chapter, Generation
from stories.moderation import cases
from tests.desk import get, page_of
from tests.factories.stories import make_chapter, make_choice, make_finding, make_run, make_story

QUEUE = reverse("admin:stories_case_changelist")
RUNS = reverse("admin:stories_generation_changelist")
MARK = "written ahead, not chosen"
TEXT = "Nobody has read of the green snail yet."


@pytest.fixture
def hidden(mia: Child) -> Generation:
    """The run of a chapter that was written ahead, which held a sentence back."""
    first = make_chapter(make_story(mia), "The wolf sat down.")
    chapter = make_chapter(first.story, TEXT, make_choice(first, "Run"), is_hidden=True)
    first.story.session.chapter = first
    first.story.session.save()
    Generation.objects.filter(chapter=chapter).update(ahead="hidden")
    run = Generation.with_hidden.get(chapter=chapter)
    finding = make_finding(run, "The wolf bit the snail.")
    Case.objects.create(source="hard", risk=90, generation=run, finding=finding)
    return run


def test_the_list_of_runs_marks_them_and_finds_them(desk: Client, hidden: Generation) -> None:
    assert MARK in get(desk, RUNS)
    only = get(desk, RUNS, ahead__exact="hidden")
    assert page_of(hidden) in only
    assert page_of(Generation.objects.get()) not in only


def test_the_pages_of_the_run_and_of_its_story_say_what_it_is(
    desk: Client, hidden: Generation
) -> None:
    assert MARK in get(desk, page_of(hidden))
    story = get(desk, page_of(hidden.story))
    assert TEXT in story
    assert MARK in story


def test_what_an_unchosen_run_has_written_is_not_called_what_the_reader_saw(
    desk: Client, hidden: Generation
) -> None:
    run = make_run(hidden.story, 2, "stopped", ahead="hidden")
    asked = make_run(hidden.story, 2, "stopped")
    for one in (run, asked):
        one.events.create(position=1, type="content", payload='{"chunk": "Hop.", "is_complete": 0}')
    assert "What the reader saw" not in get(desk, page_of(run))
    assert "What was written" in get(desk, page_of(run))
    assert "What the reader saw" in get(desk, page_of(asked))


def test_its_cases_do_not_wait_in_the_queue_until_it_is_chosen(
    desk: Client, hidden: Generation
) -> None:
    case = Case.objects.get()
    assert page_of(case) not in get(desk, QUEUE)
    assert page_of(case) in get(desk, QUEUE, state="ahead")
    assert numbers().waiting == 0
    Generation.with_hidden.filter(pk=hidden.pk).update(ahead="chosen")
    assert page_of(case) in get(desk, QUEUE)
    assert page_of(case) not in get(desk, QUEUE, state="ahead")
    assert numbers().waiting == 1


def test_a_case_of_it_is_read_but_not_sent_back_for_another(
    desk: Client, hidden: Generation, mod: User
) -> None:
    case = Case.objects.get()
    cases.claim(case.pk, mod)
    page = get(desk, page_of(case))
    assert TEXT in page
    assert 'value="send_back"' not in page
    Generation.with_hidden.filter(pk=hidden.pk).update(ahead="chosen")
    Chapter.with_hidden.update(is_hidden=False)
    assert 'value="send_back"' in get(desk, page_of(case))


def test_a_moderator_makes_a_case_of_it(desk: Client, hidden: Generation) -> None:
    answer = desk.post(reverse("admin:stories_case_open", args=[hidden.pk]))
    assert answer.status_code == 302
    assert Case.objects.filter(generation=hidden, source="staff").exists()


def test_the_numbers_tell_how_many_were_of_use(desk: Client, hidden: Generation) -> None:
    for ahead, status in [("chosen", "completed"), ("hidden", "stopped"), ("", "stopped")]:
        make_run(hidden.story, 2, status, ahead=ahead)
    told = numbers().ahead
    assert (told.begun, told.chosen, told.given_up) == (3, 1, 1)
    assert "Chapters written ahead" in get(desk, reverse("admin:stories_case_numbers"))


def test_a_deletion_says_how_many_hidden_rows_go_too(
    client: Client, hidden: Generation, db: None
) -> None:
    client.force_login(User.objects.create_superuser("ada@example.org"))
    page = get(client, reverse("admin:stories_story_delete", args=[hidden.story.pk]))
    assert "Generations: 2" in page
    assert "Chapters: 2" in page
