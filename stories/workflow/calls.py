"""Calling a model: pieces of text as they come, whole answers, and what each call cost."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from stories.safety.guard import Guard
from stories.vocabulary.errors import ModelUnavailable
from stories.vocabulary.nodes import Node
from stories.workflow.faults import ColdModel, Ending, Fault
from stories.workflow.resources import ChapterResources
from stories.workflow.state import Emit
from stories.workflow.steps import ModelUse

Answer = TypeVar("Answer")
_CHARACTERS_PER_TOKEN = 4.3


class Meter(AsyncCallbackHandler):
    """Reports the cost of every call of a model, whoever makes it."""

    run_inline = True  # LangChain would make a task of it for every token

    def __init__(self, step: Node, emit: Emit) -> None:
        self._step = step
        self._emit = emit
        self._started_at = time.monotonic()
        self._prompt_characters = 0

    async def on_chat_model_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002 - LangChain's name
        messages: list[list[BaseMessage]],
        **_kwargs: Any,
    ) -> None:
        self._started_at = time.monotonic()
        self._prompt_characters = sum(len(str(one.text)) for each in messages for one in each)

    async def on_llm_end(self, response: LLMResult, **_kwargs: Any) -> None:
        self._report(response)

    async def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        """A stream that was closed before the host said what it used is estimated."""
        is_closed = isinstance(error, GeneratorExit | asyncio.CancelledError)
        self._report(kwargs.get("response"), is_estimated=is_closed)

    def _report(self, response: LLMResult | None, *, is_estimated: bool = False) -> None:
        seconds = time.monotonic() - self._started_at
        used = _tokens(response)
        if is_estimated and used == (0, 0):
            written = sum(len(message.text) for message in _messages(response))
            used = (_estimated(self._prompt_characters), _estimated(written))
        self._emit(ModelUse(self._step, round(seconds, 3), *used))


def _tokens(response: LLMResult | None) -> tuple[int, int]:
    for message in _messages(response):
        if usage := message.usage_metadata:
            return usage["input_tokens"], usage["output_tokens"]
    return 0, 0


def _messages(response: LLMResult | None) -> Iterator[AIMessage]:
    for generation in (g for gs in (response.generations if response else []) for g in gs):
        message = generation.message if isinstance(generation, ChatGeneration) else None
        if isinstance(message, AIMessage):
            yield message


def _estimated(characters: int) -> int:
    """Tokens of story prose, by the average of the common tokenizers in English."""
    return round(characters / _CHARACTERS_PER_TOKEN)


def metered(model: BaseChatModel, step: Node, emit: Emit) -> BaseChatModel:
    """The same model on the same connections, its calls reported as `ModelUse`."""
    return model.model_copy(update={"callbacks": [Meter(step, emit)]})


def metered_guard(guard: Guard | None, step: Node, emit: Emit) -> Guard | None:
    return replace(guard, model=metered(guard.model, step, emit)) if guard else None


async def stream_text(
    model: BaseChatModel, messages: list[BaseMessage], resources: ChapterResources
) -> AsyncGenerator[str | Ending, None]:
    """The model's raw text as it comes, and last its `Ending`. Raises `Fault` or a StoryError.

    A stream whose host does not say that it has ended was cut: a `Fault`. Closing the generator
    closes the connection to the host.
    """
    stream, timeouts = model.astream(messages), resources.timeouts
    ending: Ending | None = None
    with resources.host_errors.translated():
        async with contextlib.aclosing(stream) as chunks:  # type: ignore[type-var]
            seconds = timeouts.first_token_seconds
            while True:
                try:
                    async with asyncio.timeout(seconds):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    break
                seconds = timeouts.next_token_seconds
                if ending is not Ending.DECLINED:
                    ending = resources.host_errors.ending(chunk.response_metadata) or ending
                yield str(chunk.text)
    if ending is None:
        raise Fault("the host's answer broke off: no reason for its end came")
    yield ending


class Retries:
    """The new tries that one step of a chapter has left, and the waits before them."""

    def __init__(self, resources: ChapterResources) -> None:
        timeouts = resources.timeouts
        self._host_errors = resources.host_errors
        self._answer_seconds = timeouts.answer_seconds
        self._waits = {
            Fault: iter(timeouts.retry_waits_seconds),
            ColdModel: iter(timeouts.cold_waits_seconds),
        }

    async def wait(self, fault: Fault) -> None:
        """Waits before the next try; raises ModelUnavailable where none is left."""
        seconds = next(self._waits[type(fault)], None)
        if seconds is None:
            raise ModelUnavailable from fault
        await asyncio.sleep(seconds)

    async def ask(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of one whole call, asked again while the host fails."""
        while True:
            try:
                with self._host_errors.translated():
                    async with asyncio.timeout(self._answer_seconds):
                        return await call()
            except Fault as fault:
                await self.wait(fault)
