"""A chapter that the model cannot judge has not passed, and is not called unfit for it."""

from typing import Any

import pytest

from stories.vocabulary.errors import CheckFailed, told_to_staff
from testkit.hosts import ModelHost, Quirk
from tests.stories.workflow.studio import GENTLE, READ_ALL_THE_SAME, Reading, a_brief, resources_for

NO_JUDGEMENT = [
    Quirk.EMPTY_ANSWER,
    Quirk.REFUSAL,
    Quirk.SCHEMA_IGNORED,
    Quirk.STOPS_AT_LENGTH,
    Quirk.THINKING_EATS_BUDGET,
    Quirk.MISSING_FIELD,
]


@pytest.mark.parametrize("quirk", [*READ_ALL_THE_SAME, Quirk.TOO_LONG_FIELD])
async def test_a_judgement_is_read_through_a_hosts_habits(
    any_host: ModelHost[Any], quirk: Quirk
) -> None:
    any_host.script(prose=GENTLE)
    any_host.quirks.add(quirk, kinds={"judge"})
    brief = a_brief()
    assert (await Reading().of(brief, resources_for(any_host, brief))).draft.text == GENTLE
    assert len(any_host.calls_for("judge")) == 1


@pytest.mark.parametrize("quirk", NO_JUDGEMENT)
async def test_without_a_judgement_the_run_ends_and_nothing_is_held_against_the_chapter(
    any_host: ModelHost[Any], quirk: Quirk
) -> None:
    any_host.script(prose=GENTLE)
    any_host.quirks.add(quirk, kinds={"judge"})
    reading = await _unjudged(any_host)
    assert reading.order[-3:] == ["safety_check started", "safety_check failed", "workflow failed"]
    assert reading.held == []
    assert len(any_host.calls_for("judge")) == 2
    assert len(any_host.calls_for("prose")) == 1


async def test_an_answer_that_was_cut_once_is_asked_for_again(any_host: ModelHost[Any]) -> None:
    any_host.script(prose=GENTLE)
    any_host.quirks.add(Quirk.STOPS_AT_LENGTH, kinds={"judge"}, times=1)
    brief = a_brief()
    assert (await Reading().of(brief, resources_for(any_host, brief))).draft.text == GENTLE


async def test_a_verdict_that_was_only_thought_of_is_none(any_host: ModelHost[Any]) -> None:
    thought = 'Perhaps {"reason": "Fine.", "problem": "none", "weight": 0}, but let me see.'
    any_host.script(prose=GENTLE, judge=thought)
    any_host.quirks.add(Quirk.ANSWER_IN_REASONING, kinds={"judge"})
    await _unjudged(any_host)


async def _unjudged(host: ModelHost[Any]) -> Reading:
    brief, reading = a_brief(), Reading()
    with pytest.raises(CheckFailed) as caught:
        await reading.of(brief, resources_for(host, brief))
    assert told_to_staff(caught.value) == "the model gave no judgement in 2 answers"
    return reading
