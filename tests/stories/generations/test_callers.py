"""Callers: made in one way, of what the storyteller can do and what staff have turned off."""

from dataclasses import replace
from typing import Any

import pytest

from children.models import User
from stories.generations import Caller, caller_for
from stories.llm import Status
from stories.models import Generation, Switch

READY = Status(
    available=True,
    name="teller",
    provider="ollama",
    is_demo=False,
    languages=("en",),
    concurrency=3,
)


def enqueue(_generation: Generation) -> None:
    """The engine's."""


@pytest.mark.parametrize(
    ("status", "has_model"),
    [
        (READY, True),
        (replace(READY, available=False), True),
        (replace(READY, available=False, provider="embedded"), False),
    ],
    ids=["ready", "an Ollama that is away", "none"],
)
def test_a_caller_is_told_what_the_storyteller_can_do(
    alice: User, status: Status, has_model: bool
) -> None:
    caller = caller_for(alice, status, enqueue, key="once")
    assert caller == Caller(
        user=alice, key="once", has_model=has_model, capacity=3, enqueue=enqueue
    )


@pytest.mark.parametrize("switch", ["writing", "model:teller"])
def test_a_caller_has_no_storyteller_that_staff_turned_off(alice: User, switch: str) -> None:
    Switch.objects.create(name=switch)
    assert not caller_for(alice, READY, enqueue).has_model


@pytest.mark.parametrize("left_out", ["has_model", "capacity", "enqueue"])
def test_a_caller_has_no_default_that_silently_does_nothing(alice: User, left_out: str) -> None:
    fields: dict[str, Any] = vars(caller_for(alice, READY, enqueue))
    with pytest.raises(TypeError, match=left_out):
        Caller(**{name: value for name, value in fields.items() if name != left_out})
