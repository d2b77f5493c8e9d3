"""Structured answers of models: asked for by a JSON schema, and found in the reply.

Hosts put the object into a fence, a sentence, an array, or the field for thoughts, and models think
before it. What the object says is checked by those who asked.
"""

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

THOUGHTS = "reasoning_content"
"""The key in a message's `additional_kwargs` of the model's thoughts, for any provider."""
_THOUGHTS = re.compile(
    r"\A.*(?:</think(?:ing)?>|<\|channel\|>final<\|message\|>|assistantfinal)|\A\s*<think.*\Z",
    re.DOTALL | re.IGNORECASE,
)
# A brace that no key follows stands in a sentence.
_OPENING = re.compile(r"\{(?=\s*[\"}])")
_NOTHING_BEFORE = re.compile(r"(?:```\w*\s*)?\[?\s*\{")


class Found(NamedTuple):
    """The whole objects in a text, in order, and the beginning of one that is torn or malformed.

    Nothing is looked for behind that.
    """

    whole: list[dict[str, Any]]
    torn: str = ""


async def ask(model: "BaseChatModel", schema: dict[str, Any], prompt: "list[BaseMessage]") -> str:
    """The text of the answer, without thoughts. Raises only what the model's client raises.

    The client gets the schema as a dictionary: with a class, OpenAI's raises for each answer that
    does not satisfy it.
    """
    asked = model.with_structured_output(schema, method="json_schema", include_raw=True)
    answer: Any = await asked.ainvoke(prompt)
    return _said(answer["raw"])


def _said(message: "BaseMessage") -> str:
    """An object in the field for thoughts is the answer where there is no other, and nothing stands
    before it: then it is none that was only thought of."""
    text = _THOUGHTS.sub("", str(message.text))
    if text.strip():
        return text
    thoughts = str(message.additional_kwargs.get(THOUGHTS) or "").strip()
    return thoughts if _NOTHING_BEFORE.match(thoughts) else ""


def found_in(text: str) -> Found:
    decoder = json.JSONDecoder(strict=False)
    whole: list[dict[str, Any]] = []
    opening = _OPENING.search(text)
    while opening:
        try:
            value, end = decoder.raw_decode(text, opening.start())
        except (json.JSONDecodeError, RecursionError):
            return Found(whole, text[opening.start() :])
        whole.append(value)
        opening = _OPENING.search(text, end)
    return Found(whole)


def whole_part(torn: str) -> dict[str, Any]:
    """A torn object up to its last whole value: without the value torn at its end, and without
    everything after a fault."""
    try:
        json.JSONDecoder(strict=False).decode(torn)
    except json.JSONDecodeError as error:
        torn = torn[: error.pos]
    except RecursionError:
        return {}
    for end, closing in reversed(_ends_of_values(torn)):
        try:
            value = json.loads(torn[:end] + closing, strict=False)
        except json.JSONDecodeError:  # it was the end of a key
            continue
        return value if isinstance(value, dict) else {}
    return {}


def _ends_of_values(torn: str) -> list[tuple[int, str]]:
    """The ends of texts, of objects and lists, and of what a comma follows; each with the brackets
    that would close there all that is open."""
    ends: list[tuple[int, str]] = []
    open_ones: list[str] = []
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', torn, re.DOTALL):
        mark, end = token[0], token.end()
        if mark in "[{":
            open_ones.append("]" if mark == "[" else "}")
            continue
        if mark in "]}" and open_ones:
            open_ones.pop()
        ends.append((token.start() if mark == "," else end, "".join(reversed(open_ones))))
    return ends
