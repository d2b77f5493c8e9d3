"""One server for the suite; a test may leave it down or busy, and the next finds it up."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.conformance.own import Own, own_server


@pytest.fixture(scope="session")
def own_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    with own_server(tmp_path_factory.mktemp("conformance")) as started:
        yield started


@pytest.fixture
def own(own_of_all: Own) -> Own:
    if own_of_all.server.process is None:
        asyncio.run(own_of_all.start())
    own_of_all.host.recover()
    return own_of_all
