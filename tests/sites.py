"""Two web processes of one database, with workers: the site of tests across processes."""

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from testkit.app import UNFINISHED, Family
from testkit.ollama.server import OllamaServer
from testkit.processes import Server, Worker
from tests.clients import Frame, parse_frame

LEASE_SECONDS = 6.0
_numbers = itertools.count(1)


@dataclass
class Site:
    """Two web processes of one database, a family, and workers as tests need them."""

    near: Server
    far: Server
    host: OllamaServer
    family: Family
    workers: list[Worker] = field(default_factory=list)

    @property
    def database(self) -> str:
        return self.near.settings["DATABASE_URL"]

    def staff(self, count: int) -> list[Worker]:
        """So many workers, neither more nor fewer."""
        self.workers = [worker for worker in self.workers if worker.process.poll() is None]
        while len(self.workers) > count:
            self.workers.pop().end(signal.SIGTERM)
        missing = [self.near] * (count - len(self.workers))
        with ThreadPoolExecutor() as together:
            self.workers += together.map(Worker, missing)
        return self.workers

    def reset(self) -> None:
        """Both web processes are up, and no chapter is left for whoever writes next."""
        if self.near.ask(UNFINISHED):
            self.staff(max(1, len(self.workers)))
        for web in (self.near, self.far):
            web.reset()

    def begin(self) -> str:
        """A story of its own: the same wish would join the one that is being written."""
        return self.family.start_story(f"lantern number {next(_numbers)}").generation_id

    @asynccontextmanager
    async def follow(self, generation_id: str, web: Server) -> AsyncIterator[AsyncIterator[Frame]]:
        """The events of a stream as they come."""
        headers = {"Authorization": f"Bearer {self.family.ids['token']}"}
        url = f"{web.url}/api/v1/generations/{generation_id}/events"
        async with (
            httpx.AsyncClient(timeout=60, headers=headers, verify=False) as client,
            client.stream("GET", url) as response,
        ):
            assert response.status_code == 200
            yield _events(response)

    async def read(self, generation_id: str, web: Server) -> list[Frame]:
        async with self.follow(generation_id, web) as frames:
            return [frame async for frame in frames]

    async def state(self, generation_id: str) -> Any:
        return await asyncio.to_thread(self.family.call, "GET", f"/generations/{generation_id}")


async def _events(response: httpx.Response) -> AsyncIterator[Frame]:
    buffer = ""
    async for text in response.aiter_text():
        *whole, buffer = (buffer + text).split("\n\n")
        for raw in whole:
            if (frame := parse_frame(raw)).type:
                yield frame
