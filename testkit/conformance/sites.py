"""The sites that the suite can start for itself, by the names that its commands know."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from testkit.conformance.many import many_processes
from testkit.conformance.own import Own, own_server

# Each keeps what it has to keep in a folder.
SITES: Mapping[str, Callable[[Path], AbstractContextManager[Own]]] = {
    "one": own_server,
    "many": many_processes,
}


@contextmanager
def temporary_site(name: str) -> Iterator[Own]:
    with (
        tempfile.TemporaryDirectory(prefix="storyteller-") as folder,
        SITES[name](Path(folder)) as own,
    ):
        yield own
