"""How many tokens a prompt will be, before anyone can count them.

The estimate is on the safe side: a language's row has the characters per token as the least
favourable of the common tokenizers (Llama 3, Qwen 2.5, Gemma) have them for story prose, rounded
down.
"""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from stories.vocabulary.languages import language_of

_CHARACTERS_PER_WORD = 6.0
_TOKENS_AROUND_MESSAGE = 8
# No tokenizer packs more of any prompt of ours into a token than this.
_MAX_CHARACTERS_PER_TOKEN = 9.0


def most_tokens(text: str, language: str) -> int:
    """An upper estimate for prose in `language`; what is plain ASCII counts as English."""
    per_token = language_of(language).characters_per_token
    ascii_count = sum(1 for character in text if character.isascii())
    return round(ascii_count / max(per_token, 3.0) + (len(text) - ascii_count) / per_token) + 1


def conversation_tokens(messages: Sequence[BaseMessage], language: str) -> int:
    return sum(most_tokens(str(m.text), language) + _TOKENS_AROUND_MESSAGE for m in messages)


def was_cut(reported_tokens: int, messages: Sequence[BaseMessage], context_tokens: int) -> bool:
    """True when the host read less than it was sent, by its own count.

    A host that reports nothing is believed.
    """
    if not reported_tokens:
        return False
    characters = sum(len(str(message.text)) for message in messages)
    is_full = reported_tokens >= context_tokens
    return is_full or reported_tokens < characters / _MAX_CHARACTERS_PER_TOKEN


def tokens_for_words(words: int, language: str) -> int:
    """The token budget of an answer of so many words."""
    per_token = language_of(language).characters_per_token
    return round(words * _CHARACTERS_PER_WORD / per_token)
