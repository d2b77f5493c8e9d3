"""Many readers of few runs: how late they hear, and what they cost the database."""

import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from testkit.app import Family

from .app import Server, served, server
from .clients import Get, Seen, watching
from .counted import Counts
from .host import Host, theme_of
from .report import load_average, percentile, table, verdict

TITLE = "1,000 readers of 10 runs"
# Runs, and readers of each.
CROWDS = ((1, 100), (10, 1), (10, 10), (10, 100))
TOKENS_PER_SECOND = 20.0
LAG_MS = 500.0
MAX_GROWTH = 1.1
_MAX_RUNS = 16


@dataclass(frozen=True)
class Crowd:
    """The result of one crowd: seconds that each event of each reader was late, and statements
    while the runs were written."""

    runs: int
    readers: int
    lags: list[float]
    worst_reader: float
    events: int
    seconds: float
    live: Counts


def run() -> str:
    with (
        Host(TOKENS_PER_SECOND) as host,
        tempfile.TemporaryDirectory() as data,
        served(_counted(data, host)) as app,
    ):
        family = Family(app)
        crowds = [_crowd(host, app, family, number) for number in range(len(CROWDS))]
    return _report(crowds)


def _counted(data: str, host: Host) -> Server:
    return server(
        data,
        host,
        DJANGO_SETTINGS_MODULE="benchmarks.settings.counted",
        BENCHMARK_COUNTS=str(Path(data) / "counts"),
        STORYTELLER_MAX_CONCURRENT=str(_MAX_RUNS),
    )


def _crowd(host: Host, app: Server, family: Family, number: int) -> Crowd:
    runs, each = CROWDS[number]
    sys.stderr.write(f"  {runs * each} readers of {runs}\n")
    host.hold()
    themes = [theme_of(100 * number + lane) for lane in range(runs)]
    ids = [family.start_story(theme).generation_id for theme in themes]
    readers = watching([_get(family, id_) for _ in range(each) for id_ in ids])
    readers.wait_until_ready()
    before = Counts.kept_in(app.data / "counts")
    host.release()
    seen = readers.answer()
    live = Counts.kept_in(app.data / "counts") - before
    appended = app.inside("appended", *ids)
    late = [_lags(one, appended[ids[at % runs]]) for at, one in enumerate(seen)]
    written = [at for log in appended.values() for at in log[1:]]
    return Crowd(
        runs,
        runs * each,
        lags=[lag for lags in late for lag in lags],
        worst_reader=max(percentile(lags, 95) for lags in late),
        events=len(written),
        seconds=max(written) - min(written),
        live=live,
    )


def _get(family: Family, generation_id: str) -> Get:
    path = f"/api/v1/generations/{generation_id}/events"
    return Get(family.app.port, path, family.ids["token"])


def _lags(seen: Seen, appended: Sequence[float]) -> list[float]:
    """Seconds; the first event was there before anybody looked."""
    came = defaultdict(float, seen.events)
    if '"type": "complete"' not in seen.last or len(came) != len(appended):
        raise RuntimeError(f"{len(came)} of {len(appended)} events: {seen.last}")
    return [came[position] - at for position, at in enumerate(appended, start=1) if position > 1]


def _report(crowds: Sequence[Crowd]) -> str:
    titles = [
        "",
        "lag, median",
        "lag, p95",
        "p95 of the worst reader",
        f"goal: p95 ≤ {LAG_MS:.0f} ms",
        "events",
        "reads of the log",
        "other reads",
        "writes",
    ]
    told = (
        "Readers come over HTTP, each on a connection of its own, before the runs' first word; "
        f"the model host then sends {TOKENS_PER_SECOND:g} tokens a second to each run. A lag "
        "is the time from the making of an event's row, in the transaction that commits it, to "
        "the last byte of its frame at a reader. Statements are counted in the app's process, "
        "from the first word to the last reader's end. Not among them is what is looked up when "
        "a reader comes, and again every 30 s while it stays (two reads), to see whether it may "
        f"read. Load average {load_average()}."
    )
    return "\n\n".join(
        [
            told,
            table(titles, [_row(crowd) for crowd in crowds]),
            _growth(*(crowd for crowd in crowds if crowd.runs == CROWDS[-1][0])),
        ]
    )


def _growth(few: Crowd, *more: Crowd) -> str:
    """True when reads of the same number of runs grow with those who read them."""
    reads = [crowd.live.log_reads + crowd.live.other_reads for crowd in (few, *more)]
    readers = ", ".join(f"{crowd.readers:,}" for crowd in (few, *more))
    judged = verdict(max(reads) / reads[0], MAX_GROWTH, "{:.2f}")
    return (
        f"All reads of {few.runs} runs, with {readers} readers: {', '.join(map(str, reads))}. "
        f"The most, to those with the fewest readers: {max(reads) / reads[0]:.2f}. Goal: {judged}."
    )


def _row(crowd: Crowd) -> list[str]:
    ms = "{:.0f} ms"
    late = percentile(crowd.lags, 95) * 1000
    shown = [percentile(crowd.lags, 50) * 1000, late, crowd.worst_reader * 1000]
    return [
        f"{crowd.readers} readers of {crowd.runs}",
        *(ms.format(value) for value in shown),
        verdict(crowd.worst_reader * 1000, LAG_MS, ms),
        str(crowd.events),
        *(str(count) for count in crowd.live),
    ]
