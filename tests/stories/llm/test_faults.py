"""The exceptions of the providers' clients mean one of a few things to a chapter."""

import json

import httpx
import ollama
import pytest
from langchain_core.exceptions import ContextOverflowError, ModelAPIError

from stories.llm.faults import HOST_ERRORS
from stories.vocabulary.errors import ContextTooLong, ModelRefused, ModelTimeout
from stories.workflow.faults import ColdModel, Ending, Fault


def raised_for(error: Exception) -> Exception:
    with pytest.raises(Exception) as caught, HOST_ERRORS.translated():  # noqa: PT011
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (ConnectionRefusedError(), Fault),
        (httpx.ReadError("gone"), Fault),
        (httpx.ReadTimeout("late"), ModelTimeout),
        (TimeoutError(), ModelTimeout),
        (json.JSONDecodeError("half", "{", 1), Fault),
        (ModelAPIError("busy"), Fault),
        (ollama.ResponseError("busy", 503), Fault),
        (ollama.ResponseError("who are you?", 401), ModelRefused),
        (ollama.ResponseError("exceeds the context length", 400), ContextTooLong),
        (ContextOverflowError("too long"), ContextTooLong),
        (ValueError("No generation chunks were returned"), ColdModel),
    ],
)
def test_an_error_of_a_host_is_told_in_the_workflows_words(
    error: Exception, meaning: type[Exception]
) -> None:
    raised = raised_for(error)
    assert type(raised) is meaning
    assert raised.__cause__ is error


@pytest.mark.parametrize(
    ("metadata", "ending"),
    [
        ({}, None),
        ({"finish_reason": None}, None),
        ({"finish_reason": "stop"}, Ending.WHOLE),
        ({"finish_reason": "eos"}, Ending.WHOLE),
        ({"finish_reason": "length"}, Ending.LENGTH),
        ({"finish_reason": "content_filter"}, Ending.DECLINED),
        ({"done": True, "done_reason": "stop"}, Ending.WHOLE),
        ({"done": True, "done_reason": "length"}, Ending.LENGTH),
        ({"done": True, "done_reason": "unload"}, None),
        ({"done": True, "done_reason": None}, Ending.WHOLE),
        ({"done": False}, None),
    ],
)
def test_the_end_of_a_stream_is_read_from_its_metadata(
    metadata: dict[str, object], ending: Ending | None
) -> None:
    assert HOST_ERRORS.ending(metadata) is ending


def test_an_error_of_ours_is_raised_as_it_is() -> None:
    error = ValueError("no host says this")
    assert raised_for(error) is error
