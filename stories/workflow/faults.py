"""What can go wrong between us and a model host, translated once into this product's own words.

Two kinds come out: a `Fault` is worth another try; a `StoryError` ends the chapter.
"""

import json

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


class Fault(Exception):
    """The model host failed in a way that another try may cure."""


class ColdModel(Fault):
    """The host was still loading the model and answered with nothing."""


# What langchain says of a stream without one chunk, which is how Ollama's `done_reason: "load"`
# looks from here: its client drops that answer.
_NOTHING_CAME = ("No generation chunks were returned", "No data received from Ollama stream.")
_TOO_LONG = ("context length", "context size", "context window", "context_length")
_REFUSED_FOR_GOOD = range(400, 404)

HOST_ERRORS = (
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


def translate(error: Exception) -> Fault | StoryError | None:
    """What one of `HOST_ERRORS` means for the chapter; None where it is no host's doing."""
    if _says_too_long(error):
        return ContextTooLong()
    if isinstance(error, _LATE):
        return ModelTimeout()
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
