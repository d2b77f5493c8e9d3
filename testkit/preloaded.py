"""A process that has imported the app's packages, and forks one that runs `manage.py` when asked.

Three of four seconds that a start of the app takes are the import of Django, LangGraph, Twisted and
scikit-learn. Nothing of this repository is imported here but this module, no settings are read and
no event loop is made: a fork imports the app itself, in the environment that it is given.
"""

import faulthandler
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Self

_PACKAGES = (
    "OpenSSL.SSL",
    "aiohttp",
    "autobahn.websocket.protocol",
    "cryptography.x509",
    "django.contrib.admin.utils",
    "django.core.handlers.asgi",
    "django.core.management",
    "django.db.backends.sqlite3.base",
    "django.forms",
    "django.test",
    "django.views.generic",
    "httpx",
    "langchain_core.tracers.event_stream",
    "langchain_ollama",
    "langchain_openai",
    "langgraph.checkpoint.postgres.aio",
    "langgraph.checkpoint.sqlite.aio",
    "langgraph.graph",
    "profanity_check.profanity_check",
    "psycopg_pool",
    "pydantic",
    "redis.asyncio",
    "requests",
    "service_identity",
    "sqlparse",
    "twisted.internet.asyncioreactor",
    "twisted.protocols.tls",
    "twisted.web.http",
    "uvloop",
    "yaml",
)
_LENGTH = struct.Struct("!I")
_DESCRIPTORS = 4


@dataclass(frozen=True)
class Order:
    """The command line after `python`, which begins with a file, where, and all variables."""

    arguments: tuple[str, ...]
    folder: str
    environment: dict[str, str]

    def send(self, orders: socket.socket, streams: tuple[int, int, int], report: int) -> None:
        """`streams` are input, output and errors. `report` is a pipe: the new process's id comes on
        one line, its exit status on another, negative where a signal ended it.
        """
        body = json.dumps(asdict(self)).encode()
        socket.send_fds(orders, [_LENGTH.pack(len(body))], [*streams, report])
        orders.sendall(body)

    @classmethod
    def receive(cls, orders: socket.socket) -> tuple[Self, list[int]] | None:
        """The next order and its descriptors; none when nobody will send another."""
        head, descriptors, _, _ = socket.recv_fds(orders, _LENGTH.size, _DESCRIPTORS)
        if not head:
            return None
        [length] = _LENGTH.unpack(head)
        body = json.loads(orders.recv(length, socket.MSG_WAITALL))
        return cls(tuple(body["arguments"]), body["folder"], body["environment"]), descriptors


def main() -> None:
    """Of this process a loop, and of each fork the program that was ordered."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for those who were forked
    orders = socket.socket(fileno=int(sys.argv[1]))
    for package in _PACKAGES:
        importlib.import_module(package)
    gc.collect()
    gc.freeze()
    if order := _forked(orders):
        signal.signal(signal.SIGINT, before)
        _become(order)
        runpy.run_path(order.arguments[0], run_name="__main__")


def _forked(orders: socket.socket) -> Order | None:
    """The order in a new process, and none in this one, once all that it forked have ended."""
    while received := Order.receive(orders):
        order, descriptors = received
        if os.fork() == 0:
            orders.close()
            _guard(descriptors[:-1], descriptors[-1])
            return order
        for descriptor in descriptors:
            os.close(descriptor)
        _reap(os.WNOHANG)
    _reap(0)
    return None


def _reap(options: int) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, options) != (0, 0):
            pass


def _guard(streams: list[int], report: int) -> None:
    """Fork once more: the parent reports the child's end, and only the child returns."""
    child = os.fork()
    if child == 0:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
    for stream in streams:
        os.close(stream)
    if child == 0:
        os.close(report)
        return
    with suppress(BrokenPipeError):
        os.write(report, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(order: Order) -> None:
    """Sets the process up as the interpreter does for a program at its start."""
    os.chdir(order.folder)
    sys.path[0] = order.folder
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv[:] = order.arguments
    is_unbuffered = "PYTHONUNBUFFERED" in order.environment
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=is_unbuffered)  # type: ignore[union-attr]
    if "PYTHONFAULTHANDLER" in order.environment:
        faulthandler.enable()


if __name__ == "__main__":
    main()
