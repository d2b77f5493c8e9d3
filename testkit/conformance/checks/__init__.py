"""The checks, R1 to R20. To import this package is to register them."""

from testkit.conformance.checks import (
    continuing,
    cursors,
    failures,
    reading,
    refusals,
    starting,
    stopping,
    survival,
    wishes,
)

__all__ = [
    "continuing",
    "cursors",
    "failures",
    "reading",
    "refusals",
    "starting",
    "stopping",
    "survival",
    "wishes",
]
