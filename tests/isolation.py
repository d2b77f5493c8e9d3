"""Tests in any order: what they share is put back before each, and nobody leaves a script behind.

A fixture that lives longer than one test hands what it shares to `shared`; a model host of one test
alone is only asked, at that test's end, whether it was told to say what nobody came to hear.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from testkit.app import App
from testkit.hosts import ModelHost


class Shared(Protocol):
    def reset(self) -> None:
        """Be as the first test found it."""


T = TypeVar("T", bound=Shared)

_shared: list[Shared] = []


@contextmanager
def shared(thing: T) -> Iterator[T]:
    _shared.append(thing)
    try:
        yield thing
    finally:
        _shared.remove(thing)


def put_back() -> None:
    """Before a test and the module's fixtures that it is the first to need.

    A host comes before the apps that use it, lets go what it holds, and then has its turn again:
    their last stories may have asked it meanwhile.
    """
    for thing in (*_shared, *reversed(_shared)):
        thing.reset()


def unused_answers() -> list[str]:
    return [
        f"{count} for {kind}" for host in ModelHost.running for kind, count in host.unused.items()
    ]


def accounts() -> list[str]:
    """The last runs of each app that is up: the reason, perhaps, why a page waits in vain."""
    return [f"{app.url}\n{app.account}" for app in App.running]
