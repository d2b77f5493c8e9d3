"""R18: a stopped chapter is continued or discarded."""

from testkit.conformance.log import check_log, text_of
from testkit.conformance.requirements import requirement
from testkit.conformance.stage import Run, Stage, run_of
from testkit.conformance.wire import must


@requirement(
    "R18", "continue and discard: once each, only at the story's end, and whole by themselves"
)
async def a_stopped_chapter_is_continued_or_discarded(stage: Stage) -> None:
    finished = await stage.start()
    choices = (await finished.after())[-1].data["choices"]
    await _check_refused(finished, "a finished chapter", "continue", "discard")
    stopped = await _stopped(await _chosen(finished, choices[0]["id"]))
    shown = (await stopped.state())["text"]
    run = await _continued(stopped, 201)
    must(run.id != stopped.id, "a chapter was continued in the run that was stopped")
    must((await _continued(stopped, 200)).id == run.id, "continued twice, it has two runs")
    must((await _continued(run, 200)).id == run.id, "a run that is written gave another one")
    await _check_refused(run, "a chapter that is written", "discard")
    await _stopped(run)
    must((await run.state())["text"].startswith(shown), "continued, it has lost text")
    await _check_discarded(run)
    await _check_refused(run, "a discarded chapter", "continue")
    other = await _chosen(finished, choices[1]["id"])
    log = await other.after()
    must(log[-1].type == "complete", f"after a discard, it ended with {log[-1].raw!r}")
    check_log(log)
    await _check_refused(stopped, "a chapter that its story has left", "continue")


async def _chosen(run: Run, choice_id: str) -> Run:
    wish = {"child_id": run.child_id, "session_id": run.session_id, "choice_id": choice_id}
    return run_of(run.api, run.child_id, await run.api.call("POST", "/generations", wish))


async def _stopped(run: Run) -> Run:
    async with run.follow() as connection:
        await connection.until("content")
    await run.stop()
    state = await run.ended()
    must(state["status"] == "stopped", f"stopped in its text, it is {state['status']!r}")
    return run


async def _continued(run: Run, status: int) -> Run:
    answer = await run.api.send("POST", f"/generations/{run.id}/continue")
    must(answer.status_code == status, f"continue: {answer.status_code}, not {status}")
    return run_of(run.api, run.child_id, answer.json())


async def _check_discarded(run: Run) -> None:
    error = (await run.after())[-1].data
    states = [await run.api.call("POST", f"/generations/{run.id}/discard") for _ in range(2)]
    must(states[0] == states[1], f"discarded twice, it is {states[1]}")
    must(states[0]["text"] == "", "a discarded chapter has text")
    log = await run.after()
    names = [frame.name for frame in log]
    must(names == ["workflow started", "workflow failed", "error"], f"its stream is {names}")
    must(log[-1].data == error, "discarded, it ended otherwise")
    must(text_of(log) == "", "the stream of a discarded chapter has text")


async def _check_refused(run: Run, what: str, *actions: str) -> None:
    for action in actions:
        answer = await run.api.send("POST", f"/generations/{run.id}/{action}")
        must(answer.status_code == 409, f"{what}: {action} was answered {answer.status_code}")
