"""Ollama's wire protocol: `/api/chat` in NDJSON or whole, and what is asked beside it."""

import contextlib
import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from testkit.hosts.base import ModelHost
from testkit.hosts.calls import Call
from testkit.hosts.http import JSON, Response, encoded, undecodable
from testkit.hosts.quirks import Quirk
from testkit.hosts.replies import Piece, Reply, cold

_NDJSON = "application/x-ndjson"
_EMBEDDING_MODEL = "nomic-embed-text:latest"
_CLOUD_MODEL = "gpt-oss:120b-cloud"
_BROKEN_MODEL = "half-pulled:7b"
_REFUSED_FORMAT = (
    "json: cannot unmarshal object into Go struct field ChatRequest.format of type string"
)
_REFUSED_THINK = 'json: unknown field "think"'


@dataclass
class OllamaCall(Call):
    """A call by Ollama's protocol."""

    @property
    def format(self) -> Mapping[str, Any] | str | None:
        wanted: Mapping[str, Any] | str = self.body.get("format") or ""
        return wanted or None

    @property
    def limit(self) -> int:
        return int(self.options.get("num_predict", -1))

    @property
    def is_streamed(self) -> bool:
        return bool(self.body.get("stream", True))

    @property
    def asks_nothing(self) -> bool:
        return not self.messages

    @property
    def options(self) -> dict[str, Any]:
        return self.body.get("options") or {}


class OllamaServer(ModelHost[OllamaCall]):
    """A host that speaks Ollama's protocol."""

    name = "ollama"
    chat_path = "/api/chat"
    call_type = OllamaCall

    version = "0.12.6"
    context_length = 131_072
    capabilities: Sequence[str] = ("completion", "tools")

    def reset(self) -> None:
        super().reset()
        own = type(self)
        self.version, self.context_length = own.version, own.context_length
        self.capabilities = own.capabilities

    # Beside chats --------------------------------------------------------------------------------

    def _answer_other(self, call: OllamaCall, response: Response) -> None:
        match call.method, self._path_of(call):
            case "POST", "/api/show":
                response.json(*self._show(call))
            case "GET", "/api/tags" | "/api/ps":
                response.json(200, {"models": self._list(call.quirks)})
            case "GET", "/api/version":
                response.json(200, {"version": self.version})
            case "GET" | "HEAD", "/":
                response.whole(200, "text/plain", b"Ollama is running")
            case _:
                response.whole(404, "text/plain", b"404 page not found")

    def _list(self, quirks: frozenset[Quirk]) -> list[dict[str, Any]]:
        """A quirk's entries first, and then all models."""
        listed = [_listed(name, quirks) for name in self.models]
        for quirk, name in _FIRST.items():
            if quirk in quirks:
                listed.insert(0, _listed(name, quirks))
        if Quirk.NAMELESS_MODEL in quirks:
            listed.insert(0, {"modified_at": "2025-01-01T00:00:00Z", "size": 0, "digest": ""})
        return listed

    def _show(self, call: OllamaCall) -> tuple[int, dict[str, Any]]:
        model = call.model
        if Quirk.SHOW_FAILS in call.quirks and model == _BROKEN_MODEL:
            return 500, self._error("error reading model file", 500)
        if not self._has(call):
            return 404, self._error(f"model '{model}' not found", 404)
        listed = _listed(model, call.quirks)
        shown = {
            "modelfile": f"FROM {model}",
            "parameters": 'stop "<|eot_id|>"',
            "template": "{{ .System }}{{ .Prompt }}",
            "details": listed["details"],
            "model_info": {
                "general.architecture": "llama",
                "general.parameter_count": 8_030_261_248,
                "llama.context_length": self.context_length,
                "llama.embedding_length": 4096,
            },
            "capabilities": self._capabilities_of(model),
            "modified_at": listed["modified_at"],
        }
        if Quirk.NO_CAPABILITIES in call.quirks:
            del shown["capabilities"]
        return 200, shown

    def _capabilities_of(self, model: str) -> list[str]:
        return ["embedding"] if model == _EMBEDDING_MODEL else list(self.capabilities)

    def _has(self, call: OllamaCall) -> bool:
        """Names are compared as Ollama does: without regard to case, and a tag may be missing."""
        quirked = [name for quirk, name in _FIRST.items() if quirk in call.quirks]
        known = {name.casefold() for name in (*self.models, *quirked) if name != _BROKEN_MODEL}
        wanted = call.model.casefold()
        return wanted in known or f"{wanted}:latest" in known

    # Chats ---------------------------------------------------------------------------------------

    def _error(self, message: str, _status: int) -> dict[str, Any]:
        return {"error": message}

    def _refusal(self, call: OllamaCall) -> tuple[int, object] | None:
        if not self._has(call):
            return 404, self._error(f"model '{call.model}' not found", 404)
        if problem := self._problem(call):
            return 400, self._error(problem, 400)
        return None

    def _problem(self, call: OllamaCall) -> str:
        """Why the model cannot do what is asked; empty where it can."""
        capabilities = self._capabilities_of(call.model)
        if "completion" not in capabilities and call.messages:
            return f'"{call.model}" does not support chat'
        if call.body.get("think") and "thinking" not in capabilities:
            return f'"{call.model}" does not support thinking'
        if Quirk.THINK_REFUSED in call.quirks and "think" in call.body:
            return _REFUSED_THINK
        if Quirk.SCHEMA_REFUSED in call.quirks and isinstance(call.format, Mapping):
            return _REFUSED_FORMAT
        return ""

    def _reply_to(self, call: OllamaCall) -> Reply:
        """A chat without messages is how Ollama is asked to load a model."""
        return cold() if call.is_load else super()._reply_to(call)

    async def _stream(self, call: OllamaCall, reply: Reply, response: Response) -> None:
        started = time.monotonic()
        async with contextlib.aclosing(self._pieces(call, reply)) as pieces:
            async for piece in pieces:
                line = _encoded(call, self._object(call, piece, started))
                await response.chunk(
                    _NDJSON, line + b"\n" * (1 + (Quirk.EMPTY_LINES in call.quirks))
                )
        response.end_of_chunks(_NDJSON)

    async def _collect(self, call: OllamaCall, reply: Reply, response: Response) -> None:
        started = time.monotonic()
        pieces = [piece async for piece in self._pieces(call, reply)]
        last = pieces[-1] if pieces else Piece()
        if last.error:
            response.json(500, self._error(last.error, 500))
            return
        whole = Piece(
            "".join(piece.text for piece in pieces),
            "".join(piece.thinking for piece in pieces),
            last.is_last,
            last.reason,
        )
        response.whole(200, JSON, _encoded(call, self._object(call, whole, started)))

    def _object(self, call: OllamaCall, piece: Piece, started: float) -> dict[str, Any]:
        if piece.error:
            return self._error(piece.error, 500)
        message = {"role": "assistant", "content": piece.text}
        if piece.thinking:
            message["thinking"] = piece.thinking
        told = {
            "model": call.model,
            "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "message": message,
            "done": piece.is_last,
        }
        if piece.reason:
            told["done_reason"] = piece.reason
        return told | _usage(call, started) if piece.is_last else told


