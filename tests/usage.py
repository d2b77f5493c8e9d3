"""Resources of a test, read from its code and its fixtures': processes, a browser, shared fixtures.

From that follow three things nobody has to keep by hand: the marker `process`, of every test that
starts one, the marker `commits`, of those that commit to the database, as all do in which the
engine writes stories (`make test-quick` leaves out both), and which tests run in the same worker,
because they share a server, a site or a browser that is worth sharing.
"""

import asyncio
import functools
import subprocess
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.fixtures import FixtureDef
from playwright import sync_api

from stories.embedded import server as embedded_server
from stories.narration.pool import Pool as NarrationPool
from stories.pages import epub, typeset

# A test that reaches one of these starts a process, or talks to one that is there for it alone.
_STARTERS: tuple[object, ...] = (
    subprocess.Popen,
    subprocess.run,
    asyncio.create_subprocess_exec,
    sync_api.sync_playwright,
    embedded_server,
    epub,
    typeset,
    NarrationPool,
)
_SHARED_SCOPES = {"module", "session"}


def starts_processes(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    return _reaches_process(item.function) or any(
        _reaches_process(fixture.func) for fixture in _fixtures_of(item)
    )


def commits(item: pytest.Item) -> bool:
    """True where the database is emptied after the test, which all the app's threads see."""
    assert isinstance(item, pytest.Function)
    database = item.get_closest_marker("django_db")
    is_asked_for = database is not None and bool(database.kwargs.get("transaction", False))
    return is_asked_for or "transactional_db" in item.fixturenames


def shared_by(item: pytest.Item) -> str:
    """The name of what this test shares with others, of its module or of the whole run; or none."""
    assert isinstance(item, pytest.Function)
    shared = [
        fixture
        for fixture in _fixtures_of(item)
        if fixture.scope in _SHARED_SCOPES and _reaches_process(fixture.func)
    ]
    if not shared:
        return ""
    callspec = getattr(item, "callspec", None)
    for fixture in shared:
        if callspec and fixture.scope == "session" and fixture.argname in callspec.params:
            return f"{fixture.argname}-{callspec.params[fixture.argname]}"
    name: str = item.module.__name__
    return name.removeprefix("tests.")


def _fixtures_of(item: pytest.Function) -> Iterator[FixtureDef[Any]]:
    """Fixtures that are named, and those that a fixture's code asks for by name."""
    manager = item.session._fixturemanager  # noqa: SLF001
    for found in item._fixtureinfo.name2fixturedefs.values():  # noqa: SLF001
        yield found[-1]
        for name in _asked_for(found[-1].func):
            yield from (manager.getfixturedefs(name, item) or [])[-1:]


def _asked_for(function: Callable[..., Any]) -> list[str]:
    code = getattr(function, "__code__", None)
    if code is None or "getfixturevalue" not in code.co_names:
        return []
    return [each for each in code.co_consts if isinstance(each, str) and each.isidentifier()]


@functools.cache
def _reaches_process(function: object) -> bool:
    return _search(function, set())


def _search(thing: object, seen: set[int]) -> bool:
    """True when something that starts a process is named in this code, or in what is named
    there."""
    if any(thing is starter for starter in _STARTERS):
        return True
    if id(thing) in seen or not _is_ours(thing):
        return False
    seen.add(id(thing))
    return any(_search(named, seen) for named in _named_in(thing))


def _is_ours(thing: object) -> bool:
    return str(getattr(thing, "__module__", None) or "").startswith(("tests", "testkit"))


def _named_in(thing: Any) -> Iterator[object]:
    if isinstance(thing, type):
        yield from thing.__mro__[1:]
        yield from (_plain(each) for each in vars(thing).values())
        return
    function = _plain(thing)
    if not isinstance(function, FunctionType):
        return
    names = list(_names_of(function.__code__))
    for name in names:
        found = function.__globals__.get(name)
        yield found
        if isinstance(found, ModuleType):
            yield from (vars(found).get(each) for each in names)
        elif isinstance(found, Mapping):
            yield from found.values()
    for cell in function.__closure__ or ():
        yield cell.cell_contents


def _plain(thing: Any) -> Any:
    """The function beneath decorators, properties and class methods."""
    for wrapping in ("__func__", "fget", "func", "__wrapped__"):
        while getattr(thing, wrapping, None) is not None and not isinstance(thing, type):
            thing = getattr(thing, wrapping)
    return thing


def _names_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_of(constant)
