"""The exceptions of the providers' clients, translated once into the workflow's own.

Each translation says for staff what the host answered: its status, and its own sentence.
"""

import json
import sys
import traceback
from typing import Any

import httpx
import httpx2
import ollama
from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelConnectionError,
    ModelError,
    ModelRateLimitError,
    ModelTimeoutError,
)

from stories.vocabulary.errors import (
    ContextTooLong,
    ModelRefused,
    ModelTimeout,
    RequestRefused,
    StoryError,
    causes_of,
)
from stories.workflow.faults import ColdModel, Fault, HostErrors

from .answers import OddAnswer, Redirected, ending_of
from .reasons import reason_in

# LangChain's messages for a stream without a chunk, which is how Ollama's `done_reason: "load"`
# looks from here: its client drops that answer.
_NOTHING_CAME = ("No generation chunks were returned", "No data received from Ollama stream.")
_TOO_LONG = ("context length", "context size", "context window", "context_length")
# Statuses that another try may cure: every other one from 300 to 499 is about what was asked.
_PASSING = frozenset({408, 409, 423, 425, 429})
_ABOUT_REQUEST = frozenset({400, 422})

_CLIENTS = ("ollama", "openai", "langchain_ollama", "langchain_openai")
# Exceptions from within a client that makes nothing of an answer.
_CONFUSED = (ValueError, TypeError, AttributeError, LookupError)

_LATE = (
    TimeoutError,
    ModelTimeoutError,
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.PoolTimeout,
    httpx2.ReadTimeout,
    httpx2.WriteTimeout,
    httpx2.PoolTimeout,
)
_NO_JSON = (UnicodeDecodeError, json.JSONDecodeError)
_CURABLE = (
    ConnectionError,
    *_NO_JSON,
    ModelAPIError,
    ModelConnectionError,
    ModelRateLimitError,
    httpx.HTTPError,
    httpx.StreamError,
    httpx2.HTTPError,
    httpx2.StreamError,
    OddAnswer,
)
_KINDS = (
    *_LATE,
    *_CURABLE,
    *_CONFUSED,
    ModelError,
    ollama.ResponseError,
)


def _of_openai(*names: str) -> tuple[Any, ...]:
    """OpenAI's own exceptions, if its client is in use; for other hosts half a second of import is
    too much."""
    openai = sys.modules.get("openai")
    return tuple(getattr(openai, name) for name in names) if openai else ()


def _translate(error: Exception) -> Fault | StoryError | None:
    if _says_too_long(error):
        return ContextTooLong()
    if isinstance(error, (*_LATE, *_of_openai("APITimeoutError"))):
        return ModelTimeout()
    for cause in causes_of(error):
        if isinstance(cause, OddAnswer):
            return ModelRefused(str(cause)) if isinstance(cause, Redirected) else Fault(str(cause))
    return _of_answer(error)


def _of_answer(error: Exception) -> Fault | StoryError | None:
    status = _status_of(error)
    if status is not None and 300 <= status < 500 and status not in _PASSING:
        refused = RequestRefused if status in _ABOUT_REQUEST else ModelRefused
        return refused(_told(error, status))
    if status is not None or isinstance(error, _kinds_of_refusal()):
        return Fault(_told(error, status))
    if str(error) in _NOTHING_CAME:
        return ColdModel("the host answered with nothing, as if it were loading the model")
    if _is_of_client(error):
        return Fault(f"the host's answer was of no use ({type(error).__name__})")
    return None


def _kinds_of_refusal() -> tuple[Any, ...]:
    return (*_CURABLE, ModelError, ollama.ResponseError, *_of_openai("APIError"))


def _status_of(error: Any) -> int | None:
    kinds: tuple[Any, ...] = (ollama.ResponseError, *_of_openai("APIStatusError"))
    status = int(error.status_code) if isinstance(error, kinds) else 0
    return status if status > 0 else None


def _told(error: Exception, status: int | None) -> str:
    """The status, and the host's own sentence where it is one."""
    reason = reason_in(_body_of(error), _sent_with(error))
    if status is not None:
        return f"the host answered {status}" + (f": {reason}" if reason else "")
    if reason:
        return f"the host failed in the middle of its answer: {reason}"
    if isinstance(error, _NO_JSON):
        return "the host's answer is no JSON"
    return f"the host cannot be reached ({type(error).__name__})"


def _body_of(error: Any) -> str:
    if isinstance(error, ollama.ResponseError):
        return str(error.error)
    if isinstance(error, _of_openai("APIStatusError")):
        return str(error.response.text)
    if isinstance(error, _of_openai("APIConnectionError")):
        return ""
    return str(error.message) if isinstance(error, _of_openai("APIError")) else ""


def _sent_with(error: Exception) -> bytes:
    """The body of the failed request, if the clients still know it."""
    for request in (_request_of(cause) for cause in causes_of(error)):
        try:
            if content := bytes(request.content):
                return content
        except (AttributeError, httpx.RequestNotRead, httpx2.RequestNotRead):
            continue
    return b""


def _request_of(error: BaseException) -> Any:
    try:
        return getattr(error, "request", None)
    except RuntimeError:  # httpx has it as a property that may not be set
        return None


def _is_of_client(error: Exception) -> bool:
    """True for an exception of a provider's client, false for one of our own handling of its
    answers."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package == "stories":
            return False
        if package in _CLIENTS:
            return True
    return False


def _says_too_long(error: Exception) -> bool:
    if isinstance(error, ContextOverflowError):
        return True
    text = str(error).lower()
    return isinstance(error, _kinds_of_refusal()) and any(phrase in text for phrase in _TOO_LONG)


def _kinds() -> tuple[Any, ...]:
    return (*_KINDS, *_of_openai("APIError"))


HOST_ERRORS = HostErrors(_kinds, _translate, ending_of)
