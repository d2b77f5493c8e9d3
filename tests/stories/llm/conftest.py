"""Each test meets models that nobody has tried out."""

import pytest

from stories import llm


@pytest.fixture(autouse=True)
def untried() -> None:
    llm.forget_trials()
