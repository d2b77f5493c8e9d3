"""The log's writer: what `flush` promises to whoever writes on from there."""

import asyncio
import uuid
from contextlib import AsyncExitStack

import pytest

from children.models import Child, User
from stories import eventlog
from stories.eventlog import Entry, LogWriter
from stories.generations import NewStory, leases, start_story
from stories.generations.claims import Claim
from stories.infra.db import in_database
from stories.models import GenerationEvent
from stories.vocabulary.events import REWRITE, Content, ContentReset
from tests.factories.callers import caller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def claim(mia: Child, alice: User) -> Claim:
    start_story(caller(alice), NewStory(child=mia, theme="a fox who finds a lantern"))
    claim = leases.claim_next(1).claim
    assert claim is not None
    return claim


async def test_a_flush_waits_for_the_commit_that_is_under_way(claim: Claim) -> None:
    begins_at = claim.generation.last_position
    writer = LogWriter(claim.id, claim.lease_id, begins_at)
    writer.append(Entry(Content(chunk="Once.", is_complete=False)))
    await asyncio.sleep(0)  # the commit has taken it, and nothing is pending
    await writer.flush()
    log = await in_database(eventlog.read_after, claim.id, begins_at)
    assert [event.data["chunk"] for event in log] == ["Once."]
    assert writer.last == begins_at + 1


async def test_a_commit_that_fails_keeps_nobody_waiting(
    claim: Claim, mia: Child, alice: User
) -> None:
    await in_database(start_story, caller(alice), NewStory(child=mia, theme="an owl"))
    other = (await in_database(leases.claim_next, 2)).claim
    assert other is not None
    broken, healthy = (
        LogWriter(one.id, one.lease_id, one.generation.last_position) for one in (claim, other)
    )
    once, again = (Content(chunk=chunk, is_complete=False) for chunk in ("Once.", "Again."))
    broken.append(Entry(once, source="\ud800"))  # no database stores half a character
    await asyncio.sleep(0)  # its commit is under way
    broken.append(Entry(again))
    healthy.append(Entry(once))
    async with asyncio.timeout(20):
        await healthy.flush()
        with pytest.raises(UnicodeEncodeError):
            await broken.flush()
    healthy.append(Entry(again))
    async with asyncio.timeout(20):
        await healthy.flush()
    last = other.generation.last_position
    told = await in_database(eventlog.read_after, other.id, last)
    assert [event.data["chunk"] for event in told] == ["Once.", "Again."]


@pytest.mark.parametrize(
    "payload", ['{"is_complete":true,"chunk":"Hi"}', '{"chunk": "Hi", "is_complete": true}']
)
async def test_a_reset_leaves_the_text_whole_that_was_whole_however_its_json_is_written(
    claim: Claim, payload: str
) -> None:
    last = claim.generation.last_position
    writer = LogWriter(claim.id, claim.lease_id, last)
    for is_whole in (False, True):
        writer.append(Entry(Content(chunk="Hi", is_complete=is_whole), source="Hi"))
    await writer.flush()
    whole = GenerationEvent.objects.filter(generation=claim.id, position=last + 2)
    await whole.aupdate(payload=payload)
    writer.append(Entry(ContentReset(attempt=1, reason=REWRITE)))
    await writer.flush()
    first, second, _ = await in_database(eventlog.read_after, claim.id, last)
    assert first.data == {"chunk": "", "is_complete": False}
    assert second.data == {"chunk": "", "is_complete": True}
    assert await in_database(eventlog.source_text, claim.id) == ""


async def test_what_one_log_cannot_take_ends_no_other_that_is_committed_with_it(
    claim: Claim, mia: Child, alice: User
) -> None:
    await in_database(start_story, caller(alice), NewStory(child=mia, theme="an owl"))
    other = (await in_database(leases.claim_next, 2)).claim
    assert other is not None
    broken, healthy = (
        LogWriter(one.id, one.lease_id, one.generation.last_position) for one in (claim, other)
    )
    once = Content(chunk="Once.", is_complete=False)
    broken.append(Entry(once, source="\ud800"))
    healthy.append(Entry(once))
    async with asyncio.timeout(20):
        await healthy.flush()
        with pytest.raises(UnicodeEncodeError):
            await broken.flush()
        await broken.settle_down()
    assert healthy.last == other.generation.last_position + 1
    assert broken.last == claim.generation.last_position


async def test_a_flush_of_nothing_returns_at_once(claim: Claim) -> None:
    writer = LogWriter(claim.id, claim.lease_id, claim.generation.last_position)
    await asyncio.wait_for(writer.flush(), timeout=5)


async def test_readers_who_never_leave_hold_up_the_end_once_and_not_each() -> None:
    seconds, count = 0.2, 10
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as readers:
        for _ in range(count):
            await readers.enter_async_context(eventlog.follow(uuid.uuid4(), 0))
        began_at = loop.time()
        await eventlog.close_all(seconds)
        assert seconds <= loop.time() - began_at < seconds * count / 2
