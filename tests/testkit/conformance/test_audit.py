"""The suite's own eyes: they have to see what a broken server would do."""

import json
from typing import Any

import pytest

from testkit.conformance.audit import Reading, as_told, faults_of
from testkit.conformance.log import check_log, check_same, text_of
from testkit.conformance.schedules import draw
from testkit.conformance.wire import Broken, Frame, parse_frame


def frame(at: int, type_: str, **data: Any) -> Frame:
    payload = json.dumps({"type": type_, "data": data}, ensure_ascii=False)
    return parse_frame(f"id: run-{at}\nevent: story_chunk\ndata: {payload}")


def node(at: int, name: str, status: str, **more: Any) -> Frame:
    return frame(at, "node_event", node=name, status=status, **more)


LOG = [
    node(1, "workflow", "started", chapter_number=1, theme="", generation_id="", session_id=""),
    frame(2, "progress", percent=1, stage="", eta_seconds=None),
    node(3, "generate_content", "started"),
    frame(4, "content", chunk="Once.", is_complete=False),
    frame(5, "content", chunk=" Twice.", is_complete=False),
    frame(6, "content", chunk="", is_complete=True),
    node(7, "generate_content", "completed"),
    frame(8, "error", message="It was stopped.", code="CANCELLED", retryable=True),
]


def test_a_reader_who_saw_it_all_has_no_faults() -> None:
    assert not faults_of(Reading(frames=LOG), LOG, is_whole=True)
    assert not faults_of(Reading(frames=LOG[:4]), LOG, is_whole=False)
    resync = Reading(snapshot="Once.", frames=LOG[4:])
    assert not faults_of(resync, LOG, is_whole=True)


@pytest.mark.parametrize(
    ("frames", "is_whole", "faults"),
    [
        (LOG[:2] + LOG[4:], True, {"lost": 2}),
        (LOG[1:], True, {"lost": 1}),
        (LOG[:5], True, {"lost": 3}),
        (LOG[:5] + LOG[3:], True, {"repeated": 2}),
        ([LOG[0], LOG[2], LOG[1]], False, {"lost": 1, "out of order": 1}),
        (
            [LOG[0], frame(2, "progress", percent=9, stage="", eta_seconds=None)],
            False,
            {"changed": 1},
        ),
        ([*LOG, frame(9, "content", chunk=" More.", is_complete=False)], True, {"changed": 1}),
    ],
)
def test_what_a_reader_lost_or_had_twice_is_counted(
    frames: list[Frame], is_whole: bool, faults: dict[str, int]
) -> None:
    assert faults_of(Reading(frames=frames), LOG, is_whole=is_whole) == faults


def test_a_snapshot_that_is_not_the_text_so_far_is_found() -> None:
    assert faults_of(Reading(snapshot="On", frames=LOG[4:]), LOG, is_whole=True) == {"changed": 1}


def written_anew(first: str) -> list[Frame]:
    """A log whose first version was withdrawn; `first` is what is told of it."""
    return [
        *LOG[:3],
        frame(4, "content", chunk=first, is_complete=False),
        frame(5, "content", chunk="", is_complete=True),
        node(6, "generate_content", "completed"),
        node(7, "safety_check", "started"),
        frame(8, "safety_check", approved=False, score=0.2, issues=["fear"]),
        node(9, "safety_check", "completed"),
        node(10, "enhance_content", "started"),
        frame(11, "content_reset", attempt=2, reason="rewrite"),
        frame(12, "content", chunk="Once.", is_complete=False),
        frame(13, "error", message="It was stopped.", code="CANCELLED", retryable=True),
    ]


REJECTED = frame(10, "content_reset", attempt=0, reason="rejected")
ANEW, SEEN = written_anew(""), written_anew("Dark.")


def test_text_that_was_withdrawn_was_told_to_those_who_were_there_and_to_nobody_later() -> None:
    for early in (SEEN, SEEN[:4], ANEW):
        reading = Reading(frames=early)
        told = as_told(ANEW, [reading])
        assert not faults_of(reading, told, is_whole=early[-1].is_terminal)
    check_same(SEEN, ANEW, "a reader")
    check_same(SEEN[:5], ANEW[:5], "a reader", ANEW)


