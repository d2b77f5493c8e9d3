"""A handful of chaos schedules; `python -m tests.conformance.chaos --schedules 1000` has more."""

import asyncio

from tests.conformance.chaos import play_all
from tests.conformance.own import Own
from tests.conformance.schedules import Fault, draw

# Among these are both a kill and a restart, a stop and a second chapter.
_SEEDS = range(4, 12)


def test_no_event_is_lost_whatever_befalls_readers_and_server(own: Own) -> None:
    tally = asyncio.run(play_all(own, _SEEDS))
    assert tally.told == []
    assert not tally.problems
    assert tally.counts["schedules"] == len(_SEEDS)


def test_the_handful_has_something_of_everything() -> None:
    schedules = [draw(seed) for seed in _SEEDS]
    assert {schedule.fault for schedule in schedules} >= {Fault.KILL, Fault.RESTART}
    chapters = [chapter for schedule in schedules for chapter in schedule.chapters]
    assert len(chapters) > len(schedules)
    assert any(chapter.stops for chapter in chapters)
    assert any(len(chapter.readers) > 1 for chapter in chapters)
