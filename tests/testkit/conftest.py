"""Stand-ins for model hosts that nothing but these tests talks to."""

from collections.abc import Iterator
from typing import Any

import pytest

from testkit.hosts import ModelHost
from tests.testkit.wire import HOSTS


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[ModelHost[Any]]:
    with HOSTS[request.param]() as server:
        yield server
