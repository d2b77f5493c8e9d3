"""R1 to R5: what a cursor is, and what it is worth later."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from testkit.conformance.control import Control
from testkit.conformance.log import check_log, check_same, text_of
from testkit.conformance.requirements import requirement
from testkit.conformance.stage import THEME, Run, Stage, beyond
from testkit.conformance.wire import By, Frame, must

_MAX_CURSORS = 10
_CLOSES_WITHIN_SECONDS = 5.0
_ENDS_WITHIN_SECONDS = 15.0
_WAYS: tuple[By, ...] = ("header", "query")


@requirement("R1", "only durable events carry id; comments and control frames move no cursor")
async def only_events_of_the_log_carry_an_id(stage: Stage) -> None:
    run = await stage.finished()
    async with run.follow() as connection:
        frames = [frame async for frame in connection.frames]
    for frame in frames:
        must(bool(frame.id) == bool(frame.type), f"id {frame.id!r} at {frame.raw!r}")
    async with run.follow("nonsense") as connection:
        control_frames = [await anext(connection.events()) for _ in range(2)]
    for frame in control_frames:
        must(not frame.id, f"a control frame carries the id {frame.id!r}")
    if control := stage.controlled("comments in a silence"):
        await _check_comments(stage, control)


async def _check_comments(stage: Stage, control: Control) -> None:
    pause = control.host.pause("prose", after=40)
    run = await stage.start()
    async with run.follow() as connection:
        before = await connection.until("content")
        await pause.reached()
        async for frame in connection.frames:
            if frame.type:
                before.append(frame)
            elif frame.raw.startswith(":"):
                break
    pause.release()
    check_same(before + await run.after(before[-1].id), await run.after(), "after a comment")


@requirement("R2", "a join of a finished run gives the tail and closes; after the end comes 204")
async def a_finished_run_gives_its_tail_and_closes(stage: Stage) -> None:
    run = await stage.finished()
    log = await run.after()
    check_log(log)
    must(log[-1].type == "complete", f"the chapter ended with {log[-1].raw!r}")
    must(await run.stored_text() == text_of(log), "the chunks are not the stored chapter")
    for at in (0, len(log) // 2, len(log) - 2):
        began = time.monotonic()
        check_same(await run.after(log[at].id), log[at + 1 :], f"joined after event {at}")
        took = time.monotonic() - began
        must(took < _CLOSES_WITHIN_SECONDS, f"the stream stayed open for {took:.1f} s")
    await _check_no_content(run, log[-1].id)
    stopped = await stage.start()
    await stopped.stop()
    await _check_no_content(stopped, (await stopped.after())[-1].id)


async def _check_no_content(run: Run, end: str) -> None:
    wanted = {"child_id": run.child_id, "theme": THEME}
    for by in _WAYS:
        async with run.follow(end, by=by) as connection:
            must(connection.status == 204, f"after the end, by {by}: {connection.status}")
    async with run.api.open("/stories/generate/stream", wanted, cursor=end) as connection:
        must(connection.status == 204, f"after the end, where it began: {connection.status}")


@requirement("R3", "an unknown, foreign or pruned cursor gives an explicit resync with a snapshot")
async def a_cursor_of_no_use_gives_a_resync(stage: Stage) -> None:
    run, other = await stage.finished(), await stage.start()
    log, others = await run.after(), await other.after()
    cursors = ["nonsense", "0", beyond(log[1].id), others[len(others) // 2].id, others[-1].id]
    if stranger := await stage.stranger("a cursor of another family"):
        foreign = await stage.start(stranger)
        cursors.append((await foreign.after())[3].id)
    for cursor in cursors:
        for by in _WAYS:
            _check_resync(await run.after(cursor, by=by), log)
    live = await stage.start()
    async with live.follow() as connection:
        await connection.until("content")
        shown = (await live.state())["text"]
        resync = await live.after("nonsense")
    _check_resync(resync, await live.after())
    must(resync[1].data["chunk"].startswith(shown), "the snapshot lacks text that was shown")
    if control := stage.controlled("pruned cursors"):
        await _check_pruned(stage, control)


async def _check_pruned(stage: Stage, control: Control) -> None:
    run = await stage.start()
    before = await run.after()
    await control.prune(run.id)
    after = await run.after()
    check_log(after)
    must(text_of(after) == text_of(before) == await run.stored_text(), "pruning changed the text")
    must(after[-1].data == before[-1].data, "pruning changed `complete`")
    must(not {f.id for f in before[:-1]} & {f.id for f in after}, "a pruned cursor is given again")
    for frame in (before[0], before[len(before) // 2], before[-2]):
        for by in _WAYS:
            _check_resync(await run.after(frame.id, by=by), after)
    for at, frame in enumerate(after[:-1]):
        check_same(await run.after(frame.id), after[at + 1 :], f"of a pruned log, event {at}")
    for end in (before[-1].id, after[-1].id, (await run.state())["cursor"]):
        await _check_no_content(run, end)


def _check_resync(seen: list[Frame], log: Sequence[Frame]) -> None:
    """One reset, the text so far as one, and then the log from there, without text again."""
    must(seen, "an unknown cursor was answered with silence")
    reset, snapshot, *tail = seen
    must(reset.type == "content_reset", f"the answer begins with {reset.raw!r}")
    must(reset.data["reason"] == "resync", f"the reset's reason is {reset.data['reason']!r}")
    must(snapshot.type == "content", f"after the reset comes {snapshot.raw!r}")
    must(not reset.id and not snapshot.id, "a resync carries an id")
    first = next(at for at, frame in enumerate(log) if frame.id == tail[0].id)
    check_same(tail, log[first:], "after a resync")
    is_gone = any(frame.type == "content_reset" for frame in log[first:])
    is_so_far = is_gone or snapshot.data["chunk"] == text_of(log[:first])
    must(is_so_far, "the snapshot is not the text so far")
    must(log[-1].type == "error" or text_of(seen) == text_of(log), "the resync's text differs")


@requirement("R4", "a cursor is a position in the run's log, whoever asks and however")
async def a_cursor_is_a_position(stage: Stage) -> None:
    run = await stage.finished()
    log = await run.after()
    somebody = await stage.user(stage.token)
    ticket = await run.ticket()
    step = max(1, len(log) // _MAX_CURSORS)
    for at in {*range(0, len(log) - 1, step), len(log) - 2}:
        cursor, rest = log[at].id, log[at + 1 :]
        for by in _WAYS:
            check_same(await run.after(cursor, by=by), rest, f"by {by}, after event {at}")
        check_same(await run.after(cursor, api=somebody), rest, "on another connection")
        with_ticket = await run.after(cursor, by="query", api=stage.nobody, ticket=ticket)
        check_same(with_ticket, rest, "with a ticket")
        wanted = {"child_id": run.child_id, "theme": THEME}
        async with run.api.open("/stories/generate/stream", wanted, cursor=cursor) as again:
            check_same(await again.rest(), rest, "where it began")
    await _check_cursor_of_state(stage)


async def _check_cursor_of_state(stage: Stage) -> None:
    run = await stage.start()
    async with run.follow() as connection:
        await connection.until("content")
        state = await run.state()
    tail = await run.after(state["cursor"])
    log = await run.after()
    at = next(at for at, frame in enumerate(log) if frame.id == state["cursor"])
    check_same(tail, log[at + 1 :], "after the state's cursor")
    is_gone = any(frame.type == "content_reset" for frame in log[at + 1 :])
    is_of_cursor = is_gone or state["text"] == text_of(log[: at + 1])
    must(is_of_cursor, "the state's text is not that of its cursor")


@requirement("R5", "cursors survive a restart and are never reissued")
async def cursors_survive_restarts(stage: Stage) -> None:
    control = stage.control_needed()
    finished = await stage.finished()
    whole = await finished.after()
    for end in (control.stop, control.kill):
        run, seen = await _seen_when_it_ended(stage, control, end)
        await control.start()
        log = await run.after()
        check_log(log)
        check_same(log[: len(seen)], seen, f"what was seen before {end.__name__}", log)
        for at, frame in enumerate(seen):
            check_same(await run.after(frame.id), log[at + 1 :], f"event {at}'s cursor")
        check_same(await finished.after(), whole, "a log that was finished before")
        await _check_no_content(finished, whole[-1].id)


async def _seen_when_it_ended(
    stage: Stage, control: Control, end: Callable[[], Awaitable[None]]
) -> tuple[Run, list[Frame]]:
    """The frames a reader has of a run when its server is ended in the middle of the text."""
    pause = control.host.pause("prose", after=40)
    run = await stage.start()
    async with run.follow() as connection:
        seen = await connection.until("content")
        await pause.reached()
        rest = asyncio.create_task(connection.until_gone())
        began = time.monotonic()
        await asyncio.gather(end(), rest)
        took = time.monotonic() - began
    must(took < _ENDS_WITHIN_SECONDS, f"{end.__name__}: it took {took:.1f} s to end")
    return run, seen + await rest
