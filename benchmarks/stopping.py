"""How long after a stop the model is left alone, in each kind of call that a chapter makes."""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx

from testkit import postgres
from testkit.app import App, Family
from testkit.hosts import Call, Hold, Kind, Reply, Script
from testkit.ollama.server import OllamaServer

from .app import Server, client_of, served, working
from .report import load_average, table, verdict

TITLE = "From a stop to the model's rest"
THEME = "a fox who finds a lantern"
REPETITIONS = 7
LEFT_MS = 250.0
_REACHED_SECONDS = 30.0
_LEFT_SECONDS = 30.0
_TO_BE_REWORDED = (
    "A fox found a lantern. It shone on the path. The cold wind killed the little flame."
)


@dataclass(frozen=True)
class _Moment:
    """A call of this kind that is held before its token number `after`; `others` are what leads
    there."""

    kind: Kind
    after: int = 0
    passing: int = 0
    others: Mapping[str, Script] = field(default_factory=dict)


_MOMENTS = {
    "prose": _Moment("prose", after=20),
    "judge": _Moment("judge"),
    "rewording of a sentence": _Moment("rewording", others={"prose": [_TO_BE_REWORDED]}),
    "rewrite of the chapter": _Moment(
        "prose", after=20, passing=1, others={"judge": [{"problem": "meanness", "weight": 3}]}
    ),
    "structured": _Moment("structured"),
}


def run() -> str:
    measured: dict[str, dict[str, list[float]]] = {}
    with OllamaServer() as host:
        for label, open_app in (
            ("one process, SQLite", migration_lock),
            ("a worker, PostgreSQL", _with_worker),
        ):
            sys.stderr.write(f"  {label}\n")
            with open_app(host) as app:
                family = Family(app)
                _stop(host, family, _MOMENTS["prose"])  # what a fresh process does only once
                measured[label] = _measure(host, family)
    return _report(measured)


@contextmanager
def migration_lock(host: OllamaServer) -> Iterator[App]:
    with tempfile.TemporaryDirectory() as data, served(_app(data, host)) as app:
        yield app


@contextmanager
def _with_worker(host: OllamaServer) -> Iterator[App]:
    with (
        tempfile.TemporaryDirectory() as data,
        postgres.server() as url,
        postgres.database(url) as database,
    ):
        app = _app(data, host, DATABASE_URL=database, STORYTELLER_RUNS="workers")
        with served(app), working(app):
            yield app


def _app(data: str, host: OllamaServer, **extra: str) -> Server:
    return Server(Path(data), host.url, host.model, extra=extra)


def _measure(host: OllamaServer, family: Family) -> dict[str, list[float]]:
    """Milliseconds, by the kind of call."""
    return {
        label: [_stop(host, family, moment) * 1000 for _ in range(REPETITIONS)]
        for label, moment in _MOMENTS.items()
    }


def _stop(host: OllamaServer, family: Family, moment: _Moment) -> float:
    """Seconds from asking for the stop until the host sees its connection closed."""
    hold, calls = Hold(after=moment.after), list[Call]()

    def answer(call: Call) -> Reply:
        calls.append(call)
        return Reply(hold=hold)

    host.script(prose=[], judge=[], rewording=[], structured=[])
    host.script(**moment.others)
    held: Script = [*[None] * moment.passing, answer]
    host.script(**{moment.kind: held})
    generation_id = family.start_story(THEME).generation_id
    hold.reached.wait(_REACHED_SECONDS)
    with client_of(family) as client:  # made before, as a page's connection would be
        asked_at = time.monotonic()
        client.post(f"/generations/{generation_id}/stop").raise_for_status()
    calls[0].disconnected.wait(_LEFT_SECONDS)
    left_at = calls[0].disconnected.at
    assert left_at is not None
    _check_ended(family, generation_id)
    return left_at - asked_at


def _check_ended(family: Family, generation_id: str) -> None:
    headers = {"Authorization": f"Bearer {family.ids['token']}"}
    path = f"/api/v1/generations/{generation_id}/events"
    answer = httpx.get(family.app.url + path, headers=headers, timeout=_LEFT_SECONDS)
    if '"CANCELLED"' not in answer.text:
        raise RuntimeError(f"it was not stopped: {answer.text[-500:]}")


def _report(measured: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    rows = [
        _row(f"{call}, {where}", milliseconds)
        for where, by_call in measured.items()
        for call, milliseconds in by_call.items()
    ]
    told = (
        f"Each {REPETITIONS} times, in the middle of the call: from the request for the stop until "
        "the model host sees its connection closed, while the host would go on for ever. The "
        f"request goes to the web process in either case. Load average {load_average()}."
    )
    titles = ["call", "median", "least", "most", "goal for the median"]
    return "\n\n".join([told, table(titles, rows)])


def _row(label: str, milliseconds: Sequence[float]) -> list[str]:
    ms = "{:.0f} ms"
    middle = median(milliseconds)
    shown = [ms.format(value) for value in (middle, min(milliseconds), max(milliseconds))]
    return [label, *shown, verdict(middle, LEFT_MS, ms)]
