"""The cost of committing an event before anybody sees it."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testkit import postgres

from .app import Server
from .report import load_average, percentile, table, verdict

TITLE = "Persist before emit"
LOGS = 50
EVENTS_PER_SECOND = 1000
SECONDS = 5
WARM_SECONDS = 1
P99_MS = 5.0


def run() -> str:
    measured = {}
    for label, open_app in (("SQLite", _on_sqlite), ("PostgreSQL", _on_postgres)):
        sys.stderr.write(f"  {label}\n")
        with open_app() as app:
            app.manage("migrate", "--verbosity", "0")
            numbers = [str(number) for number in (LOGS, EVENTS_PER_SECOND, SECONDS, WARM_SECONDS)]
            measured[label] = app.inside("commits", *numbers)
    return _report(measured)


@contextmanager
def _on_sqlite() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as data:
        yield _app(data)


@contextmanager
def _on_postgres() -> Iterator[Server]:
    with (
        tempfile.TemporaryDirectory() as data,
        postgres.server() as url,
        postgres.database(url) as database,
    ):
        yield _app(data, DATABASE_URL=database)


def _app(data: str, **extra: str) -> Server:
    return Server(Path(data), model_url="http://127.0.0.1:9", model_name="", extra=extra)


def _report(measured: dict[str, dict[str, list[float]]]) -> str:
    rows = [_row(label, waits["committed"]) for label, waits in measured.items()]
    rows.append(_row("no database", measured["SQLite"]["published"], is_judged=False))
    rate = f"{EVENTS_PER_SECOND:,} events a second in {LOGS} logs for {SECONDS} s"
    told = (
        f"{rate}, in one process, one reader a log. Measured is the time from "
        "`LogWriter.append` until a reader in the same process has the event in its hands: "
        "waiting for the commit that is under way, the group commit that it is part of, and "
        "the reader's wake-up. Without a database the events are published at once, which is "
        f"what emitting costs alone. Load average {load_average()}."
    )
    return "\n\n".join(
        [
            told,
            table(["", "median", "p95", "p99", "most", "goal for p99"], rows),
        ]
    )


def _row(label: str, waits: list[float], *, is_judged: bool = True) -> list[str]:
    ms = "{:.2f} ms"
    p99 = percentile(waits, 99) * 1000
    shown = [percentile(waits, 50) * 1000, percentile(waits, 95) * 1000, p99, max(waits) * 1000]
    judged = verdict(p99, P99_MS, ms) if is_judged else ""
    return [label, *(ms.format(value) for value in shown), judged]
