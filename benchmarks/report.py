"""From measurements to Markdown that says what was measured, where, and whether goals are met."""

import math
import os
import platform
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("django", "daphne", "langgraph", "langchain-ollama", "psycopg")


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def verdict(value: float, goal: float, form: str) -> str:
    return f"≤ {form.format(goal)}: {'met' if value <= goal else '**missed**'}"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (titles, rule, *rows))


def load_average() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def conditions(began_at: datetime, load_before: str) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{began_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores ({_processor()}), "
        f"{platform.system()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {packages}. Load average before the run {load_before}, "
        f"at its end {load_average()}. "
        "Clients, the model host and the app are processes of their own on this machine, and share "
        "its cores."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    known = info.read_text() if info.exists() else ""
    name = known.partition("model name")[2].partition(":")[2].partition("\n")[0].strip()
    return name or platform.machine()
