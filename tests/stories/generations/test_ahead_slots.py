"""Slots for chapters written ahead: taken where nobody waits, given up as soon as somebody does."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories import eventlog
from stories.controls.switches import Feature
from stories.execution import checkpoints, engine, retention, runner
from stories.execution.run import RunControl
from stories.generations import (
    NewStory,
    ahead,
    ahead_slots,
    leases,
    start_story,
)
from stories.infra.db import in_database
from stories.models import (
    Chapter,
    Choice,
    Decision,
    Generation,
    ReadingSession,
    Story,
)
from stories.moderation import rulings
from testkit.hosts import Call, Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.ahead import CHOSEN, HIDDEN, choice_of, choose, written
from tests.clients import Client, text_of
from tests.factories.callers import caller
from tests.factories.families import make_child
from tests.factories.moderation import make_moderator, rulings_that_go
from tests.factories.stories import make_read_story
from tests.runs import has_checkpoints, write_ahead
from tests.streams import FIRST_CHAPTER, events_of, order, start

pytestmark = pytest.mark.django_db(transaction=True)

# Nothing in it ends a model's turn before its last word.
PROSE = (
    "They follow the fox and climb the oak. Up there a small lantern hangs on a branch. Its light "
    "is warm and golden. A squirrel peeks out of a round hole and waves. Far below, the river hums "
    "a quiet tune. Somebody has left a red kite among the leaves. The wind lifts it gently. What a "
    "fine view this is, says the squirrel, and shares three nuts. Then all of them sing to the fox "
    "until the stars come out one by one."
)


@pytest.fixture
def story(mia: Child, ollama: OllamaServer) -> Story:
    """Read up to the choices of its first chapter."""
    return make_read_story(mia)


@pytest.fixture
def first(story: Story) -> Choice:
    return choice_of(story, 0)


@asynccontextmanager
async def half_written(host: OllamaServer) -> AsyncIterator[tuple[Generation, Call]]:
    """A run that is being written ahead at this moment, and what its host was asked."""
    hold = Hold(after=60)
    host.script(prose=[Reply(PROSE, hold=hold)])
    engine.start()
    await hold.reached.seen(30)
    yield await Generation.with_hidden.aget(ahead=HIDDEN, status="running"), host.calls[-1]
    host.release()
    await engine.shut_down()


@pytest.fixture
def mod(transactional_db: None) -> Iterator[User]:
    with rulings_that_go():
        yield make_moderator()


@pytest.fixture
def near(settings: Settings) -> None:
    """The dispatchers of this process write ahead, one chapter at once."""
    settings.WRITE_AHEAD = "near"
    settings.MAX_CONCURRENT = 1


async def test_none_is_begun_while_anybody_waits(story: Story, charlie: User) -> None:
    tom = await in_database(make_child, charlie.family, "Tom")
    await in_database(start_story, caller(charlie), NewStory(child=tom, theme="a snail"))
    assert await write_ahead() is None
    assert await in_database(leases.claim_next, 4) is not None
    assert await write_ahead() is None, "nor while it is being written, at the same host"
    assert await in_database(ahead_slots.claim_next, 4, ["", "another"]) is None


def test_a_family_has_no_more_of_them_at_once_than_it_has_slots(
    story: Story, mia: Child, charlie: User
) -> None:
    make_read_story(make_child(charlie.family, "Tom"))
    claims = [ahead_slots.claim_next(8, ["a"]) for _ in range(8)]
    families = [claim.generation.story.child.family_id for claim in claims if claim]
    assert sorted(map(families.count, set(families))) == [2, 2]
    assert len(families) == 4, "each of the two has no more slots, whatever the host has"


def test_two_processes_begin_one_run_for_a_choice(first: Choice) -> None:
    assert ahead.begin(first.pk) is not None
    assert ahead.begin(first.pk) is None


async def test_the_choice_joins_a_chapter_that_is_being_written(
    near: None, story: Story, api: Client, mia: Child, ollama: OllamaServer
) -> None:
    async with half_written(ollama) as (run, call):
        wish = {"session_id": str(story.session.pk), "choice_id": str(run.choice_id)}
        started = await start(api, mia, **wish)
        assert (started["id"], started["status"]) == (str(run.pk), "running")
        ollama.release()
        frames = await api.frames(events_of(started))
    assert order(frames) == FIRST_CHAPTER
    assert not call.disconnected, "it was not begun again"
    chapter = await Chapter.objects.aget(number=2)
    assert text_of(frames) == chapter.text
    assert (await ReadingSession.objects.aget()).chapter_id == chapter.pk


async def test_whoever_asks_has_the_slot_at_once_and_it_is_gone_on_with_later(
    near: None, story: Story, api: Client, mia: Child, ollama: OllamaServer
) -> None:
    async with half_written(ollama) as (run, call):
        hold = Hold(after=10)
        ollama.script(prose=[Reply(PROSE, hold=hold)])
        asked = await start(api, mia, theme="a slow snail")
        await hold.reached.seen(5)
        await call.disconnected.seen(5)
        given_up = await Generation.with_hidden.aget(pk=run.pk)
        assert (given_up.status, given_up.attempts, given_up.lease_id) == ("running", 0, None)
        shown = await in_database(eventlog.source_text, run.pk)
        ollama.release()
        assert (await api.frames(events_of(asked)))[-1].type == "complete"
        requested = await in_database(
            choose, await User.objects.aget(), await Choice.objects.aget(generations=run)
        )
        assert requested.generation.pk == run.pk
        frames = await api.frames(f"/generations/{run.pk}/events")
    chapter = await Chapter.objects.aget(number=2)
    assert text_of(frames) == chapter.text
    assert chapter.source.startswith(shown)
    assert shown


@pytest.mark.parametrize("is_chosen_first", [True, False])
def test_a_choice_in_the_moment_in_which_its_chapter_is_given_up_has_it(
    is_chosen_first: bool, first: Choice, story: Story, alice: User, mia: Child
) -> None:
    claim = ahead_slots.claim_next(1, [""])
    assert claim is not None
    stale = Generation.with_hidden.get(pk=claim.id)
    if not is_chosen_first:
        ahead_slots.give_up(stale)
    taken = choose(alice, first).generation
    ahead_slots.give_up(stale)
    assert taken.pk == claim.id
    taken.refresh_from_db()
    assert (taken.ahead, taken.status) == (CHOSEN, "running")
    assert (taken.lease_id == claim.lease_id) is is_chosen_first
    again = leases.claim_next(1).claim
    assert (again is None) is is_chosen_first
    if again is not None:
        assert (again.id, again.generation.attempts) == (claim.id, 1)


def test_those_of_the_ways_not_taken_give_way(story: Story, first: Choice, alice: User) -> None:
    claims = [ahead_slots.claim_next(4, [""]) for _ in range(2)]
    assert all(claims)
    choose(alice, first)
    ahead_slots.give_way()
    runs = Generation.with_hidden.order_by("choice__position")
    assert [run.lease_id is None for run in runs] == [False, True]
    assert ahead_slots.claim_next(4, [""]) is None


def test_one_whose_choice_is_taken_at_this_moment_is_not_given_up(
    story: Story, first: Choice
) -> None:
    claims = [ahead_slots.claim_next(4, [""]) for _ in range(2)]
    assert all(claims)
    Decision.objects.create(session=story.session, choice=first)
    ahead_slots.give_way()
    runs = Generation.with_hidden.order_by("choice__position")
    assert [run.lease_id is None for run in runs] == [False, True]


async def test_a_process_that_died_holds_no_slot_and_another_goes_on(
    story: Story, first: Choice, charlie: User, ollama: OllamaServer
) -> None:
    died = await in_database(ahead_slots.claim_next, 1, [""])
    assert died is not None
    tom = await in_database(make_child, charlie.family, "Tom")
    new = NewStory(child=tom, theme="a snail")
    asked = (await in_database(start_story, caller(charlie), new)).generation
    claim = (await in_database(leases.claim_next, 1)).claim
    assert claim is not None
    assert claim.id == asked.pk, "at the only slot, which the dead process's lease is still on"
    async with checkpoints.opened() as store:
        await runner.execute(claim, RunControl(), store)
    past = timezone.now() - dt.timedelta(seconds=1)
    await Generation.with_hidden.filter(pk=died.id).aupdate(lease_expires_at=past)
    assert (await written(first)).pk == died.id


async def test_the_switch_ends_what_is_written_and_begins_no_more(
    near: None, story: Story, ollama: OllamaServer, mod: User
) -> None:
    async with half_written(ollama) as (run, call):
        await in_database(rulings.turn_off, Feature.WRITE_AHEAD, mod, "a test")
        await call.disconnected.seen(5)
        async with eventlog.follow(run.pk, 0) as log:
            while not log.is_at_end:
                await log.next(5)
        assert (await Generation.with_hidden.aget()).status == "stopped"
    assert await write_ahead() is None
    assert await Generation.with_hidden.acount() == 1


async def test_what_was_finished_before_the_switch_is_still_found(
    story: Story, first: Choice, alice: User, mod: User
) -> None:
    run = await written(first)
    await in_database(rulings.turn_off, Feature.WRITE_AHEAD, mod, "a test")
    assert (await in_database(choose, alice, first)).generation.pk == run.pk


async def test_one_without_a_writer_ends_with_the_switch(
    story: Story, first: Choice, mod: User
) -> None:
    run = await in_database(ahead.begin, first.pk)
    assert run is not None
    await in_database(rulings.turn_off, Feature.WRITE_AHEAD, mod, "a test")
    await in_database(ahead_slots.give_way)
    assert (await Generation.with_hidden.aget()).status == "stopped"


async def test_state_of_a_run_that_was_given_up_is_kept_for_who_goes_on(
    near: None, story: Story, ollama: OllamaServer
) -> None:
    async with half_written(ollama) as (run, _):
        pass
    await retention.tidy()
    assert await has_checkpoints(run)
    assert await Decision.objects.acount() == 0


async def test_a_host_that_is_killed_while_three_are_written_takes_nothing_with_it(
    first: Choice, api: Client, mia: Child, ollama: OllamaServer, settings: Settings
) -> None:
    settings.WRITE_AHEAD, settings.MAX_CONCURRENT_PER_FAMILY = "near", 0
    await Choice.objects.acreate(chapter=first.chapter, position=2, text="Sing to the fox")
    holds = [Hold(after=60) for _ in range(3)]
    ollama.script(prose=[Reply(PROSE, hold=hold) for hold in holds])
    engine.start()
    for hold in holds:
        await hold.reached.seen(30)
    runs = [run.pk async for run in Generation.with_hidden.all()]
    ollama.stop()
    for pk in runs:
        async with eventlog.follow(pk, 0) as log:
            while not log.is_at_end:
                assert await log.next(30)
    ollama.start()
    session = await ReadingSession.objects.aget()
    wish = {"session_id": str(session.pk), "choice_id": str(first.pk)}
    started = await start(api, mia, **wish)
    frames = await api.frames(events_of(started))
    await engine.shut_down()
    assert order(frames) == FIRST_CHAPTER
    assert text_of(frames) == (await Chapter.objects.aget(number=2)).text
    assert await Generation.objects.acount() == 1
    failed = Generation.with_hidden.filter(pk__in=runs)
    assert [run.status async for run in failed] == ["failed"] * 3
