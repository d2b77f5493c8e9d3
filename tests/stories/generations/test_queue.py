"""A slot at the model host for everyone in turn."""

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models import JSONField, Value
from django.utils import timezone

from children.models import Child, User
from stories import eventlog
from stories.generations import NewStory, leases, request_stop, start_story
from stories.generations.queue import in_turn, loads, publish_positions, unclaimed_runs
from stories.infra.db import in_database
from stories.models import Generation
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client, frames_of
from tests.factories.callers import caller
from tests.factories.families import make_child
from tests.streams import events_of, start

pytestmark = pytest.mark.django_db(transaction=True)


def ask(user: User, child: Child, theme: str) -> Generation:
    return start_story(caller(user), NewStory(child=child, theme=theme)).generation


def test_a_family_that_asks_for_much_does_not_keep_another_waiting(
    alice: User, charlie: User, mia: Child, ollama: OllamaServer
) -> None:
    others = make_child(charlie.family, "Tom")
    first, second, third = (ask(alice, mia, f"story {number}") for number in range(3))
    late = ask(charlie, others, "a snail")
    turns = [waiting.generation_id for waiting in in_turn(unclaimed_runs(), loads())]
    assert turns == [first.pk, late.pk, second.pk, third.pk]
    claim = leases.claim_next(1).claim
    assert claim is not None
    assert claim.id == first.pk
    assert in_turn(unclaimed_runs(), loads())[0].generation_id == late.pk


def test_positions_are_told_once_and_again_when_they_change(
    alice: User, mia: Child, ollama: OllamaServer
) -> None:
    for number in range(3):
        ask(alice, mia, f"story {number}")
    leases.claim_next(1)
    told = [events[0].data["position"] for _, events in publish_positions(1)]
    assert told == [1, 2]
    assert publish_positions(1) == []
    Generation.objects.filter(status="running").delete()
    leases.claim_next(1)
    assert [events[0].data["position"] for _, events in publish_positions(1)] == [1]


def test_who_gets_a_slot_at_once_hears_of_no_queue(
    alice: User, mia: Child, ollama: OllamaServer
) -> None:
    ask(alice, mia, "a snail")
    assert publish_positions(1) == []


async def test_a_reader_hears_of_its_position_before_its_chapter_begins(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Any
) -> None:
    settings.MAX_CONCURRENT = 1
    hold = Hold(after=10)
    storyteller.script(prose=[Reply(hold=hold)])
    await start(api, mia, theme="a slow snail")
    await hold.reached.seen()
    waiting = await start(api, mia)
    stream = frames_of(await api.stream(events_of(waiting)))
    queued = await anext(frame async for frame in stream if frame.type == "queue")
    assert queued.data == {"position": 1, "eta_seconds": None}
    assert (await in_database(Generation.objects.get, pk=waiting["id"])).status == "queued"
    hold.release()
    rest = [frame async for frame in stream]
    assert rest[-1].type == "complete"


# How many at once -------------------------------------------------------------------------------


@pytest.fixture
def families(alice: User, charlie: User, mia: Child, ollama: OllamaServer) -> list[Generation]:
    """Three chapters that Alice's family asked for, and then one of Charlie's."""
    asked = [ask(alice, mia, f"story {number}") for number in range(3)]
    return [*asked, ask(charlie, make_child(charlie.family, "Tom"), "a snail")]


def claimed(capacity: int) -> list[Any]:
    claims = iter(lambda: leases.claim_next(capacity).claim, None)
    return [claim.id for claim in claims if claim]


def test_no_more_are_written_at_once_than_there_are_slots(
    families: list[Generation], settings: Any
) -> None:
    settings.MAX_CONCURRENT_PER_FAMILY = 0
    first, second, third, late = (generation.pk for generation in families)
    assert claimed(3) == [first, late, second]
    Generation.objects.filter(pk=late).delete()
    assert claimed(3) == [third]


def test_a_family_at_its_limit_waits_and_keeps_no_other_waiting(
    families: list[Generation], settings: Any
) -> None:
    settings.MAX_CONCURRENT_PER_FAMILY = 1
    first, second, _, late = (generation.pk for generation in families)
    assert claimed(4) == [first, late]
    Generation.objects.filter(pk=first).delete()
    assert claimed(4) == [second]


def test_a_run_whose_process_died_leaves_its_slot_and_is_the_first_to_get_one(
    families: list[Generation],
) -> None:
    dead = leases.claim_next(1).claim
    assert dead is not None
    assert claimed(1) == []
    past = timezone.now() - dt.timedelta(seconds=1)
    Generation.objects.filter(pk=dead.id).update(lease_expires_at=past)
    assert claimed(1) == [dead.id]


def test_a_run_that_only_has_to_be_ended_needs_no_slot(families: list[Generation]) -> None:
    dead, writing = leases.claim_next(2).claim, leases.claim_next(2).claim
    assert dead is not None
    assert writing is not None
    request_stop(dead.generation)
    assert claimed(2) == [], "its runner ends it"
    past = timezone.now() - dt.timedelta(seconds=1)
    Generation.objects.filter(pk=dead.id).update(lease_expires_at=past)
    claim = leases.claim_next(1).claim
    assert claim is not None
    assert (claim.id, claim.is_stop_requested) == (dead.id, True)


@pytest.mark.parametrize("spoilt", [{"brief": {"theme": 7}}, {"brief": None}])
def test_a_run_that_cannot_be_read_is_ended_and_stands_in_nobodys_way(
    families: list[Generation], settings: Any, spoilt: dict[str, Any]
) -> None:
    first, *_ = families
    Generation.objects.filter(pk=first.pk).update(brief=Value(spoilt["brief"], JSONField()))
    assert len(claimed(4)) == 3
    first.refresh_from_db()
    assert (first.status, first.lease_expires_at) == (Generation.Status.FAILED, None)
    assert "ValidationError" in first.error_detail
    last = eventlog.read_after(first.pk, 0)[-1]
    assert (last.type, last.data["code"]) == ("error", "INTERRUPTED")


def test_a_claim_that_the_database_breaks_off_has_taken_nothing(
    families: list[Generation],
) -> None:
    def break_off(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("SELECT") and "stories_generationevent" in sql:
            raise OperationalError
        return execute(sql, *rest)

    with connection.execute_wrapper(break_off), pytest.raises(OperationalError):
        leases.claim_next(1)
    assert set(Generation.objects.values_list("status", "attempts")) == {("queued", 0)}
    assert len(claimed(1)) == 1


@pytest.mark.parametrize(("per_family", "seconds"), [(0, 20.0), (1, 40.0)])
def test_the_estimate_counts_all_slots_and_the_familys_own(
    families: list[Generation], settings: Any, per_family: int, seconds: float
) -> None:
    settings.MAX_CONCURRENT_PER_FAMILY = per_family
    now = timezone.now()
    Generation.objects.filter(pk=families[0].pk).update(
        status="completed", started_at=now - dt.timedelta(seconds=40), finished_at=now
    )
    assert claimed(2) == [families[1].pk, families[3].pk]
    [(last, [event])] = publish_positions(2)
    assert last == families[2].pk
    assert event.data == {"position": 1, "eta_seconds": seconds}
