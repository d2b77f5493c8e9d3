"""How soon a story's first word comes with a model that has to be loaded, its page open before."""

import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import httpx

from testkit.app import Family
from testkit.ollama.server import OllamaServer

from .app import Server, client_of, served
from .report import load_average, table, verdict

TITLE = "A model that has to be loaded"
THEME = "a fox who finds a lantern"
REPETITIONS = 3
LOAD_SECONDS = 6.0
# As long as a child takes at least to choose a picture.
PAGE_SECONDS = 8.0
MAX_RATIO = 0.2
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def run() -> str:
    seconds: dict[str, list[float]] = {"no page": [], "page open before": []}
    with OllamaServer(tokens_per_second=50) as host:
        for number in range(REPETITIONS):
            sys.stderr.write(f"  round {number + 1}\n")
            _measure(host, seconds)
    return _report(seconds)


def _measure(host: OllamaServer, seconds: dict[str, list[float]]) -> None:
    """Each in a process of its own: one asks a host to load its model once a minute at most."""
    with tempfile.TemporaryDirectory() as data:
        app = Server(Path(data), host.url, host.model)
        with served(app):
            family = Family(app)
            family.finished(family.start_story(THEME))  # what a fresh process does only once
            host.load_seconds = LOAD_SECONDS
            for label, told in seconds.items():
                host.unload()
                if label != "no page":
                    _open_page(family)
                    time.sleep(PAGE_SECONDS)
                told.append(_first_word_seconds(family))
            host.load_seconds = 0


def _open_page(family: Family) -> None:
    with httpx.Client(base_url=family.app.url, follow_redirects=True) as browser:
        form = browser.get("/accounts/login/")
        token = _CSRF.search(form.text)
        assert token is not None
        fields = {"login": family.email, "password": family.password}
        signed_in = browser.post(form.url.path, data=fields | {"csrfmiddlewaretoken": token[1]})
        signed_in.raise_for_status()
        page = browser.get(f"/children/{family.ids['maya']}/new-story/")
        page.raise_for_status()
        assert str(page.url).endswith("/new-story/"), page.url


def _first_word_seconds(family: Family) -> float:
    """From the request for a story to its first text at a reader."""
    with client_of(family) as client:
        began_at = time.monotonic()
        generation_id = family.start_story(THEME).generation_id
        with client.stream("GET", f"/generations/{generation_id}/events") as stream:
            for line in stream.iter_lines():
                if '"type":"content"' in line.replace(" ", ""):
                    took = time.monotonic() - began_at
                    break
            else:
                raise RuntimeError("it ended without a word")
        client.post(f"/generations/{generation_id}/stop").raise_for_status()
    return took


def _report(seconds: dict[str, list[float]]) -> str:
    ratios = [
        warm / cold
        for cold, warm in zip(seconds["no page"], seconds["page open before"], strict=True)
    ]
    told = (
        f"{REPETITIONS} rounds, each in a fresh process, with a model host that takes "
        f"{LOAD_SECONDS:g} s to load its model and then sends 50 tokens a second. Time from begin "
        "to the first word, without the page for a new story, and with the page open "
        f"{PAGE_SECONDS:g} s before. Load average {load_average()}."
    )
    rows = [_row(label, values, "{:.2f} s", "") for label, values in seconds.items()]
    form = "{:.2f}"
    rows.append(_row("ratio", ratios, form, verdict(median(ratios), MAX_RATIO, form)))
    return "\n\n".join([told, table(["", "median", "least", "most", "goal"], rows)])


def _row(label: str, values: Sequence[float], form: str, goal: str) -> list[str]:
    shown = (median(values), min(values), max(values))
    return [label, *(form.format(value) for value in shown), goal]
