"""`make bench`: what the app adds to its model's time, what many readers cost it, how soon a stop
leaves the model alone, and what reading aloud takes.

Without names, everything runs (in about a quarter of an hour) and the results are kept.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from . import ahead, chapters, commits, narration, readers, rejoin, stopping, streams, warming
from .report import conditions, load_average

RESULTS = Path(__file__).with_name("results.md")


class Benchmark(NamedTuple):
    title: str
    run: Callable[[], str]


BENCHMARKS = {
    module.__name__.rpartition(".")[2]: Benchmark(module.TITLE, module.run)
    for module in (chapters, streams, readers, commits, rejoin, stopping, warming, ahead, narration)
}


def main() -> None:
    options = _options()
    began_at, load_before = datetime.now(UTC), load_average()
    sections = [_section(BENCHMARKS[name]) for name in options.names or BENCHMARKS]
    whole = "\n\n".join(["# Benchmark results", conditions(began_at, load_before), *sections])
    sys.stdout.write(f"\n{whole}\n")
    output = options.output or (None if options.names else RESULTS)
    if output:
        output.write_text(f"{whole}\n")


def _section(benchmark: Benchmark) -> str:
    sys.stderr.write(f"{benchmark.title} …\n")
    began_at = time.monotonic()
    text = benchmark.run()
    sys.stderr.write(f"  {time.monotonic() - began_at:.0f} s\n")
    return f"## {benchmark.title}\n\n{text}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="instead of all")
    parser.add_argument("--output", type=Path, help="where to keep what was measured")
    return parser.parse_args()


if __name__ == "__main__":
    main()
