"""A client of the stream contract: JSON calls, and streams read frame by frame.

Knows HTTP and Server-Sent Events, and nothing of the application behind the URL.
"""

import asyncio
import codecs
import functools
import json
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Self
from urllib.parse import urljoin

import httpx

PREFIX = "/api/v1"
TERMINAL = frozenset({"complete", "error"})
DURABLE = TERMINAL | {
    "node_event",
    "content",
    "content_reset",
    "progress",
    "queue",
    "safety_check",
    "metadata",
}
# The contract has a keepalive after 15 s; whoever hears nothing for this long was forgotten.
_TIMEOUT = httpx.Timeout(30.0, read=25.0)

BUSY = (429, 503)
_MAX_RETRY_SECONDS = 10.0

By = Literal["header", "query"]


class Broken(AssertionError):
    """The contract does not hold; the message says what was seen instead."""


class Lost(Exception):
    """The connection went away, or there was none to be had."""


def must(holds: object, what: str) -> None:
    """Raises Broken unless it holds. Not an assert: the suite also runs under `python -O`."""
    if not holds:
        raise Broken(what)


@dataclass(frozen=True)
class Frame:
    """One frame as it came; comments and `retry` have neither id nor type."""

    id: str
    type: str
    data: dict[str, Any] = field(compare=False)
    raw: str

    @property
    def is_terminal(self) -> bool:
        return self.type in TERMINAL

    @property
    def name(self) -> str:
        """A step's name and status, or the type."""
        if self.type != "node_event":
            return self.type
        return f"{self.data['node']} {self.data['status']}"


def parse_frame(raw: str) -> Frame:
    """Raises Broken for anything that the contract does not know."""
    if raw.startswith(":"):
        must("\n" not in raw, f"a comment carries fields: {raw!r}")
        return Frame("", "", {}, raw)
    fields = dict(_field(line) for line in raw.split("\n"))
    must(len(fields) == raw.count("\n") + 1, f"a field stands twice in a frame: {raw!r}")
    if set(fields) == {"retry"}:
        return Frame("", "", {}, raw)
    must(set(fields) - {"id"} == {"event", "data"}, f"a frame with fields {sorted(fields)}")
    must(fields["event"] == "story_chunk", f"an event named {fields['event']!r}")
    payload = json.loads(fields["data"])
    must(set(payload) == {"type", "data"}, f"a payload with keys {sorted(payload)}")
    must(payload["type"] in DURABLE, f"an event of the unknown type {payload['type']!r}")
    return Frame(fields.get("id", ""), payload["type"], payload["data"], raw)


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(": ")
    must(colon and name in {"id", "event", "data", "retry"}, f"a line that is no field: {line!r}")
    return name, value


def retry_seconds(answer: httpx.Response) -> float:
    """After how long a busy server wants to be asked again."""
    must("retry-after" in answer.headers, f"{answer.status_code} without Retry-After")
    return min(float(answer.headers["retry-after"]), _MAX_RETRY_SECONDS)


class Connection:
    """One open stream. Its frames can be read on, by one caller after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.first_bytes = b""
        self.frames = self._frames()

    @property
    def status(self) -> int:
        return self.response.status_code

    async def events(self) -> AsyncGenerator[Frame, None]:
        """The frames that carry an event, until the server ends the stream."""
        async for frame in self.frames:
            if frame.type:
                yield frame

    async def until(self, name: str) -> list[Frame]:
        """The events up to the first of this name (`Frame.name`)."""
        seen: list[Frame] = []
        async for frame in self.events():
            seen.append(frame)
            if frame.name == name:
                return seen
        raise Broken(f"the stream ended before {name!r}, after {[f.name for f in seen[-3:]]}")

    async def rest(self) -> list[Frame]:
        return [frame async for frame in self.events()]

    async def until_gone(self) -> list[Frame]:
        """The events until the connection is gone, in whatever way."""
        seen: list[Frame] = []
        with suppress(Lost):
            async for frame in self.events():
                seen.append(frame)  # noqa: PERF401 - what came before the end counts
        return seen

    async def _frames(self) -> AsyncGenerator[Frame, None]:
        """Raises Lost where the connection is torn; like `EventSource`, drops what was cut off."""
        buffer, decoder = "", codecs.getincrementaldecoder("utf-8")()
        try:
            async for chunk in self.response.aiter_raw():
                self.first_bytes = self.first_bytes or chunk
                buffer += decoder.decode(chunk)
                *whole, buffer = buffer.split("\n\n")
                for raw in whole:
                    yield parse_frame(raw)
        except httpx.ReadTimeout:
            raise Broken(f"nothing came for {_TIMEOUT.read} s, not even a keepalive") from None
        except httpx.TransportError as error:
            raise Lost(str(error)) from error
        must(not buffer, f"a stream ended inside a frame: {buffer!r}")


@functools.cache
def _trusted_by_all() -> ssl.SSLContext:
    """Read once: it takes as long as a request."""
    return httpx.create_ssl_context(trust_env=False)


class Api:
    """One user's calls; without a token or the cookie of a browser, nobody's. `trusted` is for
    certificates of one's own."""

    def __init__(
        self,
        base_url: str,
        token: str = "",
        *,
        cookie: str = "",
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self._base_url = base_url
        self.token = token
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(
            headers=bearer | ({"Cookie": cookie} if cookie else {}),
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            trust_env=False,
            verify=trusted or _trusted_by_all(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """Raises Lost where nobody answers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            return await self._http.request(method, self._url(path), json=body, headers=named)
        except httpx.TransportError as error:
            raise Lost(str(error)) from error

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer of a call that has to succeed; repeated where the server is busy."""
        answer = await self.send(method, path, body, **headers)
        if answer.status_code in BUSY:
            await asyncio.sleep(retry_seconds(answer))
            return await self.call(method, path, body, **headers)
        must(answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json()

    @asynccontextmanager
    async def open(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        cursor: str = "",
        by: By = "header",
    ) -> AsyncGenerator[Connection, None]:
        """A stream, whatever its status. Raises Lost where nobody answers."""
        headers = {"Last-Event-ID": cursor} if cursor and by == "header" else {}
        after = {"after": cursor} if cursor and by == "query" else {}
        asked = {**(query or {}), **after}
        request = self._http.build_request("GET", self._url(path), params=asked, headers=headers)
        try:
            response = await self._http.send(request, stream=True)
        except httpx.TransportError as error:
            raise Lost(str(error)) from error
        connection = Connection(response)
        try:
            yield connection
        finally:
            await connection.frames.aclose()
            await response.aclose()

    def _url(self, path: str) -> str:
        return urljoin(self._base_url, path if path.startswith(PREFIX) else PREFIX + path)
