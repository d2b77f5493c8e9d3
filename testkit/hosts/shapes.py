"""Shapes: how a quirk changes a reply, whatever the protocol."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from testkit import storyteller

from .calls import Call
from .quirks import Quirk
from .replies import Cut, Reply, cold

THOUGHTS = "The user wants a gentle story. A fox, perhaps, and a lantern. That will do."
REFUSAL = "I'm sorry, but I can't help with that request."
_REPEATS = 30
_TOKENS_AT_LENGTH = 1800
_LONGER = 3

Shape = Callable[[Reply, Call], Reply]


def shaped(reply: Reply, call: Call, cut: Cut) -> Reply:
    """The reply as the call's quirks make it; replies without a text of their own stay."""
    if reply.status != 200 or reply.text is None:
        return reply
    for quirk, shape in _SHAPES.items():
        if quirk in call.quirks:
            reply = shape(reply, call)
    tokens = list(cut(reply.text or ""))
    for quirk, end in _ENDINGS.items():
        if quirk in call.quirks:
            reply = end(reply, tokens[: len(tokens) // 2])
    return reply


def _text(change: Callable[[str], str]) -> Shape:
    return lambda reply, _: replace(reply, text=change(reply.text or ""))


def _of_json(change: Callable[[str, Call], str]) -> Shape:
    """Only where JSON was asked for."""

    def shape(reply: Reply, call: Call) -> Reply:
        is_json = call.format or call.schema
        return replace(reply, text=change(reply.text or "", call)) if is_json else reply

    return shape


def _of_object(change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Shape:
    """Only where the text is a JSON object; `change` gets it and the schema, and alters it."""

    def alter(text: str, call: Call) -> str:
        try:
            value = json.loads(text)
        except ValueError:
            return text
        if isinstance(value, dict):
            change(value, call.schema or {})
        return json.dumps(value, ensure_ascii=False)

    return _of_json(alter)


def _without_last_required(value: dict[str, Any], schema: dict[str, Any]) -> None:
    for name in [*value, *schema.get("required", [])][-1:]:
        value.pop(name, None)


def _with_texts_for_objects(value: dict[str, Any], _: dict[str, Any]) -> None:
    for key, items in value.items():
        if isinstance(items, list):
            value[key] = [_first_text(item) if isinstance(item, dict) else item for item in items]


def _first_text(item: dict[str, Any]) -> str:
    return next((text for text in item.values() if isinstance(text, str)), "")


def _with_nulls(value: dict[str, Any], _: dict[str, Any]) -> None:
    value.update({key: None for key, part in value.items() if isinstance(part, list)})


def _with_long_texts(value: dict[str, Any], schema: dict[str, Any]) -> None:
    limits = {
        key: part["maxLength"]
        for key, part in schema.get("properties", {}).items()
        if "maxLength" in part
    }
    for key in limits.keys() & value.keys():
        value[key] = (f"{value[key]} " * (limits[key] * _LONGER))[: limits[key] * _LONGER]


def _continued(reply: Reply, call: Call) -> Reply:
    last = call.messages[-1]
    begun = last["content"] if last["role"] == "assistant" else ""
    return replace(reply, text=f"{begun}{reply.text}")


def _short(text: str) -> str:
    return text.partition(".")[0] + "."


_SHAPES: dict[Quirk, Shape] = {
    Quirk.EMPTY_ANSWER: _text(lambda _: ""),
    Quirk.REFUSAL: _text(lambda _: REFUSAL),
    Quirk.REFUSAL_FIELD: _text(lambda _: REFUSAL),
    Quirk.SHORT_ANSWER: _text(_short),
    Quirk.CONTINUES_ANSWER: _continued,
    Quirk.REPEATS_ITSELF: _text(lambda text: " ".join([_short(text)] * _REPEATS)),
    Quirk.SCHEMA_IGNORED: _of_json(lambda _, call: storyteller.sentence(call.prompt)),
    Quirk.MISSING_FIELD: _of_object(_without_last_required),
    Quirk.TEXTS_FOR_OBJECTS: _of_object(_with_texts_for_objects),
    Quirk.NULL_FIELDS: _of_object(_with_nulls),
    Quirk.TOO_LONG_FIELD: _of_object(_with_long_texts),
    Quirk.ARRAY_OF_ONE: _of_json(lambda text, _: f"[{text}]"),
    Quirk.FENCED_JSON: _of_json(lambda text, _: f"```json\n{text}\n```"),
    Quirk.LEADING_SENTENCE: _of_json(lambda text, _: f"Here is the JSON: {text}"),
    Quirk.TRAILING_WORD: _of_json(lambda text, _: f"{text}\nDone."),
    Quirk.THINK_BLOCK: _text(lambda text: f"<think>\n{THOUGHTS}\n</think>\n\n{text}"),
    Quirk.THINK_TAIL: _text(lambda text: f"{THOUGHTS}\n</think>\n\n{text}"),
    Quirk.CHANNEL_MARKS: _text(
        lambda text: (
            f"<|channel|>analysis<|message|>{THOUGHTS}<|end|>"
            f"<|start|>assistant<|channel|>final<|message|>{text}<|return|>"
        )
    ),
    Quirk.CHANNEL_NAMES: _text(lambda text: f"analysis{THOUGHTS}assistantfinal{text}"),
    Quirk.THINKS_FIRST: lambda reply, _: replace(reply, thinking=THOUGHTS),
    Quirk.THINKS_AT_LENGTH: lambda reply, _: replace(reply, thinking=" Hmm." * _TOKENS_AT_LENGTH),
    Quirk.REASONING_FIELD: lambda reply, _: replace(reply, thinking=THOUGHTS),
    Quirk.THINKING_EATS_BUDGET: lambda reply, _: replace(
        reply, thinking=THOUGHTS, text="", reason="length"
    ),
    Quirk.ANSWER_IN_REASONING: lambda reply, _: replace(reply, thinking=reply.text or "", text=""),
    Quirk.NO_FINISH_REASON: lambda reply, _: replace(reply, reason=""),
    Quirk.STILL_LOADING: lambda *_: cold(),
    Quirk.UNLOADS: lambda *_: Reply("", reason="unload"),
}


# Endings after the first half of the text, which is given as tokens.
_ENDINGS: dict[Quirk, Callable[[Reply, list[str]], Reply]] = {
    Quirk.STOPS_AT_LENGTH: lambda reply, half: replace(reply, text="".join(half), reason="length"),
    Quirk.CONTENT_FILTER: lambda reply, half: replace(
        reply, text="".join(half), reason="content_filter"
    ),
    Quirk.ENDS_EARLY: lambda reply, half: replace(reply, end_after=len(half)),
    **dict.fromkeys(
        (Quirk.ERROR_IN_STREAM, Quirk.ERROR_AS_TEXT, Quirk.ERROR_EVENT, Quirk.ERROR_LINE),
        lambda reply, half: replace(reply, error_after=len(half)),
    ),
}