@pytest.mark.parametrize("who", [SEEN, written_anew("Grim.")])
def test_those_who_were_told_it_were_told_the_same(who: list[Frame]) -> None:
    told = as_told(ANEW, [Reading(frames=SEEN), Reading(frames=who)])
    assert faults_of(Reading(frames=who), told, is_whole=True) == (
        {} if who is SEEN else {"changed": 1, "lost": 1}
    )


@pytest.mark.parametrize(
    ("others", "snapshot", "faults"),
    [
        ([SEEN], "Dark.", {}),
        ([SEEN], "", {"changed": 1}),
        ([SEEN], "Dark. More.", {"changed": 1}),
        ([], "Anything.", {}),
        ([], "", {"changed": 1}),
    ],
)
def test_a_snapshot_of_what_was_withdrawn_is_what_others_were_told(
    others: list[list[Frame]], snapshot: str, faults: dict[str, int]
) -> None:
    reading = Reading(snapshot=snapshot, frames=ANEW[4:])
    told = as_told(ANEW, [reading, *(Reading(frames=frames) for frames in others)])
    assert faults_of(reading, told, is_whole=True) == faults


def test_only_what_was_withdrawn_may_be_told_with_an_empty_chunk() -> None:
    silent = [*ANEW[:11], frame(12, "content", chunk="", is_complete=False), ANEW[12]]
    assert faults_of(Reading(frames=silent), ANEW, is_whole=True) == {"changed": 1, "lost": 1}
    with pytest.raises(Broken, match="event 11"):
        check_same(silent, ANEW, "a reader")
    with pytest.raises(Broken, match="event 3"):
        check_same(SEEN[:5], ANEW[:5], "a reader of no reset")


def test_a_sound_log_passes() -> None:
    check_log(LOG)
    check_log(ANEW)
    check_log([*ANEW[:9], REJECTED, ANEW[-1]])
    assert text_of(LOG) == "Once. Twice."


@pytest.mark.parametrize(
    ("log", "what"),
    [
        (LOG[:-1], "terminal"),
        ([*LOG, LOG[-1]], "terminal"),
        ([*LOG[:7], frame(9, "error", message="", code="CANCELLED", retryable=True)], "message"),
        ([*LOG[:7], frame(9, "error", message="!", code="OOPS", retryable=True)], "OOPS"),
        ([*LOG[:3], *LOG[6:]], "after 'generate_content started'"),
        ([*LOG[:4], LOG[3], *LOG[4:]], "twice"),
        (LOG[:5] + LOG[6:], "is_complete"),
        (SEEN, "told again"),
        ([*ANEW[:9], ANEW[-1]], "judged unfit"),
        ([*ANEW[:9], REJECTED, *ANEW[11:]], "rejected"),
        ([*LOG[:6], frame(9, "content", chunk="x", is_complete=False), *LOG[6:]], "is_complete"),
        (
            [*LOG[:3], frame(9, "progress", percent=0, stage="", eta_seconds=None), *LOG[3:]],
            "progress",
        ),
    ],
)
def test_a_log_that_the_contract_does_not_allow_is_refused(log: list[Frame], what: str) -> None:
    with pytest.raises(Broken, match=what):
        check_log(log)


@pytest.mark.parametrize(
    "raw",
    [
        "id: 1\ndata: {}",
        "event: message\ndata: {}",
        ": comment\nid: 1",
        "event: story_chunk\ndata: {}\ndata: {}",
        'event: story_chunk\ndata: {"type": "token", "data": {}}',
    ],
)
def test_a_frame_of_another_form_is_refused(raw: str) -> None:
    with pytest.raises(Broken):
        parse_frame(raw)


def test_a_seed_always_gives_the_same_schedule() -> None:
    assert [draw(seed) for seed in range(50)] == [draw(seed) for seed in range(50)]
    assert len({repr(draw(seed)) for seed in range(50)}) > 40
