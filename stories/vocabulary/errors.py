"""What can end a chapter early, in the words of the stream contract.

Every error carries a sentence for the parent, so that no layer above has to invent one, and says
whether trying again makes sense. Details for staff travel as the exception's causes: the argument
of a `ToldToStaff`, and the types of all others.
"""

from collections.abc import Iterator
from enum import StrEnum


class ErrorCode(StrEnum):
    """The `code` of the stream's terminal `error` event."""

    SAFETY_REJECTED = "SAFETY_REJECTED"
    MODEL_UNAVAILABLE = "MODEL_UNAVAILABLE"
    MODEL_REFUSED = "MODEL_REFUSED"
    MODEL_TIMEOUT = "MODEL_TIMEOUT"
    EMPTY_CONTENT = "EMPTY_CONTENT"
    CONTEXT_TOO_LONG = "CONTEXT_TOO_LONG"
    CANCELLED = "CANCELLED"
    INTERRUPTED = "INTERRUPTED"
    WORKFLOW_ERROR = "WORKFLOW_ERROR"


class ToldToStaff(Exception):
    """An error whose argument, if it has one, is a sentence for staff and the log: it quotes
    neither a story nor a prompt, and no secret."""


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error, and what led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def told_to_staff(error: BaseException) -> str:
    """Why it came to this, as far as that may be said; else empty."""
    told = (str(cause) for cause in causes_of(error) if isinstance(cause, ToldToStaff))
    return next(filter(None, told), "")


class StoryError(ToldToStaff):
    """The storyteller ran into a problem it could not solve. Please try again."""

    code = ErrorCode.WORKFLOW_ERROR
    retryable = True

    @property
    def message(self) -> str:
        """The sentence a parent reads: the class's docstring, in one line."""
        return " ".join((type(self).__doc__ or "").split())


class SafetyRejected(StoryError):
    """This story was not turning out right for your child, so we stopped it here.
    Please try another idea."""

    code = ErrorCode.SAFETY_REJECTED


class Withdrawn(SafetyRejected):
    """This part of the story was taken back by the people who look after the stories.
    The story goes on from the chapter before."""


class ModelUnavailable(StoryError):
    """The storyteller cannot be reached right now. Please try again in a moment."""

    code = ErrorCode.MODEL_UNAVAILABLE


class ModelRefused(StoryError):
    """The storyteller is not set up as it should be.
    Please tell the person who runs this Storyteller."""

    code = ErrorCode.MODEL_REFUSED


class ModelTimeout(StoryError):
    """The storyteller took too long to answer. Please try again."""

    code = ErrorCode.MODEL_TIMEOUT


class EmptyContent(StoryError):
    """The storyteller had no words this time. Please try again."""

    code = ErrorCode.EMPTY_CONTENT


class ContextTooLong(StoryError):
    """This story has grown longer than the storyteller can remember.
    Please start a new one."""

    code = ErrorCode.CONTEXT_TOO_LONG
    retryable = False


class Cancelled(StoryError):
    """The story was stopped. What was approved so far is kept."""

    code = ErrorCode.CANCELLED


class Interrupted(StoryError):
    """The story was interrupted before it was finished. What was approved so far is kept."""

    code = ErrorCode.INTERRUPTED


_BY_CODE: dict[str, type[StoryError]] = {kind.code: kind for kind in StoryError.__subclasses__()}


def of_code(code: str) -> StoryError:
    """The error that a code stands for; the general one for a code that is unknown."""
    return _BY_CODE.get(code, StoryError)()
