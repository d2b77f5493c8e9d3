"""The parameters accepted by a host, and substitutes for the rest."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from .profiles import Provider

_BY_SCHEMA = "\n\nAnswer with one JSON object and nothing else, by this JSON schema:\n"


@dataclass(frozen=True, slots=True)
class Support:
    """The parameters to send; all of them, until a host refuses some.

    `limit` is the name under which the most tokens are asked for, empty for none. Without
    `system`, what the system would say stands at the beginning of the first message; without
    `schema`, the schema stands at the end of the last one. `thinks` is true of a model that was
    seen to think although it is told not to: its prose has room for that.
    """

    limit: str = "max_completion_tokens"
    temperature: bool = True
    usage: bool = True
    system: bool = True
    schema: bool = True
    thinking: bool = True
    thinks: bool = False

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names of parameters not sent."""
        flags = {
            "temperature": self.temperature,
            "stream_options": self.usage,
            "system role": self.system,
            "response_format": self.schema,
            "think": self.thinking,
        }
        limits = ("max_completion_tokens", "max_tokens")
        unused = limits[: limits.index(self.limit)] if self.limit else limits
        return (*unused, *(name for name, is_sent in flags.items() if not is_sent))


def without_refused(support: Support, reason: str) -> Support:
    """The support without the parameter named in a host's sentence; the same if it names none of
    ours."""
    text = reason.lower()
    if support.limit and support.limit in text:
        return replace(
            support, limit="max_tokens" if support.limit == "max_completion_tokens" else ""
        )
    for field, names in _NAMES.items():
        if getattr(support, field) and re.search(rf"(?<![a-z])(?:{'|'.join(names)})", text):
            return _without(support, field)
    return support


def without_unnamed(support: Support, provider: Provider) -> Iterator[Support]:
    """The support without one parameter at a time, for a host that refuses one and does not say
    which; at last without all of them."""
    sent = _OF_OLLAMA if provider == "ollama" else tuple(_NAMES)
    fields = [field for field in sent if getattr(support, field)]
    without_any = _without(support, *fields)
    if provider != "ollama" and support.limit:
        if support.limit == "max_completion_tokens":
            yield replace(support, limit="max_tokens")
        yield replace(support, limit="")
        without_any = replace(without_any, limit="")
    yield from (_without(support, field) for field in fields)
    yield without_any


def _without(support: Support, *fields: str) -> Support:
    changed: dict[str, Any] = dict.fromkeys(fields, False)
    return replace(support, **changed)


_THINKING = ("reasoning_effort", "chat_template_kwargs")
# Those that a request by Ollama's API leaves out.
_OF_OLLAMA = ("schema", "thinking")
# In the order in which they are looked for.
_NAMES = {
    "temperature": ("temperature",),
    "usage": ("stream_options", "include_usage"),
    "schema": ("response_format", "json_schema", "format"),
    "thinking": ("think", "reasoning", "chat_template"),
    "system": ("system", "role", "developer"),
}


def openai_payload(payload: dict[str, Any], support: Support) -> dict[str, Any]:
    """A request by OpenAI's API, as the host takes it."""
    payload = dict(payload)
    limit = payload.pop("max_completion_tokens", None)
    if limit is not None and support.limit == "max_completion_tokens":
        payload["max_completion_tokens"] = limit
    elif limit is not None and support.limit:
        payload["extra_body"] = (payload.get("extra_body") or {}) | {support.limit: limit}
    if not support.temperature:
        payload.pop("temperature", None)
    if not support.usage:
        payload.pop("stream_options", None)
    if not support.thinking:
        extra = payload.get("extra_body") or {}
        payload["extra_body"] = {key: extra[key] for key in extra if key not in _THINKING}
    if wanted := payload.pop("response_format", None):
        if support.schema:
            # Named in `payload`, the client would parse the answer, and raise for a cut one.
            payload["extra_body"] = (payload.get("extra_body") or {}) | {"response_format": wanted}
        else:
            payload["messages"] = with_schema(payload["messages"], _schema_of(wanted))
    if not support.system:
        payload["messages"] = without_system(payload["messages"])
    return payload


def _schema_of(response_format: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = response_format["json_schema"]["schema"]
    return schema


def ollama_params(params: dict[str, Any], support: Support) -> dict[str, Any]:
    """A request by Ollama's API, as the host takes it."""
    params = dict(params)
    if not support.schema and isinstance(params["format"], dict):
        params["messages"] = with_schema(params["messages"], params["format"])
        params["format"] = None
    if not support.thinking:
        params["think"] = None
    return params


def with_schema(messages: list[Any], schema: dict[str, Any]) -> list[Any]:
    *before, last = messages
    asked = f"{last['content']}{_BY_SCHEMA}{json.dumps(schema, ensure_ascii=False)}"
    return [*before, {**last, "content": asked}]


def without_system(messages: list[Any]) -> list[Any]:
    first = [message for message in messages if message["role"] in {"system", "developer"}]
    others = [message for message in messages if message not in first]
    told = "\n\n".join(str(message["content"]) for message in first)
    if not told:
        return messages
    if not others or others[0]["role"] != "user":
        return [{"role": "user", "content": told}, *others]
    beginning = {**others[0], "content": f"{told}\n\n{others[0]['content']}"}
    return [beginning, *others[1:]]
