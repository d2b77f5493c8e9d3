"""R6, R10 and R14: many readers, a refresh, and what the bytes of a stream are like."""

import asyncio
import time

from testkit.conformance.control import Control
from testkit.conformance.log import check_log, check_same, text_of
from testkit.conformance.requirements import requirement
from testkit.conformance.stage import Run, Stage
from testkit.conformance.wire import Connection, Frame, must

_READERS = 100
_FIRST_BYTES = b"retry: 3000\n\n"
_AT_ONCE_SECONDS = 3.0
_THEME_WITH_ACCENT = "a fox in a café"
_HEADERS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache, no-transform",
}
# nginx keeps to itself what is meant for it.
_HEADERS_BEFORE_NGINX = {**_HEADERS, "x-accel-buffering": "no"}


@requirement("R6", "two, and a hundred, readers see the same sequence")
async def all_readers_see_the_same(stage: Stage) -> None:
    for count in (2, _READERS):
        run = await stage.start()
        early = [asyncio.create_task(run.after()) for _ in range(count // 2)]
        async with run.follow() as connection:
            await connection.until("content")
        late = [asyncio.create_task(run.after()) for _ in range(count - count // 2)]
        logs = await asyncio.gather(*early, *late)
        check_log(await run.after())
        for number, log in enumerate(logs):
            check_same(log, logs[0], f"reader {number} of {count}")


@requirement("R10", "a refresh shows the whole text, then goes on")
async def a_refresh_shows_the_whole_text(stage: Stage) -> None:
    run = await stage.start()
    async with run.follow() as first:
        before = await first.until("content")
    async with run.follow() as again:
        must((await run.state())["is_active"], "the chapter was finished too soon to refresh in")
        after = await again.rest()
    check_same(after[: len(before)], before, "after a refresh", after)
    check_log(await run.after())
    must(text_of(after) == await run.stored_text(), "after a refresh the text is another one")
    state = await run.ended()
    must(state["text"] == text_of(after), "the state's text is not that of the stream")


@requirement("R14", "headers, first bytes, keepalives, no compression")
async def the_bytes_are_those_of_a_stream(stage: Stage) -> None:
    run = await stage.start()
    began = time.monotonic()
    async with run.follow() as connection:
        _check_headers(connection)
        first = await anext(connection.frames)
        took = time.monotonic() - began
        must(first.raw == "retry: 3000", f"the first frame is {first.raw!r}")
        must(connection.first_bytes.startswith(_FIRST_BYTES), f"{connection.first_bytes!r}")
        must(took < _AT_ONCE_SECONDS, f"the first bytes took {took:.1f} s")
        await connection.until("content")
        must((await run.state())["is_active"], "the first text came when the chapter was over")
        await connection.rest()
    await _check_letters(stage)
    if control := stage.controlled("keepalives, and first bytes while there is no event"):
        await _check_silence(stage, control)


def _check_headers(connection: Connection) -> None:
    headers = connection.response.headers
    asked = connection.response.request.headers["accept-encoding"]
    must("gzip" in asked, "this client did not offer compression")
    is_behind_nginx = headers.get("server", "").startswith("nginx")
    for name, value in (_HEADERS if is_behind_nginx else _HEADERS_BEFORE_NGINX).items():
        must(headers.get(name) == value, f"{name} is {headers.get(name)!r}, not {value!r}")
    encoding = headers.get("content-encoding", "identity")
    must(encoding == "identity", f"the stream is compressed: {encoding}")


async def _check_letters(stage: Stage) -> None:
    wish = {"child_id": await stage.child(), "theme": _THEME_WITH_ACCENT}
    async with stage.api.open("/stories/generate/stream", wish) as connection:
        [first] = await connection.until("workflow started")
        must(_THEME_WITH_ACCENT in first.raw, f"letters are escaped: {first.raw!r}")
        await connection.rest()


async def _check_silence(stage: Stage, control: Control) -> None:
    pause = control.host.pause("prose", after=0)
    run = await stage.start()
    await pause.reached()
    cursor = (await run.state())["cursor"]
    async with run.follow(cursor) as connection:
        silent = [await anext(connection.frames) for _ in range(3)]
        must(silent[0].raw == "retry: 3000", f"the first frame is {silent[0].raw!r}")
        kept = [frame.raw for frame in silent[1:] if frame.raw.startswith(":")]
        must(len(kept) == 2, f"in a silence came {[frame.raw for frame in silent]}")
        pause.release()
        await _check_that_it_goes_on(run, connection, cursor)


async def _check_that_it_goes_on(run: Run, connection: Connection, cursor: str) -> None:
    seen: list[Frame] = await connection.rest()
    check_same(seen, await run.after(cursor), "after a silence")
