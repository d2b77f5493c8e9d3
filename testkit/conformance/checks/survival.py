"""R9: the process that writes is killed, and the story goes on."""

import asyncio
from dataclasses import dataclass

from testkit.conformance.control import Control, Kind
from testkit.conformance.log import check_log, check_same, text_of
from testkit.conformance.requirements import requirement
from testkit.conformance.stage import Run, Stage
from testkit.conformance.wire import Broken, Frame, must

# Until a run that may be taken over has called the model again, on a busy machine.
_TAKEN_OVER_WITHIN_SECONDS = 20.0


@dataclass(frozen=True)
class _Moment:
    """In which call a chapter is interrupted, and after how many of its tokens."""

    name: str
    kind: Kind
    after: int = 0
    is_rewritten: bool = False


_MOMENTS = (
    _Moment("before the first word", "prose"),
    _Moment("in the middle of the text", "prose", after=60),
    _Moment("in the judgement", "judge"),
    _Moment("in the rewrite", "prose", after=60, is_rewritten=True),
    _Moment("after the text", "structured"),
)


@dataclass(frozen=True)
class _Killed:
    """A run whose process was killed: what a reader has seen of it, in all and before that, and how
    often the model had been called.
    """

    run: Run
    seen: list[Frame]
    last_before: str
    calls: int


@requirement("R9", "kill -9 of the process that writes: the run goes on by itself to its end")
async def a_killed_run_goes_on(stage: Stage) -> None:
    control = stage.control_needed()
    problems = [await _problem_when_killed(stage, control, moment) for moment in _MOMENTS]
    must(not any(problems), "; ".join(filter(None, problems)))


async def _problem_when_killed(stage: Stage, control: Control, moment: _Moment) -> str:
    """The problem after a kill, if any, so that every moment has its say."""
    killed = await _killed(stage, control, moment)
    try:
        await _come_back(control, killed.calls)
        await _check_continuity(killed)
    except Broken as problem:
        return f"killed {moment.name}: {problem}"
    return ""


async def _killed(stage: Stage, control: Control, moment: _Moment) -> _Killed:
    """Reads to the end of the connection: where others serve it, that is the run's end."""
    control.host.recover()
    if moment.is_rewritten:
        control.host.reject()
    passing = 1 if moment.is_rewritten else 0
    pause = control.host.pause(moment.kind, after=moment.after, passing=passing)
    run = await stage.start()
    async with run.follow() as connection:
        seen = await connection.until("generate_content started")
        await pause.reached()
        before = (await run.state())["cursor"]
        rest = asyncio.create_task(connection.until_gone())
        await control.kill()
        calls = control.host.calls
        return _Killed(run, seen + await rest, before, calls)


async def _come_back(control: Control, calls: int) -> None:
    """Starts the server, and asks it nothing: the run has to go on by itself."""
    await control.start()
    timeout_seconds = control.lease_seconds + _TAKEN_OVER_WITHIN_SECONDS
    try:
        async with asyncio.timeout(timeout_seconds):
            await control.host.called(calls + 1)
    except TimeoutError:
        raise Broken(f"nobody went on with it for {timeout_seconds:.0f} s") from None


async def _check_continuity(killed: _Killed) -> None:
    run, seen = killed.run, killed.seen
    rest = await run.after(seen[-1].id)
    whole = await run.after()
    check_same(seen + rest, whole, "before and after")
    must(whole[-1].type == "complete", f"it ended with {whole[-1].data}")
    at = next(at for at, frame in enumerate(whole) if frame.id == killed.last_before)
    must("content_reset" not in {frame.type for frame in whole[at + 1 :]}, "text was withdrawn")
    must(text_of(whole) == await run.stored_text(), "another text was stored")
    check_log(whole)
