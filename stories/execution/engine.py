"""The engine that writes stories, and its part in this process.

`STORYTELLER_RUNS=inprocess`: each web process has a dispatcher of its own. `workers`: processes of
`manage.py workers` have them, web processes only read; a job is enqueued with each generation. On
PostgreSQL every process also listens to what the others tell. No other module knows which it is.
Commands tell this process what they changed by `infra.notify`, and `_handle` acts on it.
"""

import asyncio
import contextlib
import contextvars
import functools
import gc
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError

from stories import eventlog, llm
from stories.controls import trials
from stories.infra import notify
from stories.infra.db import in_database
from stories.infra.notify import Notification, Topic
from stories.models import Generation
from stories.safety import gate
from stories.vocabulary.errors import ModelRefused, ModelUnavailable

if TYPE_CHECKING:  # see `load`
    from stories.execution.dispatcher import Dispatcher

INPROCESS = "inprocess"
WORKERS = "workers"

STREAMS_END_SECONDS = 2.0

# One dispatcher per process, since a server has one event loop; tests have one after the other.
_by_loop: dict[asyncio.AbstractEventLoop, tuple["Dispatcher | None", asyncio.Task[None]]] = {}


def load() -> None:
    """Import LangGraph, LangChain and the rest of the workflow before a process serves: a second's
    work. Processes that only look at the database, as most commands do, go without."""
    if settings.RUNS == INPROCESS:
        from stories.execution import dispatcher  # noqa: F401, PLC0415


def start() -> None:
    """Begin a web process's part on the running event loop, once."""
    loop = asyncio.get_running_loop()
    if loop in _by_loop and not _by_loop[loop][1].done():
        return
    _begin(_new_dispatcher(loop) if settings.RUNS == INPROCESS else None)


async def work() -> None:
    """Be a worker: write stories until cancelled, then leave; cancelled again, leave at once."""
    from stories.execution import jobs  # noqa: PLC0415 - procrastinate is needed by this engine only

    dispatcher = _new_dispatcher(asyncio.get_running_loop())
    writing = _begin(dispatcher)
    fetching = asyncio.create_task(jobs.take_jobs(dispatcher.wake))
    try:
        # A wait that is cancelled leaves what it waits for alone: the runs have their time yet.
        done, _ = await asyncio.wait({writing, fetching}, return_when=asyncio.FIRST_COMPLETED)
        for failed in done:
            failed.result()
    finally:
        fetching.cancel()  # they are for workers that still take stories
        await leave()


async def leave() -> None:
    """End a process's part in order: its readers go elsewhere between two events, at once, and its
    runs when `GRACE_SECONDS` were not enough to finish them; `hurry` cuts these short.
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(eventlog.close_all(STREAMS_END_SECONDS))
        group.create_task(shut_down(settings.GRACE_SECONDS))


def hurry() -> None:
    """Hand over at once the runs that `leave` still lets finish."""
    for dispatcher in _dispatchers():
        dispatcher.hurry()


async def shut_down(grace_seconds: float = 0.0) -> None:
    """Take no more runs on this loop, hand over those not ended in time, and stop."""
    loop = asyncio.get_running_loop()
    dispatcher, task = _by_loop.get(loop, (None, None))
    try:
        if dispatcher is not None:
            await dispatcher.retire(grace_seconds)
    finally:
        await llm.end_background()
        _by_loop.pop(loop, None)
        if task is not None and not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def enqueue(generation: Generation) -> None:
    """Have a new generation written; call it in the transaction that creates it."""
    if settings.RUNS == WORKERS:
        from stories.execution import jobs  # noqa: PLC0415 - as above

        jobs.enqueue(generation.pk)


def _new_dispatcher(loop: asyncio.AbstractEventLoop) -> "Dispatcher":
    from stories.execution.dispatcher import Dispatcher  # noqa: PLC0415 - see `load`

    return Dispatcher(loop)


def _dispatchers() -> list["Dispatcher"]:
    return [dispatcher for dispatcher, _ in list(_by_loop.values()) if dispatcher is not None]


def _begin(dispatcher: "Dispatcher | None") -> asyncio.Task[None]:
    preparing = [_load_gate()] if dispatcher is None else [_load_gate(), _warm_up_model()]
    parts = [notify.listen(functools.partial(_handle, dispatcher)), _prepare(preparing)]
    if dispatcher is not None:
        parts.append(dispatcher.run())
    if settings.RUNS == INPROCESS:
        from stories.execution import retention  # noqa: PLC0415 - see `load`

        parts.append(retention.tidy_daily())
    task = asyncio.create_task(_together(parts), context=contextvars.Context())
    _by_loop[asyncio.get_running_loop()] = (dispatcher, task)
    return task


async def _together(parts: list[Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(part)


async def _prepare(parts: list[Coroutine[Any, Any, None]]) -> None:
    await _together(parts)
    _spare_the_collector()


async def _load_gate() -> None:
    """Load the gate before its first use: no reader shall wait for seconds of imports. A gate that
    cannot load says so itself."""
    with contextlib.suppress(ImportError):
        await asyncio.to_thread(gate.load)


async def _warm_up_model() -> None:
    """Import the provider's client, start the embedded model, and try each host's model out, before
    the first story."""
    with contextlib.suppress(DatabaseError):
        await in_database(trials.recall)
    for address in (await llm.status()).hosts:
        with contextlib.suppress(ModelUnavailable, ModelRefused):
            await llm.open_models(address)


@functools.cache
def _spare_the_collector() -> None:
    """Once a process: looking through all that was imported takes half a second, for which no
    reader hears anything, and none of it is ever garbage."""
    gc.freeze()


def _handle(dispatcher: "Dispatcher | None", notification: Notification) -> None:
    """Act on what a command of this process, or another process, has committed."""
    match notification.topic:
        case Topic.LOG:
            eventlog.wake(notification.generation_ids)
        case Topic.STOP if dispatcher is not None:
            for generation_id in notification.generation_ids:
                dispatcher.stop(generation_id)
        case Topic.LEASES if dispatcher is not None:
            dispatcher.check_leases()
        case Topic.WORK if dispatcher is not None:
            dispatcher.wake()
        case Topic.ANYTHING:
            eventlog.wake_all()
            if dispatcher is not None:
                dispatcher.wake()
