"""Verdicts: findings of a check, in a form that staff can be shown."""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """PASS may be shown; SOFT wants another wording; HARD ends the attempt that wrote it."""

    PASS = "pass"  # noqa: S105 - no password
    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check.

    `score` is from 0 to 1, where 1 is surely unsafe, and `threshold` the score from which the layer
    stops a text. `rule`, `category` and `excerpt` are empty where nothing was found. `layers`
    names the layers that ran, in order, also where the first of them stopped the text.
    """

    severity: Severity
    layer: str
    rule: str = ""
    category: str = ""
    score: float = 0.0
    threshold: float = 1.0
    excerpt: str = ""
    layers: tuple[str, ...] = field(default=())

    @property
    def approved(self) -> bool:
        return self.severity is Severity.PASS
