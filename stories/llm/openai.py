"""ChatOpenAI, for the habits of hosts with OpenAI's API that are not OpenAI."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI

from .answers import OddAnswer
from .support import Support, openai_payload


class ChatModel(ChatOpenAI):
    """Counts what a stream has used once: LangChain adds up what some hosts repeat in each chunk.

    Keeps a whole answer's field for thoughts where Ollama's client has it: LangChain drops it.

    Raises OddAnswer for a stream without a chunk, which other providers have for a model that is
    being loaded, and hosts with this API only where they sent something else.
    """

    support: Support = Support()

    def _get_request_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return openai_payload(super()._get_request_payload(*args, **kwargs), self.support)

    def _create_chat_result(self, response: Any, *args: Any, **kwargs: Any) -> ChatResult:
        result = super()._create_chat_result(response, *args, **kwargs)
        for generation, choice in zip(result.generations, response.choices, strict=True):
            if thoughts := _thoughts_of(choice.message):
                generation.message.additional_kwargs["reasoning_content"] = thoughts
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], *args: Any, **kwargs: Any
    ) -> ChatGenerationChunk | None:
        """A refusal in a field of its own, which LangChain drops, is the end of an answer that a
        filter stopped."""
        made = super()._convert_chunk_to_generation_chunk(chunk, *args, **kwargs)
        if made is not None and _is_refusal(chunk):
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


def _thoughts_of(message: Any) -> str:
    """The model's thoughts, under each of the hosts' names for the field."""
    extra = message.model_extra or {}
    return str(extra.get("reasoning_content") or extra.get("reasoning") or "")


def _is_refusal(chunk: dict[str, Any]) -> bool:
    return any((choice.get("delta") or {}).get("refusal") for choice in chunk.get("choices") or ())


def _larger(one: UsageMetadata | None, other: UsageMetadata | None) -> UsageMetadata | None:
    counts = [usage for usage in (one, other) if usage is not None]
    return max(counts, key=lambda usage: usage["total_tokens"], default=None)
