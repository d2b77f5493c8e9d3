"""Chapters written ahead: how soon a choice has its first sentence, and whether anybody who waits
is slower for them."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from testkit.app import Family, Reader
from testkit.ollama.server import OllamaServer

from .app import Server, client_of, served
from .clients import Get, watching
from .host import Host, theme_of
from .report import load_average, percentile, table, verdict

TITLE = "Chapters written ahead"
# As a model at home, whose prompt takes it a second.
FIRST_TOKEN_SECONDS = 1.0
TOKENS_PER_SECOND = 20.0
FAST = 2000.0
REPETITIONS = 20
MAX_RATIO = 0.05
P95_MS = 150.0
STREAMS = 64
ARRIVING_SECONDS = 4.0
READING = 4
ROUNDS = 3
MAX_SLOWER = 1.02
_READY_SECONDS = 120
_NEVER, _NEAR = "begun when it is chosen", "written ahead"
_SETTINGS = {_NEVER: "off", _NEAR: "near"}
_HIDDEN = "SELECT id FROM stories_generation WHERE ahead = 'hidden' AND status = '{}'"


def run() -> str:
    return f"{_choices()}\n\n{_streams()}"


# From the choice to the first sentence -----------------------------------------------------------


def _choices() -> str:
    seconds: dict[str, list[float]] = {label: [] for label in _SETTINGS}
    with OllamaServer() as host, ExitStack() as apps:
        families = {
            label: apps.enter_context(_family(label, host.url, host.model)) for label in _SETTINGS
        }
        for number in range(REPETITIONS + 1):
            for label, family in families.items():
                took = _choose(family, host, number)
                sys.stderr.write(f"  choice {number}, {label}: {took * 1000:.0f} ms\n")
                if number:  # a fresh process does some work only once
                    seconds[label].append(took)
    return _report_choices(seconds)


def _choose(family: Family, host: OllamaServer, number: int) -> float:
    """Seconds from the last choice of a new story's first chapter to the next one's first text."""
    host.tokens_per_second, host.first_token_seconds = FAST, 0.0
    reader = family.start_story(theme_of(number))
    family.finished(reader)
    offered = family.chapters(reader)[0]["choices"]
    if _is_ahead(family):
        of_story = f" AND story_id = '{reader.story_id.replace('-', '')}'"
        _wait_for(family, _HIDDEN.format("completed") + of_story, len(offered))
    host.tokens_per_second, host.first_token_seconds = TOKENS_PER_SECOND, FIRST_TOKEN_SECONDS
    return _first_text_seconds(family, reader, offered[-1]["id"])


def _first_text_seconds(family: Family, reader: Reader, choice_id: str) -> float:
    path = f"/stories/sessions/{reader.session_id}/choices/stream"
    with client_of(family) as client:
        began_at = time.monotonic()
        with client.stream("GET", path, params={"choice_id": choice_id}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: ") and json.loads(line[6:])["type"] == "content":
                    took = time.monotonic() - began_at
                    break
            else:
                raise RuntimeError("it ended without a word")
        run = client.get(f"/sessions/{reader.session_id}").json()["generation_id"]
        if run:
            client.post(f"/generations/{run}/stop").raise_for_status()
    return took


def _report_choices(seconds: dict[str, list[float]]) -> str:
    rows = [_row(label, [s * 1000 for s in took], "{:.0f} ms") for label, took in seconds.items()]
    p95 = percentile(seconds[_NEAR], 95) * 1000
    rows[-1][-1] = f"p95 {verdict(p95, P95_MS, '{:.0f} ms')}"
    ratio = median(seconds[_NEAR]) / median(seconds[_NEVER])
    form = "{:.3f}"
    rows.append(["ratio", form.format(ratio), "", "", verdict(ratio, MAX_RATIO, form)])
    told = (
        f"{REPETITIONS} choices each, in turn, in two processes with SQLite, at a model host that "
        f"takes {FIRST_TOKEN_SECONDS:g} s to a first token and then sends {TOKENS_PER_SECOND:g} a "
        "second: the time from the request to the first sentence of the second chapter at the "
        "reader. Where chapters are written ahead, those of all ways are finished by then, and the "
        f"last way is taken. Load average {load_average()}."
    )
    return f"{told}\n\n{table(['', 'median', 'p95', 'most', 'goal'], rows)}"


def _row(label: str, values: list[float], form: str) -> list[str]:
    shown = (median(values), percentile(values, 95), max(values))
    return [label, *(form.format(value) for value in shown), ""]


# Runs that are waited for, beside others ---------------------------------------------------------


def _streams() -> str:
    whole: dict[str, list[float]] = {label: [] for label in _SETTINGS}
    with Host(TOKENS_PER_SECOND) as host:
        for number in range(ROUNDS):
            for label, seconds in whole.items():
                sys.stderr.write(f"  streams, round {number + 1}, {label}\n")
                limit = {"STORYTELLER_MAX_CONCURRENT": str(STREAMS)}
                with _family(label, host.url, host.model, **limit) as family:
                    seconds.extend(_loaded(family, host))
    rows = [_row(label, values, "{:.2f} s") for label, values in whole.items()]
    ratio = median(whole[_NEAR]) / median(whole[_NEVER])
    form = "{:.3f}"
    rows.append(["ratio", form.format(ratio), "", "", verdict(ratio, MAX_SLOWER, form)])
    told = (
        f"{STREAMS} chapters that begin within {ARRIVING_SECONDS:g} s, {ROUNDS} times in turn and "
        f"in fresh processes, while {READING} children of the same family read before their "
        "choices: the time of a whole chapter. Where chapters are written ahead, some are being "
        f"written when the first of the {STREAMS} comes. Load average {load_average()}."
    )
    return f"{told}\n\n{table(['', 'median', 'p95', 'most', 'goal'], rows)}"


def _loaded(family: Family, host: Host) -> list[float]:
    """Seconds for each of the chapters that somebody waits for."""
    host.pace(FAST)
    for number in range(READING):
        family.finished(family.start_story(theme_of(STREAMS + 1 + number), chapters=5))
    host.pace(TOKENS_PER_SECOND)
    if _is_ahead(family):
        _wait_for(family, _HIDDEN.format("running"), 1)
    seen = watching([_get(family, lane) for lane in range(STREAMS)]).answer()
    for one in seen:
        if '"type": "complete"' not in one.last:
            raise RuntimeError(f"no chapter came of it: {one.last}")
    return [one.whole for one in seen]


def _get(family: Family, lane: int) -> Get:
    query = urlencode({"child_id": family.ids["maya"], "theme": theme_of(lane)})
    path = f"/api/v1/stories/generate/stream?{query}"
    after = lane * ARRIVING_SECONDS / STREAMS
    return Get(family.app.port, path, family.ids["token"], after)


# Both --------------------------------------------------------------------------------------------


@contextmanager
def _family(label: str, url: str, model: str, **extra: str) -> Iterator[Family]:
    extra["STORYTELLER_WRITE_AHEAD"] = _SETTINGS[label]
    with (
        tempfile.TemporaryDirectory() as data,
        served(Server(Path(data), url, model, extra=extra)) as app,
    ):
        yield Family(app)


def _is_ahead(family: Family) -> bool:
    return family.app.environment["STORYTELLER_WRITE_AHEAD"] != "off"


def _wait_for(family: Family, query: str, count: int) -> None:
    give_up_at = time.monotonic() + _READY_SECONDS
    while len(family.app.ask(query)) < count:
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"nothing is written ahead:\n{family.app.account}")
        time.sleep(0.05)
