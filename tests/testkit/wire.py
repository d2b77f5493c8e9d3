"""Chats with a stand-in in raw HTTP, over either protocol, and what came of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from testkit.hosts import ModelHost
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer

HOSTS: dict[str, type[ModelHost[Any]]] = {"ollama": OllamaServer, "openai": OpenAIServer}

SCHEMAS: dict[str, dict[str, Any]] = {
    "structured": {
        "title": "Ending",
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 40},
            "choices": {
                "type": "array",
                "minItems": 2,
                "items": {
                    "type": "object",
                    "properties": {"text": {"type": "string"}, "description": {"type": "string"}},
                    "required": ["text", "description"],
                },
            },
            "summary": {"type": "string"},
        },
        "required": ["title", "choices", "summary"],
    },
    "judge": {
        "title": "Opinion",
        "type": "object",
        "properties": {
            "approved": {"type": "boolean"},
            "issues": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["approved", "issues"],
    },
}


@dataclass(frozen=True)
class Heard:
    """An answer, put together from its pieces; `ends` are the reasons that were given."""

    status: int
    raw: bytes
    objects: list[Any] = field(default_factory=list)
    content: str = ""
    thinking: str = ""
    ends: tuple[str, ...] = ()
    error: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.content)


def chat(
    host: ModelHost[Any],
    kind: str = "prose",
    *,
    is_streamed: bool = True,
    prompt: str = "Tell me a story.",
    **fields: Any,
) -> Heard:
    """A call of this kind; `fields` are further ones of the body, as the protocol has them."""
    body: dict[str, Any] = {
        "model": host.model,
        "messages": [{"role": "user", "content": prompt}],
        "stream": is_streamed,
    }
    if schema := SCHEMAS.get(kind):
        body |= _asking_for(schema, host)
    # There is no TLS, and to load certificates for none takes longer than the call.
    with httpx.Client(trust_env=False, verify=False, timeout=30) as client:
        answer = client.post(f"{host.url}{host.chat_path}", json=body | fields)
    return heard(answer, host)


def _asking_for(schema: dict[str, Any], host: ModelHost[Any]) -> dict[str, Any]:
    if host.name == "ollama":
        return {"format": schema}
    named = {"name": schema["title"], "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def heard(answer: httpx.Response, host: ModelHost[Any]) -> Heard:
    objects = _objects(answer)
    messages = [_message(one, host) for one in objects if isinstance(one, Mapping)]
    ends = [_reason(one, host) for one in objects if isinstance(one, Mapping)]
    errors = [one["error"] for one in objects if isinstance(one, Mapping) and "error" in one]
    return Heard(
        answer.status_code,
        answer.content,
        objects,
        "".join(_text(message.get("content")) for message in messages),
        "".join(_thoughts(message) for message in messages),
        tuple(reason for reason in ends if reason),
        str(errors[0]) if errors else "",
    )


def _objects(answer: httpx.Response) -> list[Any]:
    """The JSON of a whole body, or of each of a stream's frames."""
    found = []
    for line in answer.text.splitlines():
        name, _, data = line.partition(": ")
        text = data if name in {"data", "error"} else line
        try:
            found.append(json.loads(text))
        except ValueError:
            continue
    return found


def _message(one: Mapping[str, Any], host: ModelHost[Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = {}
    if host.name == "ollama":
        found = one.get("message") or {}
    elif choices := one.get("choices"):
        found = choices[0].get("delta") or choices[0].get("message") or {}
    return found


def _reason(one: Mapping[str, Any], host: ModelHost[Any]) -> str:
    choice = one if host.name == "ollama" else (one.get("choices") or [{}])[0]
    return str(choice.get("done_reason") or choice.get("finish_reason") or "")


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(part["text"] for part in content)
    return str(content or "")


def _thoughts(message: Mapping[str, Any]) -> str:
    names = ("thinking", "reasoning_content", "reasoning")
    return "".join(str(message.get(name) or "") for name in names)
