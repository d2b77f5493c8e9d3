"""R11 and R12: what goes wrong arrives as an event, and who may not see a stream does not."""

from collections.abc import Awaitable, Callable

from testkit.conformance.control import Control
from testkit.conformance.log import check_log, text_of
from testkit.conformance.requirements import requirement
from testkit.conformance.stage import Run, Stage
from testkit.conformance.wire import Api, Frame, must

_INTERNALS = ("http", "127.0.0.1", "Traceback", "Error", "exception", "status 500")


@requirement("R11", "errors after the headers are typed events")
async def errors_are_events(stage: Stage) -> None:
    run = await stage.start()
    async with run.follow() as connection:
        seen = await connection.until("workflow started")
        await run.stop()
        seen += await connection.rest()
    _check_error(seen)
    if control := stage.controlled("failures of the model host"):
        for after in (0, 60):
            await _check_failing_host(stage, control, after)


async def _check_failing_host(stage: Stage, control: Control, after: int) -> None:
    control.host.fail(after=after)
    run = await stage.start()
    seen = await run.after()
    control.host.recover()
    _check_error(seen)
    code = seen[-1].data["code"]
    must(code.startswith("MODEL_"), f"the model host failed, and the code is {code!r}")
    state = await run.state()
    must(state["status"] == "failed", f"after an error its status is {state['status']!r}")
    must(state["text"] == text_of(seen), "the text that was shown is not kept")
    must(bool(after) == bool(state["text"]), f"{len(state['text'])} characters before the failure")


def _check_error(log: list[Frame]) -> None:
    check_log(log)
    must(log[-1].type == "error", f"the log ended with {log[-1].type!r}")
    message = log[-1].data["message"]
    told = [word for word in _INTERNALS if word in message]
    must(not told, f"a message for a parent speaks of {told}: {message!r}")


@requirement("R12", "access is checked again on every connection; losing it ends a stream")
async def access_is_checked_every_time(stage: Stage) -> None:
    run = await stage.finished()
    await _check_credentials(stage, run)
    await _check_tickets(stage, run)
    if stranger := await stage.stranger("another family's user"):
        for method, path in _paths(run):
            answer = await stranger.send(method, path)
            must(answer.status_code == 403, f"another family: {answer.status_code} for {path}")
    if control := stage.controlled("that losing access ends a stream"):
        token, other = await control.guest(), await control.guest()
        cookie = await control.log_in(token)
        browser = await stage.browser(cookie)
        await _check_lost(stage, control, token, lambda: control.log_out(cookie), browser)
        await _check_lost(stage, control, token, lambda: control.revoke(token))
        await _check_lost(stage, control, other, lambda: control.lock_out(other))


def _paths(run: Run) -> list[tuple[str, str]]:
    generation = f"/generations/{run.id}"
    return [
        ("GET", generation),
        ("GET", run.events_path),
        ("POST", f"{generation}/stop"),
        ("POST", f"{generation}/ticket"),
        ("GET", f"/stories/{run.story_id}"),
        ("GET", f"/sessions/{run.session_id}"),
    ]


async def _check_credentials(stage: Stage, run: Run) -> None:
    liar = await stage.user(f"{stage.token[:-4]}aaaa")
    for api, who in ((stage.nobody, "nobody"), (liar, "a made-up token")):
        for method, path in _paths(run):
            answer = await api.send(method, path)
            must(answer.status_code == 401, f"{who}: {answer.status_code} for {path}")
    await _check_refused(stage.nobody, run, 401, stage.token, "a long-lived token in the URL")


async def _check_tickets(stage: Stage, run: Run) -> None:
    ticket, other = await run.ticket(), await stage.start()
    await _check_refused(stage.nobody, other, 403, ticket, "a ticket for another generation")
    await _check_refused(stage.nobody, run, 401, f"{ticket[:-4]}aaaa", "a ticket made up")
    path = f"/generations/{run.id}?token={ticket}"
    answer = await stage.nobody.send("GET", path)
    must(answer.status_code == 401, f"a ticket opens more than streams: {answer.status_code}")
    must(await run.after(api=stage.nobody, ticket=ticket), "a good ticket opens nothing")
    await other.stop()
    await other.ended()


async def _check_refused(api: Api, run: Run, status: int, token: str, what: str) -> None:
    async with api.open(run.events_path, {"token": token} if token else {}) as connection:
        must(connection.status == status, f"{what}: {connection.status}, not {status}")


async def _check_lost(
    stage: Stage,
    control: Control,
    token: str,
    lose: Callable[[], Awaitable[None]],
    reader: Api | None = None,
) -> None:
    """Check the end of a guest's stream, or of the one of their `reader`, when its access is
    lost."""
    guest = await stage.user(token)
    pause = control.host.pause("prose", after=40)
    run = await stage.start(guest)
    async with run.follow(api=reader) as connection:
        await connection.until("content")
        await pause.reached()
        await lose()
        rest = await connection.rest()
    must(not any(frame.is_terminal for frame in rest), "the stream outlived the access")
    await _check_refused(reader or guest, run, 401, "", "who has lost access")
    pause.release()
