"""Fixtures for the whole suite."""

import os
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings as django_settings
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories.execution import engine
from stories.infra import db
from testkit.hosts import ModelHost
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer
from testkit.starting import preloading
from tests import isolation, scheduling
from tests.clients import Client
from tests.factories.families import PASSWORD, make_child


def pytest_configure(config: pytest.Config) -> None:
    """Leave out the work that no test is about: of strong hashes, of a list of all static files for
    each client in this process, and of Python's own start for each other process. Most tests tell
    their story in a few sentences: also to the processes that they start, any length will do.
    Nothing is written ahead, which would take a test's answers from its host's script."""
    os.environ["STORYTELLER_MIN_LENGTH"] = "0"
    django_settings.MIN_LENGTH_PERCENT = 0
    django_settings.WRITE_AHEAD = "off"
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django_settings.SERVESTATIC_USE_FINDERS = False
    django_settings.SERVESTATIC_USE_STATIC_ROOT = False
    config.addinivalue_line("markers", "process: starts a process or a browser (computed)")
    config.addinivalue_line("markers", "commits: commits to the database (computed)")
    scheduling.register(config)
    processes = ExitStack()
    processes.enter_context(preloading())
    config.add_cleanup(processes.close)


def pytest_xdist_auto_num_workers() -> int:
    return scheduling.default_workers()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Tests are marked before anybody selects by marker."""
    scheduling.mark(items)
    yield
    scheduling.put_long_ones_first(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    isolation.put_back()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    yield
    if unused := isolation.unused_answers():
        pytest.fail(f"It left answers in the model host's script: {', '.join(unused)}.", False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections += [("the app's last runs", account) for account in isolation.accounts()]
    return report


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file of this run's own: threads share it, as they do in production."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        folder: Path = tmp_path_factory.mktemp("database")
        database["TEST"]["NAME"] = str(folder / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def database_threads(django_db_setup: None) -> Iterator[None]:
    """Close the connections of `stories.infra.db` and of the pool before the database goes away."""
    yield
    db.close_connections()
    # Async tests' own ORM calls ran in this thread.
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()
    if isinstance(pooled := connections["default"], PostgreSQL):
        pooled.close_pool()


@pytest.fixture
def alice(db: None) -> User:
    """A parent with a family of her own."""
    return User.objects.create_user("alice@example.org", PASSWORD)


@pytest.fixture
def bob(alice: User) -> User:
    """The other parent in Alice's family."""
    return User.objects.create_user("bob@example.org", PASSWORD, family=alice.family)


@pytest.fixture
def charlie(db: None) -> User:
    """A parent of another family, who must see nothing of Alice's."""
    return User.objects.create_user("charlie@example.org", PASSWORD)


@pytest.fixture
def mia(alice: User) -> Child:
    return make_child(alice.family, "Mia")


@pytest.fixture
async def storyteller(transactional_db: None, ollama: OllamaServer) -> AsyncIterator[OllamaServer]:
    """The model host, and this process's dispatcher at work on this test's event loop."""
    engine.start()
    yield ollama
    await engine.shut_down()


@pytest.fixture
def api(transactional_db: None, alice: User) -> Client:
    return Client(alice)


@pytest.fixture
def ollama(settings: Settings) -> Iterator[OllamaServer]:
    """A fresh model host that the app is pointed at.

    It closes each connection after its answer: ChatOllama has no way to close its client, and a
    connection kept alive would outlive the test's event loop.
    """
    with OllamaServer(keeps_alive=False) as server:
        settings.LLM_PROVIDER = "ollama"
        settings.OLLAMA_BASE_URL = server.url
        settings.OLLAMA_MODEL = server.model
        yield server


@pytest.fixture
def openai_host(settings: Settings) -> Iterator[OpenAIServer]:
    """The same by OpenAI's protocol."""
    with OpenAIServer(keeps_alive=False) as server:
        settings.LLM_PROVIDER = "openai"
        settings.OPENAI_BASE_URL = server.base_url
        settings.OPENAI_MODEL = server.model
        settings.OPENAI_API_KEY = ""
        yield server


@pytest.fixture(params=["ollama", "openai_host"])
def any_host(request: pytest.FixtureRequest) -> ModelHost[Any]:
    """Each of the two in turn."""
    host: ModelHost[Any] = request.getfixturevalue(request.param)
    return host
