"""An API client for tests: JSON calls, and streams read frame by frame as they come."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient

from children import tokens
from children.models import User
from stories.infra.db import in_database

API = "/api/v1"


@dataclass(frozen=True)
class Frame:
    """One SSE frame; comments and `retry` have neither id nor type."""

    id: str
    type: str
    data: dict[str, Any]
    raw: str


def parse_frame(raw: str) -> Frame:
    fields = dict(line.split(": ", 1) for line in raw.split("\n") if not line.startswith(":"))
    payload: dict[str, Any] = {"type": "", "data": {}}
    if "data" in fields:
        payload = json.loads(fields["data"])
    if payload["type"]:
        assert fields["event"] == "story_chunk"
        assert set(payload) == {"type", "data"}
    return Frame(fields.get("id", ""), payload["type"], payload["data"], raw)


async def frames_of(response: StreamingHttpResponse) -> AsyncIterator[Frame]:
    """Every frame of a stream, until the server ends it."""
    buffer = ""
    streamed = aiter(response)
    assert isinstance(streamed, AsyncGenerator)
    async with aclosing(streamed) as chunks:
        async for chunk in chunks:
            buffer += chunk.decode()
            *whole, buffer = buffer.split("\n\n")
            for raw in whole:
                yield parse_frame(raw)
    assert buffer == "", "a stream ends between frames"


class Client:
    """One user's calls over the ASGI application, with a Bearer token of theirs, or with the cookie
    of the browser in which they are logged in."""

    def __init__(self, user: User | None, *, is_browser: bool = False) -> None:
        self.user = user
        self._is_browser = is_browser
        self._http = AsyncClient()
        self._headers: dict[str, str] = {}

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        response = await self._request(method, path, body, headers)
        content = json.loads(response.content) if response.content else None
        return response.status_code, content, response

    async def stream(self, path: str, **headers: str) -> StreamingHttpResponse:
        response = await self._request("GET", path, None, headers)
        assert isinstance(response, StreamingHttpResponse), response.content
        assert response.status_code == 200
        return response

    async def visit(self, url: str, **headers: str) -> HttpResponse:
        """A page of the family, or anything else that is no JSON."""
        return cast(HttpResponse, await self._request("GET", url, None, headers, api=""))

    async def log_out(self) -> None:
        """As the browser's user; the next call would log in anew."""
        await self._http.alogout()

    async def following(self, path: str) -> AsyncIterator[Frame]:
        """The events of a stream, as they come."""
        async for frame in frames_of(await self.stream(path)):
            if frame.type:
                yield frame

    async def frames(self, path: str, **headers: str) -> list[Frame]:
        """The events of a stream that ends by itself, without `retry` and comments."""
        response = await self.stream(path, **headers)
        return [frame async for frame in frames_of(response) if frame.type]

    async def _request(
        self, method: str, path: str, body: Any, headers: dict[str, str], *, api: str = API
    ) -> Any:
        if self.user is not None and self._is_browser:
            if not self._http.cookies:
                await self._http.aforce_login(self.user)
        elif self.user is not None and not self._headers:
            token = await in_database(tokens.create, self.user, "tests")
            self._headers = {"Authorization": f"Bearer {token}"}
        send: dict[str, Any] = {}
        if body:
            send = {"data": json.dumps(body), "content_type": "application/json"}
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._http.generic(
            method, api + path, headers={**self._headers, **names}, **send
        )


def text_of(frames: list[Frame]) -> str:
    """The text that a reader shows after these frames."""
    shown = ""
    for frame in frames:
        if frame.type == "content_reset":
            shown = ""
        elif frame.type == "content":
            shown += frame.data["chunk"]
    return shown
