"""Coming back to a chapter that is finished: the whole log once more."""

import tempfile
from collections.abc import Sequence
from statistics import median

from testkit.app import Family

from .app import served, server
from .clients import Get, Seen, watching
from .host import Host
from .report import load_average, table, verdict

TITLE = "Rejoining a finished run"
EVENTS = 500
REPETITIONS = 20
APART_SECONDS = 0.4
WHOLE_MS = 100.0


def run() -> str:
    with (
        Host(0) as host,
        tempfile.TemporaryDirectory() as data,
    ):
        app = server(data, host)
        app.manage("migrate", "--verbosity", "0")
        family = Family(app)
        generation_id = app.inside("finished", family.email, str(EVENTS))
        with served(app):
            path = f"/api/v1/generations/{generation_id}/events"
            gets = [
                Get(app.port, path, family.ids["token"], after=number * APART_SECONDS)
                for number in range(REPETITIONS + 1)
            ]
            cold, *seen = watching(gets).answer()
    return _report(cold, seen)


def _report(cold: Seen, seen: Sequence[Seen]) -> str:
    for one in (cold, *seen):
        if len(one.events) != EVENTS or '"type": "complete"' not in one.last:
            raise RuntimeError(f"{len(one.events)} events: {one.last}")
    ms = "{:.0f} ms"
    whole = [one.whole * 1000 for one in seen]
    middle = median(whole)
    shown = [ms.format(value) for value in (middle, min(whole), max(whole), cold.whole * 1000)]
    titles = ["", "median", "least", "most", "fresh process", "goal for the median"]
    row = [f"{EVENTS} events, to the connection's end", *shown, verdict(middle, WHOLE_MS, ms)]
    told = (
        f"{REPETITIONS} times, {APART_SECONDS:g} s apart, each over a new connection, with SQLite; "
        f"from the request to the end of the response. Load average {load_average()}."
    )
    return "\n\n".join(
        [
            told,
            table(titles, [row]),
        ]
    )
