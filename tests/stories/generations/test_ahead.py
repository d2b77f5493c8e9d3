"""Chapters written ahead of their choice: hidden until it is taken, and theirs who take it."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django.fixtures import Settings

from children.models import Child, Family, Preview, Strictness, User
from stories import eventlog, llm
from stories.execution import retention
from stories.generations import (
    FamilyBusy,
    NewStory,
    Wish,
    ahead,
    next_chapter,
    publish_chapter,
    start_story,
)
from stories.infra.db import in_database
from stories.models import (
    Case,
    Chapter,
    Choice,
    Generation,
    ReadingSession,
    Story,
    Threshold,
)
from stories.moderation import cases, rulings, withdrawal
from testkit.hosts import Reply
from testkit.ollama.server import OllamaServer
from tests.ahead import CHOSEN, HIDDEN, choice_of, choose, written
from tests.clients import Client, text_of
from tests.factories.callers import caller
from tests.factories.families import make_child
from tests.factories.moderation import make_moderator, rulings_that_go
from tests.factories.stories import make_finding, make_read_story
from tests.runs import write_ahead
from tests.streams import FIRST_CHAPTER, events_of, order, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def story(mia: Child, ollama: OllamaServer) -> Story:
    """Read up to the choices of its first chapter."""
    return make_read_story(mia)


@pytest.fixture
def first(story: Story) -> Choice:
    return choice_of(story, 0)


@pytest.fixture
def mod(transactional_db: None) -> Iterator[User]:
    with rulings_that_go():
        yield make_moderator()


# What is begun ------------------------------------------------------------------------------------


async def test_one_is_written_for_each_offered_choice_and_then_no_more(story: Story) -> None:
    for position in (0, 1):
        await written(await in_database(choice_of, story, position))
    assert await write_ahead() is None
    assert await Chapter.with_hidden.filter(is_hidden=True, number=2).acount() == 2


async def test_none_is_begun_while_a_plan_of_the_next_chapters_is_on_its_way(story: Story) -> None:
    await Chapter.objects.aupdate(plan_by=timezone.now() + dt.timedelta(minutes=1))
    assert await write_ahead() is None
    await Chapter.objects.aupdate(plan_by=timezone.now())
    assert await write_ahead() is not None


async def test_nothing_is_planned_behind_a_chapter_that_nobody_has_asked_for(
    first: Choice, ollama: OllamaServer
) -> None:
    await written(first)
    assert ollama.plans == []


@pytest.mark.parametrize(
    "reads_no_more",
    [
        {"last_read_at": timezone.now() - dt.timedelta(hours=2)},
        {"finished_at": timezone.now()},
        {"chapter": None},
    ],
)
async def test_none_is_begun_where_nobody_reads(
    story: Story, reads_no_more: dict[str, Any]
) -> None:
    await ReadingSession.objects.aupdate(**reads_no_more)
    assert await write_ahead() is None


async def test_none_is_begun_once_the_child_has_chosen(story: Story, alice: User) -> None:
    await in_database(choose, alice, await in_database(choice_of, story, 1))
    await Generation.objects.aupdate(status="failed", finished_at=timezone.now())
    assert await write_ahead() is None


async def test_none_is_begun_before_a_parent_has_released_the_chapter(
    story: Story, alice: User
) -> None:
    chapter = await Chapter.objects.aget()
    await Chapter.objects.aupdate(released_at=None)
    await ReadingSession.objects.aupdate(chapter=None)
    assert await write_ahead() is None
    await in_database(publish_chapter, alice, chapter)
    assert await write_ahead() is not None


@pytest.mark.parametrize(
    ("setting", "elsewhere", "may"),
    [
        ("near", "", True),
        ("near", "api.example.com", False),
        ("always", "api.example.com", True),
        ("off", "", False),
    ],
)
async def test_hosts_elsewhere_are_spared_unless_asked_for(
    setting: str, elsewhere: str, may: bool, settings: Settings, ollama: OllamaServer
) -> None:
    settings.WRITE_AHEAD = setting
    assert replace(await llm.status(), elsewhere=elsewhere).may_write_ahead is may


async def test_a_story_that_makes_no_sense_is_in_no_other_ones_way(
    story: Story, charlie: User
) -> None:
    story.companions = [{"child": "torn"}]
    await story.asave()
    tom = await in_database(make_child, charlie.family, "Tom")
    others = await in_database(make_read_story, tom)
    runs = [await write_ahead() for _ in range(8)]
    done = [run for run in runs if run]
    assert [(run.story_id, run.status) for run in done] == [(others.pk, "completed")] * 2
    assert await Generation.with_hidden.filter(story=story, status="failed").acount() == 2


# Hidden -------------------------------------------------------------------------------------------


async def test_nobody_of_the_family_finds_it(
    story: Story, first: Choice, api: Client, alice: User
) -> None:
    before = await everything_told(api, alice, story)
    run = await written(first)
    chapter = run.chapter
    assert chapter is not None
    offered = await Choice.objects.filter(chapter=chapter).afirst()
    assert offered is not None
    assert await everything_told(api, alice, story) == before
    session = story.session.pk
    for method, path in [
        ("GET", f"/generations/{run.pk}"),
        ("GET", f"/generations/{run.pk}/events"),
        ("POST", f"/generations/{run.pk}/stop"),
        ("POST", f"/generations/{run.pk}/continue"),
        ("POST", f"/generations/{run.pk}/discard"),
        ("POST", f"/generations/{run.pk}/ticket"),
        ("POST", f"/chapters/{chapter.pk}/release"),
        ("GET", f"/stories/sessions/{session}/choices/stream?choice_id={offered.pk}"),
    ]:
        status, _, _ = await api.call(method, path)
        assert status == 404, path
    page = Client(alice, is_browser=True)
    for url in (f"/chapters/{chapter.pk}/preview/", f"/chapters/{chapter.pk}/report/"):
        assert (await page.visit(url)).status_code == 404, url


async def everything_told(api: Client, user: User, story: Story) -> list[Any]:
    """All that the family is told of its story and its chapters, but for what changes by itself."""
    session = await ReadingSession.objects.aget(story=story)
    page = Client(user, is_browser=True)
    paths = [
        f"/stories/{story.pk}",
        f"/sessions/{session.pk}",
        f"/sessions/{session.pk}/page-state",
    ]
    told = [(await api.call("GET", path))[1] for path in paths]
    for url in (f"/stories/{story.pk}/", f"/children/{story.child_id}/stories/", "/"):
        answer = await page.visit(url)
        assert answer.status_code == 200, url
        told.append(answer.content.decode().partition("csrf")[0])
    return told


async def test_it_counts_for_no_limit_and_no_queue(
    story: Story, first: Choice, alice: User, settings: Settings
) -> None:
    settings.CHAPTERS_PER_HOUR = settings.CHAPTERS_PER_MINUTE = 1
    await written(first)
    requested = await in_database(choose, alice, await in_database(choice_of, story, 1))
    assert requested.is_new


async def test_an_own_idea_is_told_nothing_of_it(story: Story, first: Choice, alice: User) -> None:
    run = await written(first)
    assert run.chapter is not None
    session = await ReadingSession.objects.select_related("story__child", "chapter").aget()
    wish = Wish(own_idea="They sail away on a leaf")
    other = (await in_database(next_chapter, caller(alice), session, wish)).generation
    assert run.chapter.summary not in str(other.brief)
    assert run.chapter.title not in str(other.brief)
    assert [past["number"] for past in other.brief["path"]] == [1]


# Chosen -------------------------------------------------------------------------------------------


async def test_the_choice_finds_its_chapter_finished_and_its_stream_plays_at_once(
    story: Story, first: Choice, api: Client, mia: Child, ollama: OllamaServer
) -> None:
    run = await written(first)
    assert run.chapter is not None
    asked = len(ollama.calls)
    wish = {"session_id": str(story.session.pk), "choice_id": str(first.pk)}
    status, started, _ = await api.call(
        "POST", "/generations", {"child_id": str(mia.pk), **wish}, Idempotency_Key="once"
    )
    assert (status, started["id"], started["status"]) == (201, str(run.pk), "completed")
    frames = await api.frames(events_of(started))
    assert order(frames) == FIRST_CHAPTER
    assert text_of(frames) == run.chapter.text
    assert len(ollama.calls) == asked, "nothing was written for it"
    session = await ReadingSession.objects.aget()
    assert (session.chapter_id, session.words_read) == (run.chapter_id, run.chapter.word_count)
    again = await api.call(
        "POST", "/generations", {"child_id": str(mia.pk), **wish}, Idempotency_Key="once"
    )
    assert (again[0], again[1]["id"]) == (200, started["id"])
    assert (await Generation.objects.aget(pk=run.pk)).ahead == CHOSEN


async def test_twins_of_a_choice_take_one_run_over(
    first: Choice, api: Client, mia: Child, story: Story
) -> None:
    run = await written(first)
    wish = {"session_id": str(story.session.pk), "choice_id": str(first.pk)}
    twins = await asyncio.gather(*(start(api, mia, **wish) for _ in range(4)))
    assert {twin["id"] for twin in twins} == {str(run.pk)}
    assert (await ReadingSession.objects.aget()).words_read == run.chapter.word_count  # type: ignore[union-attr]


CHANGES: dict[str, Callable[[Child], None]] = {
    "name": lambda child: setattr(child, "name", "Zora"),
    "avoid": lambda child: child.avoid.append("spiders"),
    "interests": lambda child: child.interests.append("kites"),
    "age": lambda child: setattr(child, "birth_year", child.birth_year - 4),
    "strictness": lambda child: setattr(child, "strictness", Strictness.GENTLE),
    "pronoun": lambda child: setattr(child, "pronoun", "he"),
}


@pytest.mark.parametrize("field", CHANGES)
async def test_a_profile_that_has_changed_is_written_for_anew(
    field: str, first: Choice, mia: Child, alice: User
) -> None:
    run = await written(first)
    if field == "strictness":
        await Child.objects.aupdate(birth_year=F("birth_year") - 4)
        mia = await Child.objects.aget()
    CHANGES[field](mia)
    await mia.asave()
    requested = await in_database(choose, alice, first)
    assert requested.generation.pk != run.pk
    assert requested.generation.status == "queued"
    assert not await Chapter.with_hidden.filter(number=2).aexists()
    assert await in_database(eventlog.read_after, run.pk, 0) == []


async def test_a_gate_that_has_become_stricter_checks_it_anew(first: Choice, alice: User) -> None:
    run = await written(first)
    band = run.brief["checked_as"]
    await Threshold.objects.acreate(band=band, value=0.31)
    assert (await in_database(choose, alice, first)).generation.pk != run.pk


async def test_parents_who_look_first_by_now_look_at_it_first(
    first: Choice, alice: User, api: Client, story: Story
) -> None:
    run = await written(first)
    assert run.chapter is not None
    await Family.objects.aupdate(preview=Preview.ALWAYS)
    taken = (await in_database(choose, alice, first)).generation
    assert taken.pk == run.pk
    assert taken.awaits_preview
    session = await ReadingSession.objects.aget()
    assert (session.chapter_id, session.words_read) == (first.chapter_id, 0)
    page = Client(alice, is_browser=True)
    assert text_of(await page.frames(f"/generations/{run.pk}/events")) == ""
    await in_database(publish_chapter, alice, await Chapter.objects.aget(number=2))
    assert (await ReadingSession.objects.aget()).chapter_id == run.chapter_id


async def test_a_family_at_its_limit_is_refused_and_nothing_of_it_is_lost(
    first: Choice, alice: User, settings: Settings
) -> None:
    run = await written(first)
    settings.CHAPTERS_PER_HOUR = 1
    mia = await Child.objects.aget()
    await in_database(start_story, caller(alice), NewStory(child=mia, theme="a snail"))
    await Generation.objects.all().adelete()
    with pytest.raises(FamilyBusy):
        await in_database(choose, alice, first)
    assert (await Generation.with_hidden.aget()).ahead == HIDDEN
    settings.CHAPTERS_PER_HOUR = 0
    assert (await in_database(choose, alice, first)).generation.pk == run.pk


async def test_the_choice_begins_a_run_of_its_own_where_the_one_ahead_has_failed(
    first: Choice, alice: User, ollama: OllamaServer
) -> None:
    ollama.script(prose=lambda _: Reply(status=500))
    run = await write_ahead()
    assert run is not None
    assert run.status == "failed"
    requested = await in_database(choose, alice, first)
    assert requested.generation.pk != run.pk
    assert requested.generation.status == "queued"


# Taken away, outlived -----------------------------------------------------------------------------


async def test_it_is_withdrawn_with_the_chapter_before_it(story: Story, first: Choice) -> None:
    await written(first)
    parent = Generation(story=story, chapter=first.chapter, chapter_number=1, status="completed")
    parent.finished_at = timezone.now()
    await parent.asave()
    await in_database(withdrawal.withdraw, parent)
    chapter = await Chapter.with_hidden.aget(number=2)
    assert chapter.withdrawn_at is not None
    assert await in_database(withdrawal.restore, parent)
    assert (await Chapter.with_hidden.aget(number=2)).withdrawn_at is None
    assert not await Chapter.objects.filter(number=2).aexists(), "given back to nobody"


async def test_one_that_staff_took_away_is_written_anew_and_told_why(
    story: Story, first: Choice, alice: User, mod: User
) -> None:
    run = await written(first)
    case = await in_database(cases.open_by_staff, run, mod)
    with pytest.raises(cases.CannotRule):
        await in_database(rulings.send_back, case.pk, caller(mod), "violence")
    await in_database(rulings.reject, case.pk, mod, "violence")
    taken = (await in_database(choose, alice, first)).generation
    assert taken.pk != run.pk
    assert taken.brief["concerns"] == ["violence"]


async def test_what_is_never_chosen_goes_and_its_waiting_cases_too(
    story: Story, first: Choice, alice: User
) -> None:
    run = await written(first)
    decided, waiting = [await in_database(make_finding, run) for _ in range(2)]
    for finding in (decided, waiting):
        await Case.objects.acreate(source="soft", risk=30, generation=run, finding=finding)
    await Case.objects.filter(finding=decided).aupdate(
        decided_at=timezone.now(), outcome="approved"
    )
    assert (await retention.tidy()).unchosen == 0
    old = timezone.now() - dt.timedelta(days=retention.UNCHOSEN_DAYS, hours=1)
    await Generation.with_hidden.aupdate(created_at=old)
    assert (await retention.tidy()).unchosen == 1
    assert not await Chapter.with_hidden.filter(number=2).aexists()
    assert [case.finding_id async for case in Case.objects.all()] == [decided.pk]
    gone = await Generation.with_hidden.aget(pk=run.pk)
    assert (gone.status, gone.chapter_id, gone.ahead) == ("stopped", None, HIDDEN)
    assert (await retention.tidy()).unchosen == 0
    requested = await in_database(choose, alice, first)
    assert requested.generation.pk != run.pk


async def test_what_a_moderator_looks_at_or_took_away_stays(
    story: Story, first: Choice, mod: User
) -> None:
    looked_at, taken_away = [
        await written(await in_database(choice_of, story, position)) for position in (0, 1)
    ]
    case = await in_database(cases.open_by_staff, looked_at, mod)
    await in_database(withdrawal.withdraw, taken_away)
    assert await in_database(ahead.drop_unchosen, timezone.now()) == 0
    await in_database(rulings.approve, case.pk, mod, "fine")
    assert await in_database(ahead.drop_unchosen, timezone.now()) == 1
    kept = await Chapter.with_hidden.filter(is_hidden=True).aget()
    assert kept.pk == taken_away.chapter_id


async def test_a_child_that_comes_back_later_finds_chapters_written_ahead_again(
    first: Choice,
) -> None:
    run = await written(first)
    await in_database(ahead.drop_unchosen, timezone.now())
    assert (await written(first)).pk != run.pk


@pytest.mark.parametrize("model", [Child, Story])
async def test_it_goes_with_its_child_and_its_story(model: Any, first: Choice) -> None:
    run = await written(first)
    await model.objects.all().adelete()
    assert not await Generation.with_hidden.aexists()
    assert not await Chapter.with_hidden.aexists()
    assert await in_database(eventlog.read_after, run.pk, 0) == []
