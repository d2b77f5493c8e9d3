"""A handful of chaos schedules; `make chaos` has more."""

import asyncio

import pytest

from testkit.conformance.chaos import play_all
from testkit.conformance.own import Own
from testkit.conformance.schedules import OF_MANY, Fault, draw

# Among these are both a kill and a restart, a stop and a second chapter.
_SEEDS_OF_ONE = range(4, 12)
# Among these is each fault that may befall one of many processes.
_SEEDS_OF_MANY = range(372, 382)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("own_of_all", "seeds"),
    [("one", _SEEDS_OF_ONE), ("many", _SEEDS_OF_MANY)],
    ids=["one", "many"],
    indirect=["own_of_all"],
)
def test_no_event_is_lost_whatever_befalls_readers_and_processes(own: Own, seeds: range) -> None:
    tally = asyncio.run(play_all(own, seeds))
    assert tally.told == []
    assert not tally.problems
    assert tally.counts["schedules"] == len(seeds)


def test_the_handful_has_something_of_everything() -> None:
    schedules = [draw(seed) for seed in _SEEDS_OF_ONE]
    assert {schedule.fault for schedule in schedules} >= {Fault.KILL, Fault.RESTART}
    chapters = [chapter for schedule in schedules for chapter in schedule.chapters]
    assert len(chapters) > len(schedules)
    assert any(chapter.stops for chapter in chapters)
    assert any(len(chapter.readers) > 1 for chapter in chapters)


def test_each_fault_befalls_one_of_many_processes() -> None:
    assert {draw(seed, OF_MANY).fault for seed in _SEEDS_OF_MANY} >= set(OF_MANY) - {None}
