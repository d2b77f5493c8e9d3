"""Checks a server against the stream contract, R1 to R20, and prints a table.

    python -m testkit.conformance --base-url http://127.0.0.1:8000 --token stt_… [--only R3]

Give it an account of its own: it adds children and has chapters written for them. What needs a hand
on the server's processes is left out, and said so; without --base-url, the suite starts a server
and a scripted model host itself, and checks everything.
"""

import argparse
import asyncio
import sys
from contextlib import ExitStack

from testkit.conformance.requirements import Outcome, Status, all_requirements, checked
from testkit.conformance.sites import temporary_site
from testkit.conformance.stage import Stage


def main() -> int:
    options = _options()
    with ExitStack() as stack:
        if options.base_url:
            stage = Stage(options.base_url, options.token, options.second_token)
        else:
            own = stack.enter_context(temporary_site("one"))
            stage = own.stage()
        outcomes = asyncio.run(_check(stage, options.only, options.patience))
    failed = [outcome for outcome in outcomes if outcome.status is Status.FAIL]
    return 1 if failed or not outcomes else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m testkit.conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--base-url", help="the server's address, without /api/v1")
    parser.add_argument("--token", default="", help="a Bearer token of a parent")
    parser.add_argument("--second-token", default="", help="one of a parent of another family")
    parser.add_argument("--only", action="append", metavar="ID", help="R1 to R20; may be repeated")
    parser.add_argument(
        "--patience", type=float, default=180.0, metavar="SECONDS", help="for each requirement"
    )
    options = parser.parse_args()
    if options.base_url and not options.token:
        parser.error("--base-url needs --token")
    known = {each.id for each in all_requirements()}
    if unknown := set(options.only or ()) - known:
        parser.error(f"--only: unknown are {', '.join(sorted(unknown))}")
    return options


async def _check(stage: Stage, only: list[str] | None, timeout_seconds: float) -> list[Outcome]:
    outcomes = []
    async with stage:
        for each in all_requirements():
            if not only or each.id in only:
                outcomes.append(await checked(each, stage, timeout_seconds))
                _print(outcomes[-1])
    return outcomes


def _print(outcome: Outcome) -> None:
    lines = [f"{outcome.requirement.id:4} {outcome.status:14} {outcome.requirement.what}"]
    lines += [f"     because: {outcome.reason}"] if outcome.reason else []
    lines += [f"     not checked: {what}" for what in outcome.unchecked]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
