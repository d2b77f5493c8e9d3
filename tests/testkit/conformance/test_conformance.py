"""R1 to R20 against sites of the suite's own: one process, and many."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from testkit.conformance.own import Own
from testkit.conformance.requirements import Requirement, Status, all_requirements, checked
from testkit.conformance.stage import Stage

_TIMEOUT_SECONDS = 220.0


def _cases() -> list[Any]:
    return [pytest.param(each, id=each.id) for each in all_requirements()]


@pytest.fixture(scope="session")
def users(own_of_all: Own) -> Stage:
    return own_of_all.stage()


@pytest.fixture
async def stage(users: Stage, own: Own) -> AsyncIterator[Stage]:
    tokens = users.token, users.second_token
    async with Stage(own.base_url, *tokens, control=own, trusted=own.trusted) as stage:
        yield stage


@pytest.mark.timeout(240)
@pytest.mark.parametrize("requirement", _cases())
async def test_the_stream_contract_holds(requirement: Requirement, stage: Stage, own: Own) -> None:
    outcome = await checked(requirement, stage, _TIMEOUT_SECONDS)
    own.host.recover()  # a check may stop a run before the host has said all its script
    assert outcome.status == Status.PASS, outcome.reason
    assert outcome.unchecked == ()
