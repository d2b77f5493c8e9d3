"""OpenAI's wire protocol: chat completions in server-sent events or whole, and the models."""

import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Any

from testkit.hosts.base import ModelHost
from testkit.hosts.http import JSON, Response, encoded, undecodable
from testkit.hosts.quirks import Quirk
from testkit.hosts.replies import Reply

from .answers import Completion, Events
from .calls import OpenAICall, Refused, check, error

_SSE = "text/event-stream; charset=utf-8"
_EMBEDDING_MODEL = "text-embedding-nomic-embed-text-v1.5"


class OpenAIServer(ModelHost[OpenAICall]):
    """A host that speaks OpenAI's protocol, as LM Studio, vLLM and llama.cpp's server do."""

    name = "openai"
    chat_path = "/v1/chat/completions"
    call_type = OpenAICall
    context_length = 131_072

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def _path_of(self, call: OpenAICall) -> str:
        path = super()._path_of(call)
        bare = not path.startswith("/v1/") and Quirk.ALSO_WITHOUT_V1 in call.quirks
        return f"/v1{path}" if bare else path

    # Beside chats --------------------------------------------------------------------------------

    def _answer_other(self, call: OpenAICall, response: Response) -> None:
        path = self._path_of(call)
        if call.method != "GET" or not path.startswith("/v1/models"):
            response.json(*self._unknown(call))
        elif Quirk.NO_MODEL_LIST in call.quirks:
            response.json(404, {"detail": "Not Found"})
        elif name := path.removeprefix("/v1/models").removeprefix("/"):
            response.json(*self._model(name, call))
        else:
            response.json(200, {"object": "list", "data": self._list(call)})

    def _unknown(self, call: OpenAICall) -> tuple[int, dict[str, Any]]:
        asked = f"{call.method} {call.path}"
        if Quirk.UNKNOWN_PATH_WITH_200 in call.quirks:
            return 200, {"error": f"Unexpected endpoint or method. ({asked})"}
        if self._path_of(call) == self.chat_path:
            return 405, error(f"Not allowed to {asked}")
        return 404, error(f"Invalid URL ({asked})")

    def _list(self, call: OpenAICall) -> list[dict[str, Any]]:
        listed = [_listed(name) for name in self.models]
        if Quirk.CREATED_NOW in call.quirks:
            listed = [one | {"created": int(time.time())} for one in listed]
        if Quirk.EMBEDDING_MODEL_FIRST in call.quirks:
            listed.insert(0, _listed(_EMBEDDING_MODEL))
        if Quirk.NAMELESS_MODEL in call.quirks:
            listed.insert(0, {"object": "model", "created": 0, "owned_by": "testkit"})
        return listed

    def _model(self, name: str, call: OpenAICall) -> tuple[int, dict[str, Any]]:
        found = next((one for one in self._list(call) if one.get("id") == name), None)
        return (200, found) if found else (404, _no_model(name))

    def _unauthorized(self, call: OpenAICall) -> dict[str, Any]:
        if "authorization" not in call.headers:
            return error("You didn't provide an API key.", code=None)
        return error("Incorrect API key provided.", code="invalid_api_key")

    # Chats ---------------------------------------------------------------------------------------

    def _error(self, message: str, status: int) -> dict[str, Any]:
        return error(message, kind="invalid_request_error" if status < 500 else "server_error")

    def _refusal(self, call: OpenAICall) -> tuple[int, object] | None:
        if Quirk.EMBEDDING_MODEL_FIRST in call.quirks and call.model == _EMBEDDING_MODEL:
            return 400, error(f"Model {call.model} is not a chat model.", param="model")
        try:
            check(call, context_length=self.context_length)
        except Refused as refused:
            return refused.status, refused.body
        is_known = call.model in self.models or Quirk.ANY_MODEL in call.quirks
        return None if is_known else (404, _no_model(call.model))

    async def _reply(self, call: OpenAICall, reply: Reply, response: Response) -> None:
        """A model that is being loaded is told of as llama.cpp's server does."""
        if reply.reason == "load":
            response.json(503, error("Loading model", kind="unavailable_error", code=503))
        else:
            await super()._reply(call, reply, response)

    async def _stream(self, call: OpenAICall, reply: Reply, response: Response) -> None:
        async with contextlib.aclosing(self._frames(call, reply)) as frames:
            async for frame in frames:
                await response.chunk(_SSE, frame)
        response.end_of_chunks(_SSE)

    async def _frames(self, call: OpenAICall, reply: Reply) -> AsyncGenerator[bytes]:
        completion, events = Completion(call, self._named(call)), Events(call.quirks)
        async with contextlib.aclosing(self._pieces(call, reply)) as pieces:
            async for piece in pieces:
                if piece.error:
                    yield events.error(self._error(piece.error, 500))
                    return
                yield b"".join(map(events.of, completion.chunks(piece)))
                if piece.is_last and (mark := events.end()):
                    yield mark

    async def _collect(self, call: OpenAICall, reply: Reply, response: Response) -> None:
        pieces = [piece async for piece in self._pieces(call, reply)]
        if pieces and pieces[-1].error:
            response.json(500, self._error(pieces[-1].error, 500))
            return
        content = encoded(Completion(call, self._named(call)).whole(pieces))
        is_broken = Quirk.UNDECODABLE in call.quirks
        response.whole(200, JSON, undecodable(content) if is_broken else content)

    def _named(self, call: OpenAICall) -> str:
        """The model that answers."""
        return call.model if call.model in self.models else self.model


def _listed(model: str) -> dict[str, Any]:
    return {"id": model, "object": "model", "created": 1_735_689_600, "owned_by": "testkit"}


def _no_model(name: str) -> dict[str, Any]:
    message = f"The model `{name}` does not exist or you do not have access to it."
    return error(message, param="model", code="model_not_found")
