"""`python -m testkit.conformance` as somebody runs it against a server of theirs."""

import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from testkit.app import ROOT
from testkit.conformance.own import Own
from testkit.conformance.requirements import all_requirements
from tests.docs.examples import example

_SECONDS = 200.0

pytestmark = [
    pytest.mark.timeout(_SECONDS + 40),
    pytest.mark.parametrize("own_of_all", ["one"], indirect=True),
]


async def test_a_server_that_keeps_the_contract_passes_and_every_requirement_is_told(
    own: Own,
) -> None:
    done = check(own.base_url, await own.guest(), "--second-token", await own.guest())
    assert done.returncode == 0, done.stdout
    told = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("R")]
    assert told == [each.id for each in all_requirements()]
    assert "needs control" in done.stdout


async def test_a_server_that_drops_cursors_fails_and_r1_says_so(own: Own) -> None:
    with forgetful(own.base_url) as url:
        done = check(url, await own.guest(), "--only", "R1")
    assert done.returncode != 0
    assert [line.split()[:2] for line in done.stdout.splitlines()[:1]] == [["R1", "FAIL"]]
    assert "because: id ''" in done.stdout


def check(base_url: str, token: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The documented command, but for whose server it is."""
    program = example("docs/stream-contract.md", "## Checking a server", "sh")
    for old, new in {
        ".venv/bin/python": sys.executable,
        "https://stories.example.org": base_url,
        "stt_…": token,
    }.items():
        assert old in program
        program = program.replace(old, new)
    return subprocess.run(
        [*shlex.split(program), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


@contextmanager
def forgetful(base_url: str) -> Iterator[str]:
    """The address of a server that hands everything on, and leaves out the cursors."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
            sent = {name: value for name, value in headers.items() if value}
            url = base_url + self.path
            with httpx.stream(self.command, url, content=body, headers=sent, timeout=60) as answer:
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.end_headers()
                for line in answer.iter_lines():
                    if not line.startswith("id: "):
                        self.wfile.write(f"{line}\n".encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
