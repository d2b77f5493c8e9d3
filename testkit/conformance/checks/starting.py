"""R13: asking twice is asking once."""

import asyncio
import uuid

from testkit.conformance.requirements import requirement
from testkit.conformance.stage import THEME, Stage
from testkit.conformance.wire import must

_TWINS = 6


@requirement("R13", "a repeated POST with its key gives the same run")
async def a_key_stands_for_one_run(stage: Stage) -> None:
    key = uuid.uuid4().hex
    body = {"child_id": await stage.child(), "theme": THEME}

    async def ask(key: str) -> tuple[int, str, str]:
        answer = await stage.api.send("POST", "/generations", body, Idempotency_Key=key)
        must(answer.status_code in (200, 201), f"{answer.status_code} {answer.text[:200]}")
        started = answer.json()
        return answer.status_code, started["id"], started["events_url"]

    answers = await asyncio.gather(*(ask(key) for _ in range(_TWINS)))
    must(len({id_ for _, id_, _ in answers}) == 1, "one key gave several runs")
    statuses = sorted(status for status, _, _ in answers)
    must(statuses == [*[200] * (_TWINS - 1), 201], f"one key was answered with {statuses}")
    _, first_id, events_path = answers[0]
    async with stage.api.open(events_path) as connection:
        await connection.rest()
    status, id_, _ = await ask(key)
    must((status, id_) == (200, first_id), "a key gave another run after the first had ended")
    status, id_, events_path = await ask(uuid.uuid4().hex)
    must(status == 201 and id_ != first_id, "another key gave the run of the first one")
    async with stage.api.open(events_path) as connection:
        await connection.rest()
    await _check_other_family(stage, key, first_id)


async def _check_other_family(stage: Stage, key: str, taken_id: str) -> None:
    if stranger := await stage.stranger("the same key of another family"):
        run = await stage.start(stranger, Idempotency_Key=key)
        must(run.id != taken_id, "a key of one family gave its run to another one")
        await run.after()
