"""The exceptions of the providers' clients, translated once into the workflow's own."""

import json
import sys
from typing import Any

import httpx
import httpx2
import ollama
from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelConnectionError,
    ModelError,
    ModelNotFoundError,
    ModelRateLimitError,
    ModelTimeoutError,
)

from stories.vocabulary.errors import ContextTooLong, ModelTimeout, ModelUnavailable, StoryError
from stories.workflow.faults import AnswerCut, ColdModel, Fault, HostErrors

# What langchain says of a stream without one chunk, which is how Ollama's `done_reason: "load"`
# looks from here: its client drops that answer.
_NOTHING_CAME = ("No generation chunks were returned", "No data received from Ollama stream.")
_TOO_LONG = ("context length", "context size", "context window", "context_length")
_REFUSED_FOR_GOOD = range(400, 404)

_KINDS = (
    ConnectionError,
    TimeoutError,
    ValueError,
    ModelError,
    httpx.HTTPError,
    httpx.StreamError,
    httpx2.HTTPError,
    httpx2.StreamError,
    ollama.ResponseError,
)

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
_CURABLE = (
    ConnectionError,
    json.JSONDecodeError,
    ModelAPIError,
    ModelConnectionError,
    ModelNotFoundError,
    ModelRateLimitError,
    httpx.HTTPError,
    httpx.StreamError,
    httpx2.HTTPError,
    httpx2.StreamError,
)


def _cuts() -> tuple[Any, ...]:
    """OpenAI's own, where its client is in use; for others half a second of import is too much."""
    openai = sys.modules.get("openai")
    return (openai.LengthFinishReasonError,) if openai else ()


def _translate(error: Exception) -> Fault | AnswerCut | StoryError | None:
    if isinstance(error, _cuts()):
        return AnswerCut(error.completion.choices[0].message.content or "")
    if _says_too_long(error):
        return ContextTooLong()
    if isinstance(error, _LATE):
        return ModelTimeout()
    return _of_refusal(error)


def _of_refusal(error: Exception) -> Fault | StoryError | None:
    if isinstance(error, ollama.ResponseError):
        return ModelUnavailable() if error.status_code in _REFUSED_FOR_GOOD else Fault(str(error))
    if isinstance(error, _CURABLE):
        return Fault(str(error))
    if isinstance(error, ModelError):
        return ModelUnavailable()
    return ColdModel() if str(error) in _NOTHING_CAME else None


def _says_too_long(error: Exception) -> bool:
    if isinstance(error, ContextOverflowError):
        return True
    text = str(error).lower()
    return isinstance(error, (ModelError, ollama.ResponseError)) and any(
        phrase in text for phrase in _TOO_LONG
    )


HOST_ERRORS = HostErrors(lambda: (*_KINDS, *_cuts()), _translate)
