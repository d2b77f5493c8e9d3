"""Notices between processes, and readers who look at once when one comes."""

import asyncio
import uuid

import pytest
from django.db import transaction

from children.models import Child, User
from stories import eventlog
from stories.eventlog import Entry
from stories.generations import Caller, NewStory, start_story
from stories.infra.db import in_database
from stories.infra.notify import Notification, Topic, parse, payloads
from stories.vocabulary.events import Content

_POSTGRESQL_BYTES = 8000


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
    key = (await in_database(start_story, Caller(user=alice), new)).generation.pk

    def append_elsewhere() -> None:
        with transaction.atomic():
            eventlog.insert(key, None, 1, [Entry(Content(chunk="Once", is_complete=False))])

    async with eventlog.follow(key, 1) as reader:
        coming = asyncio.ensure_future(reader.next(5.0))
        await in_database(append_elsewhere)
        eventlog.wake([key]) if is_named else eventlog.wake_all()
        async with asyncio.timeout(0.2):
            assert [event.data["chunk"] for event in await coming] == ["Once"]
