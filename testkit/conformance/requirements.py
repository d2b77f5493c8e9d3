"""The requirements by id, and what became of one when it was checked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from testkit.conformance.stage import NeedsControl, Stage
from testkit.conformance.wire import Broken, Lost

Check = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Requirement:
    id: str
    what: str
    check: Check


class Status(StrEnum):
    PASS = "pass"
    FAIL = "FAIL"
    NEEDS_CONTROL = "needs control"


@dataclass(frozen=True)
class Outcome:
    """`reason` is why it failed; `unchecked` what was left out, and why."""

    requirement: Requirement
    status: Status
    reason: str = ""
    unchecked: tuple[str, ...] = ()


_by_id: dict[str, Requirement] = {}


def requirement(id_: str, what: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        _by_id[id_] = Requirement(id_, what, check)
        return check

    return register


def all_requirements() -> list[Requirement]:
    """In the order of their ids."""
    from testkit.conformance import checks  # noqa: F401, PLC0415 - they register themselves

    return sorted(_by_id.values(), key=lambda each: int(each.id[1:]))


async def checked(each: Requirement, stage: Stage, timeout_seconds: float) -> Outcome:
    """The outcome of one requirement; it has failed, too, when it takes for ever."""
    stage.unchecked.clear()
    status, reason = Status.PASS, ""
    try:
        async with asyncio.timeout(timeout_seconds):
            await each.check(stage)
    except NeedsControl:
        status = Status.NEEDS_CONTROL
    except TimeoutError:
        status, reason = Status.FAIL, f"it was not through after {timeout_seconds:g} s"
    except (Broken, Lost) as problem:
        status, reason = Status.FAIL, str(problem) or type(problem).__name__
    return Outcome(each, status, reason, tuple(stage.unchecked))
