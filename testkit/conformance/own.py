"""A server and a model host of the suite's own, with a hand on both."""

import asyncio
import itertools
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from testkit.conformance import schedules
from testkit.conformance.control import Kind
from testkit.conformance.schedules import Fault
from testkit.conformance.stage import Stage
from testkit.hosts import Call, Hold, Reply, Script
from testkit.ollama.server import OllamaServer
from testkit.processes import Server

# A name that the app takes for a model which writes every language on offer.
MODEL = "gemma3:12b"
# Of checks, which hold a run where it matters; a chapter is told within a second.
TOKENS_PER_SECOND = 480.0
_STUMBLES = (
    "A fox found a lantern. It shone on the path. "
    "The cold wind killed the little flame. "
    "Then they all went home."
)
_LEASE_SECONDS = 2.0
# Short times, so that what happens in minutes elsewhere is seen in seconds.
SETTINGS = {
    "STORYTELLER_LEASE": str(_LEASE_SECONDS),
    "STORYTELLER_SSE_KEEPALIVE": "0.5",
    "STORYTELLER_SSE_ACCESS": "0.5",
    "STORYTELLER_MAX_CONCURRENT": "8",
    "STORYTELLER_MAX_CONCURRENT_PER_FAMILY": "8",
    # The suite's two families ask for as much as many would.
    "STORYTELLER_CHAPTERS_PER_MINUTE": "0",
    "STORYTELLER_CHAPTERS_PER_HOUR": "0",
}

# Another process than the server's: its runs read of the stop when they next renew their lease.
_STOP_ALL = """
import time
from stories.generations import request_stop
from stories.models import Generation

active = Generation.objects.filter(status__in=Generation.ACTIVE)
for generation in active:
    request_stop(generation)
while active.all().exists():  # asked anew: a query remembers what it found
    time.sleep(0.05)
"""

_IN_BROWSER = """
from django.test import Client
from django.contrib.auth import get_user_model

browser = Client()
"""


@dataclass
class _Pause:
    """A call held by the host: the next one of its kind."""

    hold: Hold
    call: Call | None = None

    async def reached(self) -> None:
        await self.hold.reached.seen(seconds=None)

    async def left(self) -> None:
        if self.call is None:
            raise RuntimeError("the call was not reached yet")
        await self.call.disconnected.seen(seconds=None)

    def release(self) -> None:
        self.hold.release()

    def answer(self, call: Call) -> Reply:
        self.call = call
        return Reply(hold=self.hold)


@dataclass
class Host:
    """The scripted model host, seen from its own side; `held` is the call that it kept last."""

    server: OllamaServer
    held: Call | None = None

    @property
    def calls(self) -> int:
        return len(self.server.calls)

    @property
    def active(self) -> int:
        return self.server.active

    async def called(self, count: int) -> None:
        await self.server.called(count).seen(seconds=None)

    def pause(self, kind: Kind, *, after: int = 0, passing: int = 0) -> _Pause:
        pause = _Pause(Hold(after=after))

        def answer(call: Call) -> Reply:
            self.held = call
            return pause.answer(call)

        script: Script = [*[None] * passing, answer]
        self.server.script(**{kind: script})
        return pause

    def stumble(self) -> None:
        self.server.script(prose=[_STUMBLES])

    def reject(self) -> None:
        self.server.script(judge=[{"problem": "sadness", "weight": 3}])

    def fail(self, *, after: int) -> None:
        first = itertools.chain([Reply(cut_after=after)], itertools.repeat(Reply(status=500)))
        self.server.script(prose=lambda _: next(first))

    def recover(self) -> None:
        self.server.script(prose=[], judge=[], structured=[])
        self.server.tokens_per_second = TOKENS_PER_SECOND


@dataclass
class Own:
    """The `Control` of a server that the suite has started itself; `server` is asked for all that
    is no process's own. `faults` may befall it in a chaos run, each as often as its weight says.
    """

    faults: ClassVar[Mapping[Fault | None, int]] = schedules.OF_ONE
    server: Server
    host: Host
    lease_seconds: float = _LEASE_SECONDS
    _guests: dict[str, str] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return self.server.url

    @property
    def trusted(self) -> ssl.SSLContext | None:
        """The certificate for clients to trust, where there is one."""
        return None

    def stage(self) -> Stage:
        """This server, with users of two families."""
        alice, charlie = (self.server.token(f"{name}@example.org") for name in ("alice", "charlie"))
        return Stage(self.base_url, alice, charlie, self, trusted=self.trusted)

    def reset(self) -> None:
        """All is up, nothing is scripted or held, and no run is left under way."""
        self.host.server.reset()
        self._start()
        self.server.reset()

    async def start(self) -> None:
        """Start the site; nothing happens where it runs."""
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        if self.server.process is None:
            self.server.start()

    async def stop(self) -> None:
        await asyncio.to_thread(self.server.stop)

    async def kill(self) -> None:
        await asyncio.to_thread(self.server.kill)

    async def befall(self, fault: Fault, _seed: int) -> None:
        """Returns once all is up again; where there are several processes, the seed says which."""
        await (self.kill() if fault is Fault.KILL else self.stop())
        await self.start()

    async def prune(self, run_id: str) -> None:
        old = "finished_at=datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)"
        run = f"Generation.objects.filter(pk={run_id!r})"
        script = f"import datetime; from stories.models import Generation; {run}.update({old})"
        await asyncio.to_thread(self.server.manage, "shell", "--no-imports", "--command", script)
        await asyncio.to_thread(self.server.manage, "prune")

    async def guest(self) -> str:
        email = f"guest-{len(self._guests)}@example.org"
        token = await asyncio.to_thread(self.server.token, email)
        self._guests[token] = email
        return token

    async def lock_out(self, token: str) -> None:
        found = f"User.objects.filter(email={self._guests[token]!r})"
        await self._shell(f"from children.models import User; {found}.update(is_active=False)")

    async def revoke(self, token: str) -> None:
        revoked = f"tokens.revoke(tokens.find({token!r}))"
        await self._shell(f"from children import tokens; {revoked}")

    async def log_in(self, token: str) -> str:
        found = f"get_user_model().objects.get(email={self._guests[token]!r})"
        show = "print(browser.cookies.output(attrs=[], header=''))"
        said = await self._shell(f"{_IN_BROWSER}browser.force_login({found})\n{show}")
        return said.strip()

    async def log_out(self, cookie: str) -> None:
        await self._shell(f"{_IN_BROWSER}browser.cookies.load({cookie!r})\nbrowser.logout()")

    async def settle(self) -> None:
        await self._shell(_STOP_ALL)

    async def _shell(self, script: str) -> str:
        """The output of a shell command."""
        command = ("shell", "--no-imports", "--command", script)
        return await asyncio.to_thread(self.server.manage, *command)


@contextmanager
def own_server(folder: Path) -> Iterator[Own]:
    """The app served as `make serve` does it, with a data directory in `folder`."""
    with OllamaServer(model=MODEL, tokens_per_second=TOKENS_PER_SECOND) as host:
        server = Server(folder, host.url, host.model, settings=SETTINGS)
        server.start()
        try:
            yield Own(server, Host(host))
        finally:
            server.kill()
