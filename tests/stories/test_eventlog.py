"""The log's writer: what `flush` promises to whoever writes on from there."""

import asyncio

import pytest

from children.models import Child, User
from stories import eventlog
from stories.db import in_database
from stories.eventlog import Entry, LogWriter
from stories.events import Content
from stories.generations import Caller, NewStory, runs, start_story

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def claim(mia: Child, alice: User) -> runs.Claim:
    start_story(Caller(user=alice), NewStory(child=mia, theme="a fox who finds a lantern"))
    claim = runs.claim_next(1)
    assert claim is not None
    return claim


async def test_a_flush_waits_for_the_commit_that_is_under_way(claim: runs.Claim) -> None:
    begins_at = claim.generation.last_position
    writer = LogWriter(claim.id, claim.lease_id, begins_at)
    writer.append(Entry(Content(chunk="Once.", is_complete=False)))
    await asyncio.sleep(0)  # the commit has taken it, and nothing is pending
    await writer.flush()
    log = await in_database(eventlog.read_after, claim.id, begins_at)
    assert [event.data["chunk"] for event in log] == ["Once."]
    assert writer.last == begins_at + 1


async def test_a_flush_of_nothing_returns_at_once(claim: runs.Claim) -> None:
    writer = LogWriter(claim.id, claim.lease_id, claim.generation.last_position)
    await asyncio.wait_for(writer.flush(), timeout=5)
