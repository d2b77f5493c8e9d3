"""The checks, R1 to R14. To import this package is to register them."""

from testkit.conformance.checks import cursors, failures, reading, starting, stopping, survival

__all__ = ["cursors", "failures", "reading", "starting", "stopping", "survival"]
