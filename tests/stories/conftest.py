"""A PostgreSQL server, and a site of many processes on it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from testkit import postgres
from testkit.app import Family
from testkit.hosts import MULTILINGUAL_MODEL
from testkit.ollama.server import OllamaServer
from testkit.processes import Server
from tests.isolation import shared
from tests.sites import LEASE_SECONDS, Site


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="module")
def site(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with OllamaServer(model=MULTILINGUAL_MODEL) as host, postgres.database(postgres_url) as url:
        settings = {
            "DATABASE_URL": url,
            "STORYTELLER_RUNS": "workers",
            "STORYTELLER_LEASE": str(LEASE_SECONDS),
            "STORYTELLER_GRACE_SECONDS": "0",
        }
        data = tmp_path_factory.mktemp("site")
        near, far = (Server(data, host.url, host.model, settings=settings) for _ in range(2))
        with ThreadPoolExecutor() as both:  # and both bring the database up to date
            list(both.map(Server.start, (near, far)))
        site = Site(near, far, host, Family(near))
        with shared(host), shared(site):
            yield site
        site.staff(0)
        near.stop()
        far.stop()
