"""Ports for servers that tests start: below the range from which the system chooses.

A port is named before its server binds it, and kept while that server is down; meanwhile the system
would give one from its own range to any connection that leaves this machine.
"""

import itertools
import os
import socket
from collections.abc import Iterator

_FIRST, _COUNT = 11_000, 21_000
# Processes begin at different ports.
_numbers = itertools.count(os.getpid() * 37)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, and that this process gives out once."""
    return next(port for port in _ports() if _is_free(port))


def _ports() -> Iterator[int]:
    return (_FIRST + number % _COUNT for number in itertools.islice(_numbers, _COUNT))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
