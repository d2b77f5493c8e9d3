"""One site of each kind; a test may leave it down or busy, and the next finds it up."""

from collections.abc import Iterator

import pytest

from testkit.conformance.own import Own
from testkit.conformance.sites import SITES
from tests.isolation import shared


@pytest.fixture(scope="session", params=SITES)
def own_of_all(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Own]:
    with SITES[request.param](tmp_path_factory.mktemp("conformance")) as started, shared(started):
        yield started


@pytest.fixture
def own(own_of_all: Own) -> Own:
    return own_of_all
