"""The format of log lines: the failure and its position in code, never the data it failed on."""

import copy
import logging
import traceback
from types import TracebackType

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class DiscreetFormatter(logging.Formatter):
    """Writes exceptions as types and lines of code.

    Their messages are left out: they may quote a story, a prompt, or what a child typed.
    """

    def format(self, record: logging.LogRecord) -> str:
        # Another handler may have written the exception in full, and kept that in the record.
        own = copy.copy(record)
        own.exc_text = None
        return super().format(own)

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's own name
        lines: list[str] = []
        error, heading = ei[1], ""
        while error is not None:
            kind = type(error)
            lines += [heading + f"{kind.__module__}.{kind.__qualname__} (message left out)"]
            lines += [f"  {frame}".rstrip() for frame in _lines_of(error)]
            error, heading = error.__cause__ or error.__context__, "while handling "
        return "\n".join(lines)


def _lines_of(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
