"""Errors that end a chapter early, by the codes of the stream contract.

Each says whether trying again makes sense; `stories.messages` has the sentences that parents read.
Details for staff travel as the exception's causes: the argument of a `ToldToStaff`, and the types
of all others.
"""

from collections.abc import Iterator
from enum import StrEnum


class ErrorCode(StrEnum):
    """The `code` of the stream's terminal `error` event."""

    SAFETY_REJECTED = "SAFETY_REJECTED"
    CHECK_FAILED = "CHECK_FAILED"
    MODEL_UNAVAILABLE = "MODEL_UNAVAILABLE"
    MODEL_REFUSED = "MODEL_REFUSED"
    MODEL_TIMEOUT = "MODEL_TIMEOUT"
    EMPTY_CONTENT = "EMPTY_CONTENT"
    TOO_SHORT = "TOO_SHORT"
    DECLINED = "DECLINED"
    CONTEXT_TOO_LONG = "CONTEXT_TOO_LONG"
    CANCELLED = "CANCELLED"
    INTERRUPTED = "INTERRUPTED"
    WORKFLOW_ERROR = "WORKFLOW_ERROR"


class ToldToStaff(Exception):
    """An error whose argument, or else `reason`, is a sentence for staff and the log: it quotes
    neither a story nor a prompt, and no secret."""

    reason = ""


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def told_to_staff(error: BaseException) -> str:
    """The cause in words for staff, as far as it may be told; else empty."""
    causes = (cause for cause in causes_of(error) if isinstance(cause, ToldToStaff))
    told = (str(cause) or cause.reason for cause in causes)
    return next(filter(None, told), "")


class StoryError(ToldToStaff):
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
    reason = "its text did not pass the checks, however often it was tried"


class Withdrawn(SafetyRejected):
    """Staff took the chapter away from its readers."""

    message_key = "withdrawn"
    reason = "it was withdrawn"


class Declined(StoryError):
    """The model would not tell the story."""

    code = ErrorCode.DECLINED
    reason = "the model, or its host, refused to tell the story"


class CheckFailed(StoryError):
    """The model that is to judge the chapter gave no judgement, so it has not passed."""

    code = ErrorCode.CHECK_FAILED


class ModelUnavailable(StoryError):
    """The model's host cannot be reached, or there is none."""

    code = ErrorCode.MODEL_UNAVAILABLE


class ModelRefused(StoryError):
    """The model's host refuses what it is asked, or the settings lead to none: time alone changes
    nothing."""

    code = ErrorCode.MODEL_REFUSED


class RequestRefused(ModelRefused):
    """The model's host finds fault with the request itself, such as with one of its parameters."""


class OutOfUse(ModelRefused):
    """The model gave no judgement of several chapters in a row, and is not asked for more."""


class ModelTimeout(StoryError):
    """The model's host took too long to answer."""

    code = ErrorCode.MODEL_TIMEOUT


class EmptyContent(StoryError):
    """The model wrote nothing."""

    code = ErrorCode.EMPTY_CONTENT
    reason = "the model wrote no text"


class TooShort(StoryError):
    """The model wrote far less than was asked for, however often it was asked to go on."""

    code = ErrorCode.TOO_SHORT
    reason = "the model wrote far too little, or the same over and over"


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
    """The error of a code; the general one for an unknown code."""
    return _BY_CODE.get(code, StoryError)()
