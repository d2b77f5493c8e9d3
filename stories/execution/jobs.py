"""The worker engine's jobs, kept by procrastinate in PostgreSQL.

A job is a wake-up and not the work: it is enqueued with its generation, and the worker that takes
it lets its dispatcher look. The dispatchers' claims decide what is written, by whom and in which
order; so a job that comes twice, late, or for a story that has ended already, changes nothing.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable

import psycopg
from procrastinate import JobContext, PsycopgConnector
from procrastinate.contrib.django import app, connector_params
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import Status

from stories.execution import retention

logger = logging.getLogger(__name__)

QUEUE = "stories"
RESTART_SECONDS = 5.0
FAILED_JOBS_KEPT_HOURS = 24
_CONNECTIONS = 2


@app.task(name="stories.write", queue=QUEUE, pass_context=True)
async def write(context: JobContext, generation_id: str) -> None:  # noqa: ARG001 - staff read it
    context.additional_context["wake"]()


@app.periodic(cron="17 3 * * *")
@app.task(name="stories.tidy", queue=QUEUE, pass_context=True)
async def tidy(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's
    """Once a day, in one of the workers; jobs that died with their worker are removed, too."""
    await retention.tidy()
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs(queue=QUEUE):
        await jobs.finish_job(job, Status.FAILED, delete_job=True)
    await jobs.delete_old_jobs(nb_hours=FAILED_JOBS_KEPT_HOURS, queue=QUEUE, include_failed=True)


def enqueue(generation_id: uuid.UUID) -> None:
    """Goes through Django's connection, so it holds with the transaction that is open there."""
    write.defer(generation_id=str(generation_id))


async def take_jobs(wake: Callable[[], None]) -> None:
    """Take jobs until cancelled. While the engine's connections are away, dispatchers go on."""
    while True:
        try:
            await _take_jobs(wake)
        except (ProcrastinateException, psycopg.Error) as error:
            logger.warning("no jobs for now: %s", type(error).__name__)
        await asyncio.sleep(RESTART_SECONDS)


async def _take_jobs(wake: Callable[[], None]) -> None:
    """Returns when a part of the engine failed."""
    connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=_CONNECTIONS)
    with app.replace_connector(connector) as engine:
        async with engine.open_async():
            await engine.run_worker_async(
                queues=[QUEUE],
                install_signal_handlers=False,
                delete_jobs="successful",
                additional_context={"wake": wake},
            )
