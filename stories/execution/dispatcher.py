"""One process's runs: claims waiting runs from the database while a model host has room.

The database is the queue, and counts the slots that all processes share. The dispatcher claims in
fair order what a request made, and finds by itself what an earlier process left behind. Runs live
here, not in requests. A process that is about to end claims no more, gives its runs some time to
finish, and hands over what is left.
"""

import asyncio
import contextvars
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings

from stories import llm
from stories.execution import checkpoints, runner
from stories.execution.run import RunControl
from stories.generations import ahead_slots, leases, queue
from stories.generations.claims import Claim
from stories.infra.db import DATABASE_AWAY, in_database
from stories.infra.waiting import set_within
from stories.workflow.checkpoints import Checkpoints

logger = logging.getLogger(__name__)

# Wakes come at once; this finds what no wake told of, and leases that ran out.
POLL_SECONDS = 1.0
AHEAD_PAUSE_SECONDS = 60.0


@dataclass
class _Running:
    claim: Claim
    control: RunControl
    task: asyncio.Task[None]


@dataclass
class Dispatcher:
    """One process's runs. Lives on one event loop; `wake` and `stop` may come from any thread.

    `_running` is by lease: a run that was lost may be claimed here again before its task has ended.
    `_leaves_others` says that the last claim left runs that wait for a slot.
    """

    loop: asyncio.AbstractEventLoop
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[uuid.UUID, _Running] = field(default_factory=dict)
    _renewing: asyncio.Task[None] | None = None
    _claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    _leaves_others: bool = True
    _is_retiring: bool = False
    _ahead_from: float = 0.0
    _leases_changed: asyncio.Event = field(default_factory=asyncio.Event)
    _is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Claim and start runs until cancelled; then give up those under way."""
        async with checkpoints.opened() as store:
            try:
                while True:
                    self._woken.clear()
                    try:
                        async with self._claiming:
                            await self._claim_all(store)
                    except DATABASE_AWAY:
                        logger.exception("could not look for work; trying again")
                    await set_within(self._woken, POLL_SECONDS)
            finally:
                await self._give_up()

    async def retire(self, seconds: float) -> None:
        """Claim no more, and let runs under way end, for at most `seconds`; see `hurry`."""
        self._is_retiring = True
        async with self._claiming:  # what is being claimed at this moment is a run, too
            pass
        for ahead in self._hidden():
            ahead.task.cancel()
        if not self._running:
            return
        logger.info("chapters being written: %d; %g s to finish", len(self._running), seconds)
        await set_within(self._is_over, seconds)
        if self._running:
            logger.info("chapters to be gone on with elsewhere or later: %d", len(self._running))

    def hurry(self) -> None:
        """Let no more time pass in `retire`."""
        self._is_over.set()

    def wake(self) -> None:
        self.loop.call_soon_threadsafe(self._woken.set)

    def check_leases(self) -> None:
        """Find out which leases this process has lost, now."""
        self.loop.call_soon_threadsafe(self._leases_changed.set)

    def stop(self, generation_id: uuid.UUID) -> None:
        """End this process's run of a generation now, if there is one."""
        self.loop.call_soon_threadsafe(self._stop, generation_id)

    def _stop(self, generation_id: uuid.UUID) -> None:
        for running in self._of(generation_id):
            running.control.stop()
        self._woken.set()

    def _of(self, generation_id: uuid.UUID) -> list[_Running]:
        return [one for one in self._running.values() if one.claim.id == generation_id]

    def _hidden(self) -> list[_Running]:
        """Runs that nobody waited for when they were claimed."""
        return [one for one in self._running.values() if one.claim.generation.is_hidden]

    @property
    def _is_anybody_waiting(self) -> bool:
        return len(self._hidden()) < len(self._running)

    def _claims(self) -> list[Claim]:
        return [one.claim for one in self._running.values()]

    async def _claim_all(self, store: Checkpoints) -> None:
        storyteller = await llm.status()
        slots, hosts = storyteller.host_concurrency, storyteller.hosts
        await in_database(ahead_slots.give_way)
        while not self._is_retiring:
            result = await in_database(leases.claim_next, slots, self._claims(), hosts)
            self._leaves_others = result.leaves_others
            if result.claim is not None:
                self._start(result.claim, store)
            if not result.leaves_others:
                break
            if result.claim is None:
                await in_database(queue.publish_positions, storyteller.concurrency)
                return
        if storyteller.may_write_ahead:
            await self._claim_ahead(slots, hosts, store)

    async def _claim_ahead(self, slots: int, hosts: Sequence[str], store: Checkpoints) -> None:
        """Have chapters written ahead, until something else wants to be looked at."""
        while not (self._is_retiring or self._woken.is_set()):
            claim = await self._next_ahead(slots, hosts)
            if claim is None:
                return
            self._start(claim, store)

    async def _next_ahead(self, slots: int, hosts: Sequence[str]) -> Claim | None:
        """A fault of ours in what nobody waits for must not keep those who wait from their turn."""
        if self.loop.time() < self._ahead_from:
            return None
        try:
            return await in_database(ahead_slots.claim_next, slots, hosts)
        except DATABASE_AWAY:
            raise
        except Exception:
            logger.exception("nothing is written ahead for %g s", AHEAD_PAUSE_SECONDS)
            self._ahead_from = self.loop.time() + AHEAD_PAUSE_SECONDS
            return None

    def _start(self, claim: Claim, store: Checkpoints) -> None:
        for lost in self._of(claim.id):
            lost.control.lose()
        control = RunControl()
        # A fresh context: a run outlives whatever woke the dispatcher.
        writing = runner.execute(claim, control, store)
        task = asyncio.create_task(writing, context=contextvars.Context())
        self._running[claim.lease_id] = _Running(claim, control, task)
        task.add_done_callback(lambda _: self._ended(claim.lease_id))
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew(), context=contextvars.Context())

    async def _renew(self) -> None:
        """Hold the leases of all runs at once, for as long as there are any."""
        while self._running:
            await set_within(self._leases_changed, settings.LEASE_SECONDS / 5)
            self._leases_changed.clear()
            running = list(self._running.values())
            try:
                held = await in_database(leases.renew, [one.claim for one in running])
            except DATABASE_AWAY:
                logger.exception("could not renew %d leases; trying again", len(running))
                continue
            for one in running:
                if one.claim.id not in held:
                    one.control.lose()
                elif held[one.claim.id]:
                    one.control.stop()

    def _ended(self, lease_id: uuid.UUID) -> None:
        self._running.pop(lease_id, None)
        # A slot is free: for who waits, or, where nobody does, to write ahead.
        if self._leaves_others or not self._is_anybody_waiting:
            self._woken.set()
        if self._is_retiring and not self._running:
            self._is_over.set()

    async def _give_up(self) -> None:
        tasks = [running.task for running in self._running.values()]
        if self._renewing is not None:
            tasks.append(self._renewing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
