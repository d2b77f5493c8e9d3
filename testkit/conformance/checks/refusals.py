"""R19 and R20: refusals before a stream begins, and the reach of a ticket."""

import uuid

from testkit.conformance.log import check_same
from testkit.conformance.requirements import requirement
from testkit.conformance.stage import THEME, Run, Stage
from testkit.conformance.wire import Api, Frame, must

_STREAM = "/stories/generate/stream"
# Each parameter with a value that no server can take.
_BAD = {"chapter_number": "-5", "theme": "", "child_id": "nobody", "title": "x" * 2_000}


@requirement("R19", "what is unknown is 404, and a bad parameter is 422 and named")
async def what_cannot_be_is_refused(stage: Stage) -> None:
    run, unknown = await stage.finished(), uuid.uuid4()
    wish = {"child_id": run.child_id, "theme": THEME}
    for path in (
        f"/generations/{unknown}",
        f"/generations/{unknown}/events",
        f"/stories/sessions/{unknown}/choices/stream?choice_id=continue",
        f"/stories/sessions/{run.session_id}/choices/stream?choice_id={unknown}",
        f"{_STREAM}?child_id={unknown}&theme=a+fox",
    ):
        answer = await stage.api.send("GET", path)
        must(answer.status_code == 404, f"{path}: {answer.status_code}, not 404")
    for name, value in _BAD.items():
        asked = {**wish, name: value}
        async with stage.api.open(_STREAM, asked) as connection:
            said = (await connection.response.aread()).decode()
        must(connection.status == 422, f"{name}={value[:20]!r}: {connection.status}, not 422")
        must(name in said, f"a bad {name} was refused without naming it: {said[:200]}")


@requirement("R20", "a ticket starts one generation of one child, and opens no other")
async def a_ticket_starts_one_generation(stage: Stage) -> None:
    child_id = await stage.child()
    ticket = await _ticket(stage.api, child_id)
    wish = {"child_id": child_id, "theme": THEME, "token": ticket}
    whole = await _followed(stage.nobody, wish)
    check_same(await _followed(stage.nobody, wish), whole, "a ticket's URL again")
    rest = await _followed(stage.nobody, wish, cursor=whole[2].id)
    check_same(rest, whole[3:], "a ticket's URL, with a cursor")
    other = await stage.finished()
    await _check_not_opened(stage.nobody, other, ticket, (await other.after())[2].id)
    fresh = await _ticket(stage.api, child_id)
    await _check_not_opened(stage.nobody, other, fresh, "")


async def _ticket(api: Api, child_id: str) -> str:
    return str((await api.call("POST", f"/children/{child_id}/ticket"))["ticket"])


async def _followed(api: Api, wish: dict[str, str], cursor: str = "") -> list[Frame]:
    async with api.open(_STREAM, wish, cursor=cursor) as connection:
        must(connection.status == 200, f"with a ticket: {connection.status}")
        return await connection.rest()


async def _check_not_opened(api: Api, other: Run, ticket: str, cursor: str) -> None:
    """Raises Broken if a ticket starts for another child, or follows that child's generation."""
    wish = {"child_id": other.child_id, "theme": THEME, "token": ticket}
    async with api.open(_STREAM, wish, cursor=cursor) as connection:
        must(connection.status == 403, f"a ticket for another child: {connection.status}, not 403")
