"""A site of the suite's own: nginx before two web processes, two that write, and PostgreSQL.

nginx spreads what it is asked over both, so that whoever comes back to a stream is served by
another process than before.
"""

import asyncio
import signal
import ssl
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from testkit import postgres
from testkit.conformance import schedules
from testkit.conformance.own import MODEL, SETTINGS, TOKENS_PER_SECOND, Host, Own
from testkit.conformance.schedules import Fault
from testkit.ollama.server import OllamaServer
from testkit.processes import Server, Worker
from testkit.proxy import Proxy

# By which name each worker calls the model host, which so knows who calls.
_NAMES = ("127.0.0.1", "localhost")
_SETTINGS = {
    **SETTINGS,
    "STORYTELLER_RUNS": "workers",
    "STORYTELLER_GRACE_SECONDS": "1",
    "STORYTELLER_HTTPS": "1",
    "STORYTELLER_HOSTS": "localhost",
}


@dataclass(kw_only=True)
class Many(Own):
    """The `Control` of such a site; `server` is the first of its web processes."""

    faults: ClassVar[Mapping[Fault | None, int]] = schedules.OF_MANY
    far: Server
    proxy: Proxy
    workers: dict[str, Worker] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return self.proxy.url

    @property
    def trusted(self) -> ssl.SSLContext:
        return self.proxy.trusted()

    @property
    def webs(self) -> tuple[Server, Server]:
        return self.server, self.far

    async def stop(self) -> None:
        """SIGTERM to all processes at the same time, and they have ended."""
        await asyncio.to_thread(self._stop)

    async def kill(self) -> None:
        """SIGKILL to the worker whose call the model host keeps waiting; the other one lives."""
        if self.host.held is None:
            raise RuntimeError("no call is waiting, so nobody knows who writes")
        await self._end_worker(self.host.held.host, signal.SIGKILL)

    async def befall(self, fault: Fault, seed: int) -> None:
        web, name = self.webs[seed % 2], _NAMES[seed % 2]
        match fault:
            case Fault.KILL_WORKER:
                await self._end_worker(name, signal.SIGKILL)
            case Fault.RESTART_WORKER:
                await self._end_worker(name, signal.SIGTERM)
            case Fault.KILL_WEB:
                await asyncio.to_thread(web.kill)
            case Fault.RESTART_WEB:
                await asyncio.to_thread(web.stop)
            case Fault.CUT:
                await asyncio.to_thread(postgres.cut_connections, self._database)
        await self.start()

    @property
    def _database(self) -> str:
        return self.server.settings["DATABASE_URL"]

    async def _end_worker(self, name: str, number: signal.Signals) -> None:
        await asyncio.to_thread(self.workers.pop(name).end, number)

    def _start(self) -> None:
        """Whatever is not there, at the same time."""
        with ThreadPoolExecutor() as together:
            begun = [together.submit(web.start) for web in self.webs if web.process is None]
            missing = [name for name in _NAMES if name not in self.workers]
            begun += [together.submit(self._hire, name) for name in missing]
        for one in begun:
            one.result()

    def _hire(self, name: str) -> None:
        called = self.server.model_url.replace("127.0.0.1", name)
        self.workers[name] = Worker(replace(self.server, model_url=called))

    def _stop(self) -> None:
        with ThreadPoolExecutor() as together:
            ended: list[Future[int] | Future[None]]
            ended = [together.submit(one.end, signal.SIGTERM) for one in self.workers.values()]
            ended += [together.submit(web.stop) for web in self.webs]
        self.workers.clear()
        for one in ended:
            one.result()

    def close(self) -> None:
        for worker in self.workers.values():
            worker.end(signal.SIGKILL)
        for web in self.webs:
            web.kill()


@contextmanager
def many_processes(folder: Path) -> Iterator[Many]:
    data, conf = folder / "data", folder / "nginx"
    data.mkdir()
    conf.mkdir()
    with ExitStack() as stack:
        host = stack.enter_context(OllamaServer(model=MODEL, tokens_per_second=TOKENS_PER_SECOND))
        database = postgres.database(stack.enter_context(postgres.server()))
        settings = {**_SETTINGS, "DATABASE_URL": stack.enter_context(database)}
        near, far = (Server(data, host.url, host.model, settings=settings) for _ in range(2))
        proxy = Proxy(conf, [near.port, far.port])
        site = Many(server=near, host=Host(host), far=far, proxy=proxy)
        stack.callback(site.close)
        near.start()  # it migrates for all
        asyncio.run(site.start())
        proxy.start()
        stack.callback(proxy.stop)
        yield site
