"""R7 and R8: a disconnect is no stop, a stop is one, and the model is really left."""

import asyncio
from collections.abc import Callable

from testkit.conformance.control import Control, ModelHost, Pause
from testkit.conformance.log import check_log, check_same, text_of
from testkit.conformance.requirements import requirement
from testkit.conformance.stage import Run, Stage, run_of
from testkit.conformance.wire import Frame, must

# The events after which a chapter is stopped, besides at once.
_MOMENTS = ("workflow started", "generate_content started", "content")
_LEFT_WITHIN_SECONDS = 5.0


def _in_rewording(host: ModelHost) -> Pause:
    host.stumble()
    return host.pause("rewording")


def _in_rewrite(host: ModelHost) -> Pause:
    host.reject()
    return host.pause("prose", after=40, passing=1)


# The calls of a chapter, each kept waiting until the chapter is stopped.
_CALLS: dict[str, Callable[[ModelHost], Pause]] = {
    "first": lambda host: host.pause("prose", after=40),
    "judge's": lambda host: host.pause("judge"),
    "rewording": _in_rewording,
    "rewrite's": _in_rewrite,
    "last": lambda host: host.pause("structured"),
}


@requirement("R7", "disconnect is not stop; stop is idempotent and works at every moment")
async def only_a_stop_stops(stage: Stage) -> None:
    await _check_disconnects(stage)
    at_once = await stage.start()
    await at_once.stop()
    await at_once.stop()
    await _check_stopped(at_once, "at once")
    for moment in _MOMENTS:
        run = await stage.start()
        await _stop_from_two_tabs(stage, run, moment)
        await _check_stopped(run, f"after {moment!r}")
    await _check_carried_on(stage, run)
    await _check_stop_in_time_or_too_late(stage)
    if control := stage.controlled("a stop of a run whose process was killed"):
        await _check_stop_after_kill(stage, control)


async def _check_disconnects(stage: Stage) -> None:
    run = await stage.start()
    for name in ("workflow started", "content"):
        async with run.follow() as connection:
            await connection.until(name)
    state = await run.ended()
    must(state["status"] == "completed", f"after disconnects the run is {state['status']!r}")
    check_log(await run.after())


async def _stop_from_two_tabs(stage: Stage, run: Run, moment: str) -> None:
    somebody = await stage.user(stage.token)
    async with run.follow() as connection:
        await connection.until(moment)
    path = f"/generations/{run.id}/stop"
    await asyncio.gather(somebody.call("POST", path), run.stop())
    await run.stop()


async def _check_stopped(run: Run, when: str) -> list[Frame]:
    """Check a stop that was in time, and the text it kept."""
    log = await run.after()
    check_log(log)
    must(log[-1].type == "error", f"stopped {when}, it ended with {log[-1].type!r}")
    must(log[-1].data["code"] == "CANCELLED", f"stopped {when}: {log[-1].data}")
    state = await run.ended()
    must(state["status"] == "stopped", f"stopped {when}, its status is {state['status']!r}")
    must(state["text"] == text_of(log), f"stopped {when}, its text is not what was shown")
    must(state["error"] == log[-1].data, f"stopped {when}, its state has {state['error']}")
    again = await run.stop()
    must(again["status"] == "stopped", f"stopped again, its status is {again['status']!r}")
    must(await run.after() == log, "stopped again, its log is another one")
    return log


async def _check_carried_on(stage: Stage, stopped: Run) -> None:
    shown = (await stopped.state())["text"]
    begun = await stopped.api.call("POST", f"/generations/{stopped.id}/continue")
    run = run_of(stopped.api, stopped.child_id, begun)
    log = await run.after()
    must(log[-1].type == "complete", f"carried on, it ended with {log[-1].raw!r}")
    must(shown and text_of(log).startswith(shown), "carried on, it has lost text that was shown")
    must(await run.stored_text() == text_of(log), "the chunks are not the stored chapter")
    check_same(await run.after(), log, "a replay of what was carried on")


async def _check_stop_in_time_or_too_late(stage: Stage) -> None:
    """Towards the end either may win, but only one of them."""
    run = await stage.start()
    async with run.follow() as connection:
        await connection.until("calculate_metrics started")
        await run.stop()
    state, log = await run.ended(), await run.after()
    check_log(log)
    outcome = "completed" if log[-1].type == "complete" else "stopped"
    must(state["status"] == outcome, f"{log[-1].type!r}, and its status is {state['status']!r}")
    finished = await stage.finished()
    before = await finished.after()
    state = await finished.stop()
    must(state["status"] == "completed", f"a stop made a finished chapter {state['status']!r}")
    must(await finished.after() == before, "a stop changed the log of a finished chapter")


async def _check_stop_after_kill(stage: Stage, control: Control) -> None:
    pause = control.host.pause("prose", after=40)
    run = await stage.start()
    async with run.follow() as connection:
        await connection.until("content")
        await pause.reached()
    control.host.pause("prose")  # whoever goes on with it gets no further than this
    await control.kill()
    await control.start()
    await run.stop()
    log = await _check_stopped(run, "after its process was killed")
    must(text_of(log), "a stop after a kill lost the text")


@requirement("R8", "after a stop the model host really is left; approved text is kept")
async def a_stop_leaves_the_model(stage: Stage) -> None:
    control = stage.control_needed()
    host = control.host
    await control.settle()
    for which, pause_in in _CALLS.items():
        pause = pause_in(host)
        run = await stage.start()
        await _check_left(run, host, pause, which)
    await _check_left_after_resume(stage, control)


async def _check_left(run: Run, host: ModelHost, pause: Pause, which: str) -> None:
    await pause.reached()
    await run.stop()
    async with asyncio.timeout(_LEFT_WITHIN_SECONDS):
        await pause.left()
    log = await _check_stopped(run, f"in its {which} call")
    must(text_of(log), f"a stop in the {which} call lost the text")
    must(host.active == 0, f"after a stop in the {which} call the model is still asked")


async def _check_left_after_resume(stage: Stage, control: Control) -> None:
    """Check a stop of a run which was taken over."""
    pause = control.host.pause("prose", after=40)
    run = await stage.start()
    async with run.follow() as connection:
        await connection.until("content")
        await pause.reached()
    shown = (await run.state())["text"]
    await control.kill()
    again = control.host.pause("prose", after=20)
    await control.start()
    await _check_left(run, control.host, again, "resumed")
    text = (await run.state())["text"]
    must(text.startswith(shown), "a stop after a resume lost text that was shown before")
