"""Chat completions as they are answered: whole, or as chunks of a stream of server-sent events."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

from testkit.hosts.http import encoded, undecodable
from testkit.hosts.quirks import Quirk
from testkit.hosts.replies import Piece

from .calls import OpenAICall


class Completion:
    """One answer's objects: all have its id, its time and its model."""

    def __init__(self, call: OpenAICall, model: str) -> None:
        self._call = call
        self._quirks = call.quirks
        self._common = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": "fp_testkit",
        }
        self._thought_tokens = 0
        self._is_open = False

    # A whole answer ------------------------------------------------------------------------------

    def whole(self, pieces: list[Piece]) -> dict[str, Any]:
        text = "".join(piece.text for piece in pieces)
        thinking = "".join(piece.thinking for piece in pieces)
        self._thought_tokens = sum(bool(piece.thinking) for piece in pieces)
        message = {
            "role": "assistant",
            **self._content(text or (None if thinking else "")),
            **self._thoughts(thinking),
        }
        reason = pieces[-1].reason if pieces else ""
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason or None}
        answer = {**self._common, "object": "chat.completion", "choices": [choice]}
        return answer if Quirk.NO_USAGE in self._quirks else answer | {"usage": self._usage()}

    def _content(self, text: str | None) -> dict[str, Any]:
        if Quirk.REFUSAL_FIELD in self._quirks:
            return {"content": None, "refusal": text}
        if text and Quirk.CONTENT_PARTS in self._quirks:
            return {"content": [{"type": "text", "text": text}]}
        return {"content": text}

    def _thoughts(self, text: str) -> dict[str, str]:
        field = "reasoning" if Quirk.REASONING_FIELD in self._quirks else "reasoning_content"
        return {field: text} if text else {}

    # A stream ------------------------------------------------------------------------------------

    def chunks(self, piece: Piece) -> Iterator[dict[str, Any]]:
        """The chunk of a piece, with those before the first one and after the last one."""
        if not self._is_open:
            yield from self._opening()
        yield self._delta({}, piece.reason) if piece.is_last else self._delta(self._told(piece))
        has_usage = (
            self._call.wants_usage and not {Quirk.NO_USAGE, Quirk.RUNNING_USAGE} & self._quirks
        )
        if piece.is_last and has_usage:
            yield self._chunk([]) | {"usage": self._usage()}

    def _opening(self) -> Iterator[dict[str, Any]]:
        self._is_open = True
        if Quirk.EMPTY_CHOICES in self._quirks:
            yield self._chunk([])
        yield self._delta({"role": "assistant", "content": ""})

    def _told(self, piece: Piece) -> dict[str, Any]:
        self._thought_tokens += bool(piece.thinking)
        told = self._thoughts(piece.thinking) if piece.thinking else self._content(piece.text)
        return {"role": "assistant", **told} if Quirk.ROLE_IN_EVERY_CHUNK in self._quirks else told

    def _delta(self, told: dict[str, Any], reason: str = "") -> dict[str, Any]:
        choice = {"index": 0, "delta": told, "logprobs": None, "finish_reason": reason or None}
        return self._chunk([choice])

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        chunk = {**self._common, "object": "chat.completion.chunk", "choices": choices}
        if Quirk.RUNNING_USAGE in self._quirks:
            return chunk | {"usage": self._usage()}
        return chunk | {"usage": None} if self._call.wants_usage else chunk

    def _usage(self) -> dict[str, Any]:
        sent, prompt = self._call.tokens_sent, self._call.prompt_tokens
        return {
            "prompt_tokens": prompt,
            "completion_tokens": sent,
            "total_tokens": prompt + sent,
            "completion_tokens_details": {"reasoning_tokens": self._thought_tokens},
        }


class Events:
    """A stream's frames, as the call's quirks have them."""

    def __init__(self, quirks: frozenset[Quirk]) -> None:
        self._quirks = quirks

    def of(self, payload: dict[str, Any]) -> bytes:
        content = encoded(payload)
        if Quirk.UNDECODABLE in self._quirks:
            content = undecodable(content)
        comment = b": processing\n\n" if Quirk.SSE_COMMENTS in self._quirks else b""
        return self._frame(comment + b"data: " + content)

    def error(self, body: dict[str, Any]) -> bytes:
        """As the error comes after a stream has begun."""
        if Quirk.ERROR_AS_TEXT in self._quirks:
            return self._frame(b"data: " + encoded({"error": body["error"]["message"]}))
        if Quirk.ERROR_EVENT in self._quirks:
            return self._frame(b"event: error\ndata: " + encoded(body))
        if Quirk.ERROR_LINE in self._quirks:
            return self._frame(b"error: " + encoded(body["error"]))
        return self._frame(b"data: " + encoded(body))

    def end(self) -> bytes:
        return b"" if Quirk.NO_DONE_MARK in self._quirks else self._frame(b"data: [DONE]")

    def _frame(self, content: bytes) -> bytes:
        frame = content + b"\n\n"
        return frame.replace(b"\n", b"\r\n") if Quirk.CRLF in self._quirks else frame
