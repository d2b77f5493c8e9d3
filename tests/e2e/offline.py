"""Runs a management command whose process may reach the model host and nobody else.

    python -m tests.e2e.offline serve

Python's own audit events tell of every connection, look-up and program before it happens, whichever
library wants it. What is refused is written to `refused.log` in the data directory.
"""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management import execute_from_command_line

_REACHING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_STARTING = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"}
_LOOKING_UP = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_HERE = {"127.0.0.1", "::1", "localhost", b"127.0.0.1", b"localhost", None, ""}


def main() -> None:
    host = urlsplit(os.environ["OLLAMA_BASE_URL"])
    record = Path(os.environ["STORYTELLER_DATA"]) / "refused.log"

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if _is_allowed(event, arguments, (host.hostname, host.port)):
            return
        with record.open("a") as lines:
            lines.write(f"{event} {arguments}\n")
        raise PermissionError(event)

    sys.addaudithook(watch)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storyteller.settings")
    execute_from_command_line(["manage.py", *sys.argv[1:]])


def _is_allowed(event: str, arguments: tuple[Any, ...], host: tuple[str | None, Any]) -> bool:
    if event in _REACHING:
        address = arguments[1]
        return isinstance(address, tuple) and address[:2] == host
    if event in _LOOKING_UP:
        return arguments[0] in _HERE
    return event not in _STARTING


if __name__ == "__main__":
    main()
