"""A stand-in as a program of its own, for whichever protocol."""

import argparse
import signal
import sys
from typing import Any

from .base import DEFAULT_MODEL, ModelHost
from .quirks import Quirk, quirks_of


def run(host_type: type[ModelHost[Any]], *, port: int) -> None:
    """Until it is interrupted or terminated; the first line on standard output is the address."""
    options = _parser(host_type, port).parse_args()
    endings = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)
    with host_type(**vars(options)) as host:
        sys.stdout.write(host.base_url + "\n")
        sys.stdout.flush()
        signal.sigwait(endings)


def _parser(host_type: type[ModelHost[Any]], port: int) -> argparse.ArgumentParser:
    known = quirks_of(host_type.name)
    parser = argparse.ArgumentParser(
        description=host_type.__doc__,
        epilog="Quirks:\n" + "\n".join(map(_line, known)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--tokens-per-second", type=float, default=50.0)
    parser.add_argument("--first-token-seconds", type=float, default=0.0)
    parser.add_argument("--load-seconds", type=float, default=0.0)
    parser.add_argument(
        "--authorization", default="", help="refuse whoever does not send this header"
    )
    parser.add_argument(
        "--quirk",
        dest="quirks",
        action="append",
        default=[],
        metavar="NAME[=KIND,…]",
        help="show this habit of real hosts, in answers to calls of these kinds alone: "
        "prose, structured, judge, rewording, guard",
    )
    return parser


def _line(quirk: Quirk) -> str:
    return f"  {quirk.label:32}{quirk.says}"
