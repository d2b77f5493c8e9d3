"""Many stories at once, while readers come and go and the server is killed; nothing may be lost.

    python -m testkit.conformance.chaos --schedules 1000
    python -m testkit.conformance.chaos --site many --seed 417 --schedules 1

The site is one process with SQLite, or several with PostgreSQL behind nginx (`--site many`). A
schedule is drawn from its seed: one story in one or two chapters, what its readers do, whether
and when it is stopped, and what befalls the server meanwhile. Schedules overlap and share one
server, so a fault of one hits all that are under way. How the events of different stories
interleave is up to the machine; all else is the same whenever a seed is played again.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from testkit.conformance.audit import Reading, as_told, faults_of
from testkit.conformance.log import check_log, text_of
from testkit.conformance.own import Own
from testkit.conformance.readers import LATE, Source, insistent, read
from testkit.conformance.schedules import Chapter, Fault, Schedule, draw
from testkit.conformance.sites import SITES, temporary_site
from testkit.conformance.stage import THEME, Run, Stage, run_of
from testkit.conformance.wire import Broken, Frame, must

_AT_ONCE = 24
# Slow enough for a fault to find chapters in the middle.
_TOKENS_PER_SECOND = 120.0
_TIMEOUT_SECONDS = 240.0
# After so many deaths of its process a run is given up: it may be what kills them.
_DEADLY_KILLS = 5
_DEADLY = {Fault.KILL, Fault.KILL_WORKER}
_SAYS_EVERY = 50
_KINDS = ("lost", "repeated", "out of order", "changed", "never ended", "broken")


@dataclass
class Tally:
    """The sum of all schedules: problems by kind, and a line for each schedule that had one."""

    problems: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def report(self, seed: int, found: Counter[str], why: str) -> None:
        self.problems += found
        what = ", ".join(f"{kind}: {count}" for kind, count in found.items())
        self.told.append(f"seed {seed}: {what} {why}".rstrip())
        _say(self.told[-1])

    def __str__(self) -> str:
        counts = ", ".join(f"{self.counts[each]} {each}" for each in sorted(self.counts))
        return f"{counts}; " + ", ".join(f"{kind}: {self.problems[kind]}" for kind in _KINDS)


@dataclass
class Server:
    """The server that all schedules share; one fault at a time."""

    own: Own
    tally: Tally
    kills: int = 0
    _fault_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def befall(self, fault: Fault, seed: int) -> None:
        """Returns once it is up again, which it will be even where nobody waits for that."""
        await asyncio.shield(asyncio.ensure_future(self._down_and_up(fault, seed)))

    async def _down_and_up(self, fault: Fault, seed: int) -> None:
        async with self._fault_lock:
            self.tally.counts[f"{fault}s"] += 1
            self.kills += fault in _DEADLY
            await self.own.befall(fault, seed)


@dataclass
class Play:
    """One schedule being played."""

    schedule: Schedule
    stage: Stage
    server: Server
    found: Counter[str] = field(default_factory=Counter)
    child_id: str = ""

    async def play(self) -> None:
        self.child_id = await insistent(self._child)
        before: Frame | None = None
        for number, chapter in enumerate(self.schedule.chapters, start=1):
            kills = self.server.kills
            source = await self._begin(chapter, before)
            readers = await self._live(source, chapter, number)
            log = (await read(source, LATE))[-1].frames
            self._check_readers(readers, log)
            self._check_end(log[-1], chapter, self.server.kills - kills)
            await self._check_stored(source.run, log, number)
            before = log[-1]
            if before.type != "complete" or before.data["isCompleted"]:
                return

    async def _child(self) -> str:
        body = {"name": "Maya", "birth_year": 2018, "birth_month": 3}
        asked = {**body, "language": self.schedule.language}
        return str((await self.stage.api.call("POST", "/children", asked))["id"])

    async def _begin(self, chapter: Chapter, before: Frame | None) -> Source:
        wanted = {"child_id": self.child_id, "theme": THEME}
        path = "/stories/generate/stream"
        if before is not None:
            session_id = before.data["session_id"]
            path = f"/stories/sessions/{session_id}/choices/stream"
            wanted = {"child_id": self.child_id, "choice_id": self._choice(before)}
        if chapter.start == "get":
            return Source(self.stage.api, self.child_id, path, wanted)
        if before is not None:
            wanted["session_id"] = session_id
        return await self._posted(wanted)

    def _choice(self, complete: Frame) -> str:
        choices = complete.data["choices"]
        return str(choices[self.schedule.seed % len(choices)]["id"])

    async def _posted(self, wanted: dict[str, str]) -> Source:
        api, key = self.stage.api, "-".join(wanted.values())[:100]
        made = await insistent(
            lambda: api.call("POST", "/generations", wanted, Idempotency_Key=key)
        )
        run = run_of(api, self.child_id, made)
        return Source(api, self.child_id, run.events_path, {}, run)

    async def _live(self, source: Source, chapter: Chapter, number: int) -> list[list[Reading]]:
        """All that happens while a chapter is written, to the end of its last reader."""
        async with asyncio.TaskGroup() as group:
            if number == 1 and self.schedule.fault:
                group.create_task(self._befall(source, self.schedule.fault))
            if chapter.stops:
                group.create_task(self._stop(source, chapter))
            readers = [group.create_task(read(source, plan)) for plan in chapter.readers]
        return [reader.result() for reader in readers]

    async def _befall(self, source: Source, fault: Fault) -> None:
        await source.reached(self.schedule.fault_at)
        await self.server.befall(fault, self.schedule.seed)

    async def _stop(self, source: Source, chapter: Chapter) -> None:
        await source.reached(chapter.stops_at)
        await asyncio.gather(*(insistent(source.run.stop) for _ in range(chapter.stops)))

    def _check_readers(self, readers: list[list[Reading]], log: list[Frame]) -> None:
        told = as_told(log, chain.from_iterable(readers))
        for readings in readers:
            for reading in readings:
                self.server.tally.counts["events read"] += len(reading.frames)
                self.found += faults_of(reading, told, is_whole=reading is readings[-1])
        check_log(log)

    def _check_end(self, end: Frame, chapter: Chapter, kills: int) -> None:
        outcome = end.data.get("code", end.type)
        self.server.tally.counts[outcome] += 1
        may_be = {"complete"}
        may_be |= {"CANCELLED"} if chapter.stops else set()
        may_be |= {"INTERRUPTED"} if kills >= _DEADLY_KILLS else set()
        must(outcome in may_be, f"it ended with {end.data}")

    async def _check_stored(self, run: Run, log: list[Frame], number: int) -> None:
        state = await insistent(run.state)
        must(state["text"] == text_of(log), "the state's text is not that of the log")
        if log[-1].type == "complete":
            stored = await insistent(lambda: run.stored_text(number))
            must(stored == text_of(log), "the stored chapter is not the text of the log")


async def play_all(own: Own, seeds: range) -> Tally:
    """Plays the schedules of these seeds, some of them at any time."""
    own.host.server.tokens_per_second = _TOKENS_PER_SECOND
    tally, waiting = Tally(), iter(seeds)
    server = Server(own, tally)
    token = await own.guest()
    stage = Stage(own.base_url, token, control=own, trusted=own.trusted)
    async with stage, asyncio.TaskGroup() as group:
        for _ in range(min(_AT_ONCE, len(seeds))):
            group.create_task(_play_some(waiting, stage, server))
    return tally


async def _play_some(seeds: Iterator[int], stage: Stage, server: Server) -> None:
    for seed in seeds:
        play = Play(draw(seed, server.own.faults), stage, server)
        why = ""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await play.play()
        except TimeoutError:
            play.found["never ended"] += 1
        except (Broken, ExceptionGroup) as problem:
            play.found["broken"] += 1
            why = _reason(problem)
        if play.found:
            server.tally.report(seed, play.found, why)
        server.tally.counts["schedules"] += 1
        if server.tally.counts["schedules"] % _SAYS_EVERY == 0:
            _say(str(server.tally))


def _reason(problem: Exception) -> str:
    """The broken requirement; anything else is a mistake of this suite's own, and is raised."""
    if isinstance(problem, ExceptionGroup):
        broken, other = problem.split(Broken)
        if other is not None or broken is None:
            raise problem
        return "; ".join(_reason(each) for each in broken.exceptions)
    return str(problem)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m testkit.conformance.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--schedules", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="of the first schedule")
    parser.add_argument("--site", choices=SITES, default="one", help="one process, or many")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.schedules)
    began = time.monotonic()
    with temporary_site(options.site) as own:
        tally = asyncio.run(play_all(own, seeds))
    _say(f"{tally}; {time.monotonic() - began:.0f} s")
    for line in tally.told:
        seed = line.split(":")[0].removeprefix("seed ")
        again = f"--site {options.site} --seed {seed} --schedules 1"
        _say(f"{line}\n    python -m testkit.conformance.chaos {again}")
    return 1 if tally.told else 0


if __name__ == "__main__":
    sys.exit(main())
