"""Schedules of the chaos run, each drawn from a seed alone."""

import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

TO_THE_END = sys.maxsize
# A chapter's log has some thirty events; a bit more, so that some things come too late.
_EVENTS = 36
_LANGUAGES = ("en", "en", "es", "he")

Start = Literal["post", "get"]
Join = Literal["header", "query", "afresh", "unknown"]


class Fault(StrEnum):
    """Faults of a server, of one process of several, or of all connections to their database."""

    KILL = "kill"
    RESTART = "restart"
    KILL_WORKER = "worker kill"
    KILL_WEB = "web kill"
    RESTART_WORKER = "worker restart"
    RESTART_WEB = "web restart"
    CUT = "database cut"


# How often each befalls a schedule. A draw takes one throw of the dice whatever stands here.
OF_ONE: Mapping[Fault | None, int] = {None: 18, Fault.KILL: 1, Fault.RESTART: 1}
OF_MANY: Mapping[Fault | None, int] = {
    None: 15,
    Fault.KILL_WORKER: 1,
    Fault.KILL_WEB: 1,
    Fault.RESTART_WORKER: 1,
    Fault.RESTART_WEB: 1,
    Fault.CUT: 1,
}


@dataclass(frozen=True)
class Hop:
    """One connection of a reader: how it joins, and after how many events it leaves."""

    join: Join
    events: int


@dataclass(frozen=True)
class Reader:
    """Joins once the chapter has more events than this; its last hop is to the end."""

    joins_at: int
    hops: tuple[Hop, ...]


@dataclass(frozen=True)
class Chapter:
    """`start` is by a POST, or by the GET that streams, too; the first reader is there from then.

    `stops_at` is the number of events after which it is stopped, as often as `stops` says.
    """

    start: Start
    readers: tuple[Reader, ...]
    stops_at: int
    stops: int


@dataclass(frozen=True)
class Schedule:
    """The fault comes when the first chapter has `fault_at` events."""

    seed: int
    language: str
    chapters: tuple[Chapter, ...]
    fault: Fault | None
    fault_at: int


def draw(seed: int, faults: Mapping[Fault | None, int] = OF_ONE) -> Schedule:
    dice = random.Random(seed)
    return Schedule(
        seed=seed,
        language=dice.choice(_LANGUAGES),
        chapters=tuple(_chapter(dice) for _ in range(dice.choice((1, 1, 2)))),
        fault=dice.choices(list(faults), list(faults.values()))[0],
        fault_at=dice.randrange(_EVENTS),
    )


def _chapter(dice: random.Random) -> Chapter:
    others = [_reader(dice, dice.randrange(1, _EVENTS)) for _ in range(dice.choice((0, 1, 2)))]
    return Chapter(
        start=dice.choice(("post", "get")),
        readers=(_reader(dice, 0), *others),
        stops_at=dice.randrange(_EVENTS),
        stops=dice.choice((0, 0, 0, 1, 2)),
    )


def _reader(dice: random.Random, joins_at: int) -> Reader:
    hops = [Hop(_join(dice), dice.randrange(_EVENTS // 2)) for _ in range(dice.randrange(4))]
    return Reader(joins_at, (*hops, Hop(_join(dice), TO_THE_END)))


def _join(dice: random.Random) -> Join:
    joins: tuple[Join, ...] = ("header", "query", "afresh", "unknown")
    return dice.choices(joins, (5, 4, 2, 1))[0]
