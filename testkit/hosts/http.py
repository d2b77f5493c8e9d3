"""HTTP as far as a stand-in needs it: one request read, one answer written whole or in chunks."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import responses
from typing import Any

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """The names of `headers` are in lower case; `path` is without its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes


async def read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    content = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target.partition("?")[0], headers, content)


class Response:
    """Writes one answer: whole, or chunk by chunk."""

    def __init__(self, writer: asyncio.StreamWriter, *, keeps_alive: bool) -> None:
        self._writer = writer
        self._connection = "keep-alive" if keeps_alive else "close"
        self._is_open = False

    def json(self, status: int, payload: object, **headers: str) -> None:
        self.whole(status, JSON, encoded(payload), **headers)

    def whole(self, status: int, kind: str, content: bytes, **headers: str) -> None:
        """Underscores in the names of headers are hyphens."""
        self._head(status, kind, {"Content_Length": str(len(content))} | headers)
        self._writer.write(content)

    async def chunk(self, kind: str, content: bytes) -> None:
        """Like real hosts, sends no headers before there is something to say."""
        if not self._is_open:
            self._head(200, kind, {"Transfer_Encoding": "chunked"})
        self._writer.write(b"%x\r\n%b\r\n" % (len(content), content))
        await self.flush()

    def end_of_chunks(self, kind: str) -> None:
        if not self._is_open:
            self._head(200, kind, {"Transfer_Encoding": "chunked"})
        self._writer.write(b"0\r\n\r\n")

    async def flush(self) -> None:
        await self._writer.drain()

    def _head(self, status: int, kind: str, headers: Mapping[str, str]) -> None:
        self._is_open = True
        all_headers = {"Content_Type": kind, "Connection": self._connection, **headers}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in all_headers.items()]
        start = f"HTTP/1.1 {status} {responses.get(status, '')}"
        self._writer.write("\r\n".join((start, *lines, "", "")).encode())


def encoded(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode(errors="replace")


def undecodable(content: bytes) -> bytes:
    """The same JSON, with bytes in its first text of content that are no UTF-8."""
    return content.replace(b'"content": "', b'"content": "\xff\xfe', 1)
