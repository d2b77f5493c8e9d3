"""Hosts that failed lately: left out by this process, and asked again after a while.

The waits double up to half a minute, and differ at random by a fifth, so that processes that lost a
host together do not come back to it together.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .host import NoModel

FIRST_SECONDS = 5.0
MAX_SECONDS = 30.0
_SPREAD = 0.2


@dataclass
class _Failure:
    problem: NoModel
    count: int
    at: float
    again_at: float
    is_over: bool = False


@dataclass
class Failures:
    """The failures by host. One that answers is used again, and waited for longer where it fails
    soon after that."""

    clock: Callable[[], float] = time.monotonic
    _by_host: dict[str, _Failure] = field(default_factory=dict)

    def note(self, host: str, problem: NoModel) -> None:
        now, earlier = self.clock(), self._by_host.get(host)
        is_fresh = earlier is None or now - earlier.at > 2 * MAX_SECONDS
        count = 1 if is_fresh or earlier is None else earlier.count + 1
        again_at = now + _wait_seconds(count)
        self._by_host[host] = _Failure(problem, count, now, again_at)

    def note_answer(self, host: str) -> None:
        if failure := self._by_host.get(host):
            failure.is_over = True

    def problem_of(self, host: str) -> NoModel | None:
        """The reason why the host is left out; None if it is not."""
        failure = self._by_host.get(host)
        return failure.problem if failure and not failure.is_over else None

    def forget(self) -> None:
        """Ask them all again."""
        self._by_host.clear()

    def take_due(self, host: str) -> bool:
        """True for one caller once the wait is over: it asks, and the others go on waiting."""
        failure = self._by_host.get(host)
        if failure is None or failure.is_over or self.clock() < failure.again_at:
            return False
        failure.again_at = self.clock() + MAX_SECONDS
        return True


def _wait_seconds(count: int) -> float:
    seconds = min(FIRST_SECONDS * 2 ** (count - 1), MAX_SECONDS)
    return float(seconds * random.uniform(1 - _SPREAD, 1 + _SPREAD))  # noqa: S311 - no secret
