"""ChatOpenAI, for the habits of hosts with OpenAI's API that are not OpenAI."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Self

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import model_validator

from stories.safety.structured import THOUGHTS

from .answers import OddAnswer
from .support import Support, openai_payload


class ChatModel(ChatOpenAI):
    """Counts what a stream has used once: LangChain adds up what some hosts repeat in each chunk.

    Keeps the field for thoughts where Ollama's client has it: LangChain drops it.

    Raises OddAnswer for a stream without a chunk, which other providers have for a model that is
    being loaded, and hosts with this API only where they sent something else.
    """

    support: Support = Support()

    @model_validator(mode="after")
    def _read_chunks_as_sent(self) -> Self:
        self.async_client = _Completions(self.async_client)
        return self

    def _get_request_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return openai_payload(super()._get_request_payload(*args, **kwargs), self.support)

    def _create_chat_result(self, response: Any, *args: Any, **kwargs: Any) -> ChatResult:
        result = super()._create_chat_result(response, *args, **kwargs)
        for generation, choice in zip(result.generations, response.choices, strict=True):
            if thoughts := _thoughts_in(choice.message.model_extra or {}):
                generation.message.additional_kwargs[THOUGHTS] = thoughts
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], *args: Any, **kwargs: Any
    ) -> ChatGenerationChunk | None:
        """Keeps what LangChain drops: thoughts, as in a whole answer, and a refusal in a field of
        its own, which is the end of an answer that a filter stopped."""
        made = super()._convert_chunk_to_generation_chunk(chunk, *args, **kwargs)
        deltas = [choice.get("delta") or {} for choice in chunk.get("choices") or ()]
        if made is not None and (thoughts := "".join(map(_thoughts_in, deltas))):
            made.message.additional_kwargs[THOUGHTS] = thoughts
        if made is not None and any(delta.get("refusal") for delta in deltas):
            made.generation_info = {
                **(made.generation_info or {}),
                "finish_reason": "content_filter",
            }
        return made

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        usage: UsageMetadata | None = None
        has_begun = False
        stream = super()._astream(*args, **kwargs)
        async with aclosing(stream) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                has_begun = True
                if isinstance(chunk.message, AIMessageChunk):
                    usage = _larger(usage, chunk.message.usage_metadata)
                    chunk.message.usage_metadata = None
                yield chunk
        if not has_begun:
            raise OddAnswer("the host answered a stream with something else")
        if usage is not None:
            yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))


class _Completions:
    """OpenAI's client for completions, with a stream's chunks as dictionaries.

    LangChain makes these itself, with a warning that quotes the story for each chunk that is not as
    OpenAI's own, such as content in parts.
    """

    def __init__(self, completions: Any) -> None:
        self._completions = completions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._completions, name)

    async def create(self, **payload: Any) -> Any:
        answer = await self._completions.create(**payload)
        return _chunks_of(answer) if payload.get("stream") else answer


@asynccontextmanager
async def _chunks_of(stream: Any) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    async with stream:
        yield (chunk.model_dump(warnings=False) async for chunk in stream)


def _thoughts_in(message: Mapping[str, Any]) -> str:
    """The model's thoughts, under each of the hosts' names for the field."""
    return str(message.get("reasoning_content") or message.get("reasoning") or "")


def _larger(one: UsageMetadata | None, other: UsageMetadata | None) -> UsageMetadata | None:
    counts = [usage for usage in (one, other) if usage is not None]
    return max(counts, key=lambda usage: usage["total_tokens"], default=None)
