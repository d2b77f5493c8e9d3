"""Many chapters at once: the app, the model host alone, and the straightforward way."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlencode

from testkit import postgres
from testkit.app import Family

from .app import Server, served, server
from .clients import Get, Seen, watching
from .elsewhere import Elsewhere
from .host import Heard, Host, Lane, alone, theme_of
from .report import load_average, percentile, table, verdict

TITLE = "64 chapters at once"
STREAMS = 64
ROUNDS = 3
"""Each load comes so often, in turn with the others: processes that do the same differ by a tenth
in the CPU time that they take for it."""
TOKENS_PER_SECOND = 20.0
ARRIVING_SECONDS = 4.0
WHOLE_RATIO = 1.05
FIRST_EVENT_MS = 150.0
STREAM_KB = 250.0
CONNECTIONS = 10
"""What a process has at most, however many streams are open: one for each of `stories.infra.db`'s
threads and the main one, and, on PostgreSQL, two for checkpoints and one that listens."""
_WARM_STREAMS = 16
_WARM_TOKENS_PER_SECOND = 200.0
_WARM_LANES = 1000
_SAMPLE_SECONDS = 0.25


@dataclass
class Usage:
    """Samples while a load lasts: memory in kB, and open connections to the database."""

    memory: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    """The result of one load. `ratios` are against the host alone, chapter by chapter;
    `us_per_token` is CPU time, and `connections` are samples."""

    label: str
    seen: list[Seen]
    ratios: list[float]
    tokens: int
    us_per_token: float
    kb_per_stream: float
    connections: list[int]


def run() -> str:
    with Host(TOKENS_PER_SECOND) as host:
        rounds = [
            [
                *_app(host, "app, SQLite"),
                *_app_on_postgres(host),
                _plain(host, "same"),
                _plain(host, "bare"),
            ]
            for _ in range(ROUNDS)
        ]
    return _report([_together(loads) for loads in zip(*rounds, strict=True)])


def _together(loads: Sequence[Load]) -> Load:
    """All chapters of all rounds, and the median of what one round has one number for."""
    return Load(
        loads[0].label,
        [one for load in loads for one in load.seen],
        [ratio for load in loads for ratio in load.ratios],
        sum(load.tokens for load in loads),
        median(load.us_per_token for load in loads),
        median(load.kb_per_stream for load in loads),
        [count for load in loads for count in load.connections],
    )


def _app_on_postgres(host: Host) -> Iterator[Load]:
    with postgres.server() as url, postgres.database(url) as database:
        yield from _app(host, "app, PostgreSQL", DATABASE_URL=database)


def _app(host: Host, label: str, **extra: str) -> Iterator[Load]:
    with (
        tempfile.TemporaryDirectory() as data,
        served(server(data, host, STORYTELLER_MAX_CONCURRENT=str(STREAMS), **extra)) as app,
    ):
        family = Family(app)

        def gets(first: int, count: int, seconds: float) -> list[Get]:
            return [
                _get(family, lane, first, count, seconds) for lane in range(first, first + count)
            ]

        database = extra.get("DATABASE_URL", "")
        with _warmed(host, gets(_WARM_LANES, _WARM_STREAMS, 1)):
            yield _loaded(host, app, label, gets(1, STREAMS, ARRIVING_SECONDS), database)


def _get(family: Family, lane: int, first: int, count: int, seconds: float) -> Get:
    query = urlencode({"child_id": family.ids["maya"], "theme": theme_of(lane)})
    path = f"/api/v1/stories/generate/stream?{query}"
    return Get(family.app.port, path, family.ids["token"], (lane - first) * seconds / count)


def _plain(host: Host, view: str) -> Load:
    with (
        tempfile.TemporaryDirectory() as data,
        served(server(data, host, DJANGO_SETTINGS_MODULE="benchmarks.settings.plain")) as app,
    ):

        def gets(first: int, count: int, seconds: float) -> list[Get]:
            return [
                Get(
                    app.port,
                    f"/{view}?{urlencode({'theme': theme_of(lane)})}",
                    after=(lane - first) * seconds / count,
                )
                for lane in range(first, first + count)
            ]

        with _warmed(host, gets(_WARM_LANES, _WARM_STREAMS, 1)):
            return _loaded(host, app, f"plain, {view} graph", gets(1, STREAMS, ARRIVING_SECONDS))


@contextmanager
def _warmed(host: Host, gets: Sequence[Get]) -> Iterator[None]:
    """A process that has told stories before, quickly."""
    host.pace(_WARM_TOKENS_PER_SECOND)
    watching(gets).answer()
    host.pace(TOKENS_PER_SECOND)
    host.heard()
    yield


def _loaded(host: Host, app: Server, label: str, gets: list[Get], database: str = "") -> Load:
    sys.stderr.write(f"  {label}\n")
    usage = Usage()
    _sample(app, database, usage)
    cpu_seconds = app.cpu_seconds
    load = watching(gets)
    _watch(load, app, database, usage)
    seen = load.answer()
    cpu_seconds = app.cpu_seconds - cpu_seconds
    _sample(app, database, usage)
    calls = host.heard()
    lanes = [Lane(_calls_of(lane, calls), get.after) for lane, get in enumerate(gets, start=1)]
    ratios = [one.whole / other for one, other in zip(seen, alone(host, lanes), strict=True)]
    host.heard()
    for one in seen:
        if '"type": "complete"' not in one.last:
            raise RuntimeError(f"no chapter came of it: {one.last}")
    tokens = sum(call.tokens for call in calls)
    return Load(
        label,
        seen,
        ratios,
        tokens,
        us_per_token=cpu_seconds / tokens * 1e6,
        kb_per_stream=(max(usage.memory) - usage.memory[0]) / STREAMS,
        connections=usage.connections,
    )


def _calls_of(lane: int, calls: Sequence[Heard]) -> tuple[Heard, ...]:
    return tuple(call for call in calls if call.lane == lane)


def _watch(load: Elsewhere[list[Seen]], app: Server, database: str, usage: Usage) -> None:
    load.wait_until_ready()
    while load.is_working:
        _sample(app, database, usage)
        time.sleep(_SAMPLE_SECONDS)


def _sample(app: Server, database: str, usage: Usage) -> None:
    usage.memory.append(app.memory_kb)
    usage.connections.append(_backends(database) if database else app.sqlite_connections)


def _backends(database: str) -> int:
    query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
    return int(postgres.ask(database, query)[0][0])


def _report(loads: list[Load]) -> str:
    tokens = median(load.tokens for load in loads) / STREAMS / ROUNDS
    titles = ["", *(load.label for load in loads), "goal for the app"]
    told = (
        f"{STREAMS} chapters that begin within {ARRIVING_SECONDS:g} s, in one process that has "
        f"told {_WARM_STREAMS} before, with a model host that sends each "
        f"{TOKENS_PER_SECOND:g} tokens a second; {tokens:.0f} tokens a chapter. Every load "
        f"comes {ROUNDS} times, in turn with the others and in a fresh process: times and ratios "
        "are of all its chapters together, CPU and memory of the median round. After each "
        "load the same calls go to the host alone, at the same times; the ratio is a chapter's "
        "time to its calls' time there. The plain ones are `benchmarks/plain.py`: the same "
        "server, and a view that relays `astream_events` of our graph, or of a bare one "
        "without any check, and keeps nothing; the first event there is the first token. "
        "Where the goal is the same graph's number, the app is to be no slower than that. Memory "
        f"is what the process grew by. Load average {load_average()}."
    )
    return "\n\n".join(
        [
            told,
            table(titles, [*_rows(loads)]),
        ]
    )


def _rows(loads: Sequence[Load]) -> Iterator[list[str]]:
    def row(label: str, values: list[float], form: str, goal: float | None = None) -> list[str]:
        judged = "" if goal is None else _judged(loads, values, goal, form)
        return [label, *(form.format(value) for value in values), judged]

    ratios = [load.ratios for load in loads]
    medians = [median(each) for each in ratios]
    per_token = [load.us_per_token for load in loads]
    firsts = [[one.first_event * 1000 for one in load.seen] for load in loads]
    connections = [load.connections for load in loads]
    yield row("whole chapter, ratio, median", medians, "{:.3f}", medians[2])
    yield row("whole chapter, ratio, worst", [max(each) for each in ratios], "{:.3f}", WHOLE_RATIO)
    yield row("first event, median", [median(each) for each in firsts], "{:.0f} ms")
    yield row(
        "first event, p95", [percentile(each, 95) for each in firsts], "{:.0f} ms", FIRST_EVENT_MS
    )
    yield row("CPU per token", per_token, "{:.0f} µs", per_token[2])
    yield row("memory per stream", [load.kb_per_stream for load in loads], "{:.0f} kB", STREAM_KB)
    for label, pick in (("before", 0), ("after", -1)):
        yield row(f"database connections {label}", [each[pick] for each in connections], "{:.0f}")
    yield row(
        "database connections, most", [max(each) for each in connections], "{:.0f}", CONNECTIONS
    )


def _judged(loads: Sequence[Load], values: Sequence[float], goal: float, form: str) -> str:
    """Both databases are held to the goal; where one alone misses it, which."""
    apps = list(zip(loads, values, strict=True))[:2]
    missed = [load.label for load, value in apps if value > goal]
    if len(missed) == 1:
        return f"≤ {form.format(goal)}: **missed** by {missed[0].removeprefix('app, ')}"
    return verdict(max(value for _, value in apps), goal, form)
