"""Moderation: cases, the rulings of staff on them, and the withdrawal of chapters."""

from .cases import (
    LONGEST_REMARK,
    LONGEST_SENTENCE,
    CannotRule,
    open_report,
    reportable,
    reports_of,
)

__all__ = [
    "LONGEST_REMARK",
    "LONGEST_SENTENCE",
    "CannotRule",
    "open_report",
    "reportable",
    "reports_of",
]
