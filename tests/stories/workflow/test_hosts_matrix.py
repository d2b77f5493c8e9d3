"""Whatever habit a host has, the promises to families hold: the matrix of `make hosts`, of which
answers of all kinds and judgements are played here."""

from dataclasses import replace

import pytest

from benchmarks.hosts import ALWAYS, CHAPTER, Case, Result, Shown, broken_promises, cases, play
from testkit.hosts import Quirk
from testkit.hosts.quirks import HostName

GOOD = Result(Case(Quirk.CRLF, "openai"), CHAPTER, 3, 170, "", (), is_withdrawn=False)


@pytest.mark.parametrize("host", ["ollama", "openai"])
@pytest.mark.parametrize("shown", [ALWAYS, "judge"])
async def test_no_habit_of_a_host_breaks_a_promise(host: HostName, shown: Shown) -> None:
    good = await play(Case(None, host))
    assert (good.code, good.calls) == (CHAPTER, 3)
    played = [await play(case) for case in cases([shown]) if case.host == host]
    assert [promise for one in played for promise in broken_promises(one, good)] == []


@pytest.mark.parametrize(
    ("result", "promise"),
    [
        (replace(GOOD, code="WORKFLOW_ERROR"), "WORKFLOW_ERROR"),
        (replace(GOOD, words=100), "59 % of its words"),
        (replace(GOOD, is_withdrawn=True), "withdrawn without a judgement"),
        (replace(GOOD, calls=7), "7 calls"),
    ],
)
def test_a_broken_promise_is_named(result: Result, promise: str) -> None:
    (broken,) = broken_promises(result, GOOD)
    assert broken.startswith("crlf of openai in every answer: ")
    assert promise in broken
    assert broken_promises(GOOD, GOOD) == []