# Models that quirks put before all others.
_FIRST: dict[Quirk, str] = {
    Quirk.EMBEDDING_MODEL_FIRST: _EMBEDDING_MODEL,
    Quirk.CLOUD_MODEL_FIRST: _CLOUD_MODEL,
    Quirk.SHOW_NOT_FOUND: _BROKEN_MODEL,
    Quirk.SHOW_FAILS: _BROKEN_MODEL,
}


def _encoded(call: OllamaCall, payload: dict[str, Any]) -> bytes:
    content = encoded(payload)
    return undecodable(content) if Quirk.UNDECODABLE in call.quirks else content


def _usage(call: OllamaCall, started: float) -> dict[str, int]:
    """Counts and nanoseconds; a prompt that does not fit is cut, which its count tells."""
    total = int((time.monotonic() - started) * 1e9)
    durations = {
        "total_duration": total + 1,
        "load_duration": 1,
        "prompt_eval_duration": 1,
        "eval_duration": total,
    }
    if Quirk.NO_USAGE in call.quirks:
        return durations
    return durations | {
        "prompt_eval_count": min(call.prompt_tokens, call.options.get("num_ctx", 4096)),
        "eval_count": call.tokens_sent,
    }


def _listed(model: str, quirks: frozenset[Quirk]) -> dict[str, Any]:
    """As large as its tag says, or 8B."""
    size = re.search(r":(\d+(?:\.\d+)?)b\b", model, re.IGNORECASE)
    family = "nomic-bert" if model == _EMBEDDING_MODEL else "llama"
    shown = model.title() if Quirk.CAPITAL_LETTERS in quirks else model
    listed = {
        "name": shown,
        "model": shown,
        "modified_at": "2025-01-01T00:00:00Z",
        "size": 4_920_753_328,
        "digest": hashlib.sha256(model.encode()).hexdigest(),
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": family,
            "families": [family],
            "parameter_size": f"{float(size[1]) if size else 8.0}B",
            "quantization_level": "Q4_K_M",
        },
    }
    if Quirk.NO_PARAMETER_SIZE in quirks:
        listed["details"] = {"family": family, "parameter_size": ""}
    if model == _CLOUD_MODEL:
        away = {"remote_model": "gpt-oss:120b", "remote_host": "https://ollama.com:443"}
        listed |= away | {"size": 384}
    return listed
