"""Moderation: cases, the rulings of staff on them, and the withdrawal of chapters."""

from .cases import (
    MAX_REMARK_CHARACTERS,
    MAX_SENTENCE_CHARACTERS,
    CannotRule,
    open_report,
    reportable,
    reports_of,
)

__all__ = [
    "MAX_REMARK_CHARACTERS",
    "MAX_SENTENCE_CHARACTERS",
    "CannotRule",
    "open_report",
    "reportable",
    "reports_of",
]
