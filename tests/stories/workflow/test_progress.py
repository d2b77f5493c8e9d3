"""Progress is steady, bounded in number, and honest about what it does not know."""

from stories.workflow.progress import CHECKING, FINISHING, THINKING, WRITING, ProgressMeter
from stories.workflow.steps import Advanced


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _events(words_a_second: int, seconds: int) -> list[tuple[float, Advanced]]:
    clock = Clock()
    meter = ProgressMeter(200, clock)
    said = [(clock.now, meter.enter(THINKING))]
    for word in range(1, words_a_second * seconds + 1):
        clock.now += 1 / words_a_second
        said.append((clock.now, meter.wrote(word)))
    said += [(clock.now, meter.enter(CHECKING)), (clock.now, meter.enter(FINISHING))]
    return [(at, event) for at, event in said if event is not None]


def test_no_second_has_more_than_four_events_and_no_stage_is_swallowed() -> None:
    for words_a_second in (3, 50, 1000):
        events = _events(words_a_second, 5)
        times = [at for at, _ in events]
        assert all(later - at >= 1.0 for at, later in zip(times, times[4:], strict=False))
        stages = [event.stage for _, event in events]
        assert [*dict.fromkeys(stages)] == [THINKING, WRITING, CHECKING, FINISHING]


def test_the_percentage_never_falls_and_is_never_whole() -> None:
    percents = [event.percent for _, event in _events(100, 5)]
    assert percents == sorted(percents)
    assert percents[-1] < 100


def test_a_rewrite_does_not_turn_progress_back() -> None:
    clock = Clock()
    meter = ProgressMeter(100, clock)
    meter.wrote(90)
    clock.now += 5
    meter.enter(CHECKING)
    clock.now += 5
    again = meter.wrote(1)
    assert again is not None
    assert again.percent >= 82


def test_the_time_left_is_unknown_until_there_is_a_pace() -> None:
    events = [event for _, event in _events(20, 5)]
    assert events[0].eta_seconds is None
    known = [event.eta_seconds for event in events if event.eta_seconds is not None]
    assert known == sorted(known, reverse=True)
    assert known
