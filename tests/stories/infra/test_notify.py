"""Wake-ups: of this process on commit, of others by notices, and readers who look at once."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from children.models import Child, User
from stories import eventlog
from stories.eventlog import Entry
from stories.eventlog.entries import Addition, commit_all
from stories.generations import NewStory, leases, request_stop, start_story
from stories.infra.db import in_database
from stories.infra.notify import CHANNEL, Notification, Topic, listen, notify, parse, payloads
from stories.models import Case, Generation
from stories.moderation import cases, rulings
from stories.vocabulary.events import Content
from tests.factories.callers import caller
from tests.factories.moderation import make_moderator, rulings_that_go
from tests.statements import before

_POSTGRESQL_BYTES = 8000
ONCE = Entry(Content(chunk="Once", is_complete=False))


def from_elsewhere(payload: str) -> Notification | None:
    _, rest = payload.split(" ", 1)
    return parse(f"another-process {rest}")


@pytest.mark.parametrize("count", [0, 1, 200, 201, 1000])
def test_every_generation_of_a_batch_is_told_of_within_postgresqls_bound(count: int) -> None:
    ids = [uuid.uuid4() for _ in range(count)]
    sent = payloads(Topic.LOG, ids)
    assert all(len(payload.encode()) < _POSTGRESQL_BYTES for payload in sent)
    heard = [notification for payload in sent if (notification := from_elsewhere(payload))]
    assert [key for notification in heard for key in notification.generation_ids] == ids
    assert {notification.topic for notification in heard} == {Topic.LOG}


def test_a_process_does_not_heed_its_own_news() -> None:
    [sent] = payloads(Topic.WORK, [])
    assert parse(sent) is None


@pytest.mark.parametrize("payload", ["other log not-an-id", "other prune 1", "other", "x y z"])
def test_news_that_this_version_does_not_know_makes_it_look_at_everything(payload: str) -> None:
    assert parse(payload) == Notification(Topic.ANYTHING)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_named", [True, False])
async def test_a_woken_reader_does_not_wait_for_the_next_poll(
    mia: Child, alice: User, is_named: bool
) -> None:
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    key = (await in_database(start_story, caller(alice), new)).generation.pk

    def append_elsewhere() -> None:
        commit_all([Addition(key, None, 1, [ONCE])])

    async with eventlog.follow(key, 1) as reader:
        coming = asyncio.ensure_future(reader.next(5.0))
        await in_database(append_elsewhere)
        eventlog.wake([key]) if is_named else eventlog.wake_all()
        async with asyncio.timeout(0.2):
            assert [event.data["chunk"] for event in await coming] == ["Once"]


# This process ------------------------------------------------------------------------------------


@asynccontextmanager
async def listening() -> AsyncIterator[list[Notification]]:
    """Notifications of this process's own commands meanwhile; all of them, once the block has
    ended."""
    heard: list[Notification] = []
    came: asyncio.Queue[Notification] = asyncio.Queue()
    task = asyncio.create_task(listen(came.put_nowait))
    await asyncio.sleep(0)
    try:
        if connection.vendor == "postgresql":
            assert await next_of(came) == Notification(Topic.ANYTHING)
        yield heard
        last = await end_of_notices()
        while not came.empty() or (connection.vendor == "postgresql" and last not in heard):
            heard.append(await next_of(came))
        if last in heard:
            heard.remove(last)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def next_of(came: "asyncio.Queue[Notification]") -> Notification:
    async with asyncio.timeout(10):
        return await came.get()


async def end_of_notices() -> Notification:
    """A notice of another process, behind all that the database has to hand on by now."""
    last = Notification(Topic.LOG, (uuid.uuid4(),))

    def send() -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                notice = f"other log {last.generation_ids[0].hex}"
                cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, notice])

    await in_database(send)
    return last


@pytest.mark.django_db(transaction=True)
async def test_a_commit_wakes_this_process_once() -> None:
    key = uuid.uuid4()

    def command() -> None:
        with transaction.atomic():
            notify(Topic.STOP, [key])

    async with listening() as heard:
        await in_database(command)
    assert heard == [Notification(Topic.STOP, (key,))]


@pytest.mark.django_db(transaction=True)
async def test_a_transaction_that_is_rolled_back_wakes_nobody() -> None:
    def command() -> None:
        with transaction.atomic():
            notify(Topic.WORK)
            transaction.set_rollback(True)

    async with listening() as heard:
        await in_database(command)
    assert heard == []


@pytest.mark.django_db(transaction=True)
async def test_a_process_that_has_ended_its_part_is_told_nothing() -> None:
    async with listening() as heard:
        pass
    await in_database(notify, Topic.WORK)
    assert heard == []


@pytest.fixture
def mod(transactional_db: None) -> Iterator[User]:
    with rulings_that_go():
        yield make_moderator()


@pytest.fixture
def run(mia: Child, alice: User) -> Generation:
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    return start_story(caller(alice), new).generation


def case_of(run: Generation, mod: User) -> Case:
    return cases.open_by_staff(run, mod)


def give_up(_run: Generation, _mod: User) -> None:
    claim = leases.claim_next(1).claim
    assert claim is not None
    leases.give_up_lease(claim)


@pytest.mark.parametrize(
    ("command", "topic"),
    [
        (lambda run, _: request_stop(run), Topic.STOP),
        (lambda run, mod: rulings.reject(case_of(run, mod).pk, mod, "fear"), Topic.STOP),
        (lambda run, mod: rulings.withdraw_for(case_of(run, mod).pk, mod, "fear"), Topic.STOP),
        (lambda _, mod: rulings.turn_off("writing", mod, "Quiet."), Topic.STOP),
        (give_up, Topic.WORK),
    ],
    ids=["stop", "reject", "withdraw", "turn off", "give up"],
)
async def test_a_command_wakes_this_process_by_itself(
    run: Generation, mod: User, command: Callable[..., Any], topic: Topic
) -> None:
    async with listening() as heard:
        await in_database(command, run, mod)
    assert heard == [Notification(topic, (run.pk,) if topic == Topic.STOP else ())]


async def test_asking_for_a_chapter_and_turning_writing_on_wake_who_writes(
    mia: Child, alice: User, mod: User
) -> None:
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    async with listening() as heard:
        await in_database(start_story, caller(alice), new)
    assert heard == [Notification(Topic.WORK)]
    await in_database(rulings.turn_off, "writing", mod, "Quiet.")
    async with listening() as heard:
        await in_database(rulings.turn_on, "writing", mod, "Loud.")
    assert heard == [Notification(Topic.WORK)]


@pytest.mark.django_db(transaction=True)
async def test_readers_have_what_a_command_appends_without_another_look(run: Generation) -> None:
    looks: list[str] = []

    def append(*, is_kept: bool) -> None:
        with transaction.atomic():
            eventlog.insert(run.pk, None, 1, [ONCE])
            transaction.set_rollback(not is_kept)

    async with eventlog.follow(run.pk, 1) as reader:
        async with before("SELECT", "stories_generationevent", lambda: looks.append("one")):
            await in_database(append, is_kept=False)
            coming = asyncio.ensure_future(reader.next(5.0))
            await in_database(append, is_kept=True)
            assert [event.data["chunk"] for event in await coming] == ["Once"]
        assert looks == []
