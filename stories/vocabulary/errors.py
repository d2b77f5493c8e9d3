"""Errors that end a chapter early, by the codes of the stream contract.

Each says whether trying again makes sense; `stories.messages` has the sentences that parents read.
Details for staff travel as the exception's cause.
"""

from enum import StrEnum


class ErrorCode(StrEnum):
    """The `code` of the stream's terminal `error` event."""

    SAFETY_REJECTED = "SAFETY_REJECTED"
    MODEL_UNAVAILABLE = "MODEL_UNAVAILABLE"
    MODEL_TIMEOUT = "MODEL_TIMEOUT"
    EMPTY_CONTENT = "EMPTY_CONTENT"
    CONTEXT_TOO_LONG = "CONTEXT_TOO_LONG"
    CANCELLED = "CANCELLED"
    INTERRUPTED = "INTERRUPTED"
    WORKFLOW_ERROR = "WORKFLOW_ERROR"


class StoryError(Exception):
    """A run ends without its chapter; this one stands for any problem that has no code.

    `message_key` is the key of its sentence in `stories.messages`.
    """

    code = ErrorCode.WORKFLOW_ERROR
    retryable = True

    @property
    def message_key(self) -> str:
        return self.code


class SafetyRejected(StoryError):
    """The chapter was judged unfit for the child."""

    code = ErrorCode.SAFETY_REJECTED


class Withdrawn(SafetyRejected):
    """Staff took the chapter away from its readers."""

    message_key = "withdrawn"


class ModelUnavailable(StoryError):
    """The model's host cannot be reached, or there is none."""

    code = ErrorCode.MODEL_UNAVAILABLE


class ModelTimeout(StoryError):
    """The model's host took too long to answer."""

    code = ErrorCode.MODEL_TIMEOUT


class EmptyContent(StoryError):
    """The model wrote nothing."""

    code = ErrorCode.EMPTY_CONTENT


class ContextTooLong(StoryError):
    """The story no longer fits into the model's context."""

    code = ErrorCode.CONTEXT_TOO_LONG
    retryable = False


class Cancelled(StoryError):
    """A stop was asked for."""

    code = ErrorCode.CANCELLED


class Interrupted(StoryError):
    """Nobody was left to write the chapter to its end."""

    code = ErrorCode.INTERRUPTED


_BY_CODE: dict[str, type[StoryError]] = {kind.code: kind for kind in StoryError.__subclasses__()}


def of_code(code: str) -> StoryError:
    """The error that a code stands for; the general one for a code that is unknown."""
    return _BY_CODE.get(code, StoryError)()
