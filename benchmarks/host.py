"""The model host: in a process of its own, and alone, with the calls that the app made."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import httpx

from testkit import storyteller
from testkit.hosts import Answer, Call, Hold, Reply
from testkit.ollama.server import OllamaServer

from .elsewhere import SPAWN, Elsewhere

_LANE = re.compile(r"lantern number (\d+)")


def theme_of(lane: int) -> str:
    """A theme by which every call that a chapter leads to can be told from the others'."""
    return f"lantern number {lane}"


@dataclass(frozen=True)
class Heard:
    """A chat that the host was asked for, by whose chapter, and how much of it was taken."""

    lane: int
    raw: bytes
    at: float
    tokens: int
    was_cut_short: bool


class Host:
    """`OllamaServer` in a process of its own."""

    def __init__(self, tokens_per_second: float) -> None:
        self.tokens_per_second = tokens_per_second

    def __enter__(self) -> Self:
        self._here, there = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_serve, args=(there, self.tokens_per_second))
        self._process.start()
        self.url, self.model = self._here.recv()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._here.send(("end", None))
        self._process.join()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def pace(self, tokens_per_second: float) -> None:
        self._ask("pace", tokens_per_second)

    def hold(self) -> None:
        """From now on nothing is written before `release`."""
        self._ask("hold")

    def release(self) -> None:
        self._ask("release")

    def heard(self) -> list[Heard]:
        """The chats since this was last asked."""
        heard: list[Heard] = self._ask("heard")
        return heard

    def _ask(self, what: str, value: Any = None) -> Any:
        self._here.send((what, value))
        return self._here.recv()


class _Controls:
    """The controls of the host's process."""

    def __init__(self, server: OllamaServer) -> None:
        self._server = server
        self._hold: Hold | None = None
        server.script(prose=self._write)

    def pace(self, tokens_per_second: float) -> None:
        self._server.tokens_per_second = tokens_per_second

    def hold(self, _: None) -> None:
        self._hold = Hold(after=0)

    def release(self, _: None) -> None:
        if self._hold is not None:
            self._hold.release()
        self._hold = None

    def heard(self, _: None) -> list[Heard]:
        calls, self._server.requests[:] = self._server.calls, []
        return [_heard(call) for call in calls]

    def _write(self, call: Call) -> Answer:
        text = f"This is the story of {theme_of(_lane(call))}. " + storyteller.chapter(
            call.prompt, []
        )
        return Reply(text, hold=self._hold)


def _serve(there: Connection, tokens_per_second: float) -> None:
    with OllamaServer(tokens_per_second=tokens_per_second) as server:
        controls = _Controls(server)
        there.send((server.url, server.model))
        while (asked := there.recv())[0] != "end":
            what, value = asked
            there.send(getattr(controls, what)(value))


def _lane(call: Call) -> int:
    found = _LANE.search(call.prompt)
    return int(found[1]) if found else 0


def _heard(call: Call) -> Heard:
    return Heard(_lane(call), call.raw, call.at, call.tokens_sent, not call.answered)


# Alone, many chapters at once -------------------------------------------------------------------


@dataclass(frozen=True)
class Lane:
    """One chapter's calls, the first of them `after` so many seconds."""

    calls: tuple[Heard, ...]
    after: float


def alone(host: Host, lanes: Sequence[Lane]) -> list[float]:
    """Seconds that the host alone takes for each chapter, all of them at once."""
    return Elsewhere(_replay_all, host.port, list(lanes)).answer()


def _replay_all(_ready: Callable[[], None], port: int, lanes: list[Lane]) -> list[float]:
    async def together() -> list[float]:
        return await asyncio.gather(*(_replay_lane(port, lane) for lane in lanes))

    return asyncio.run(together())


async def _replay_lane(port: int, lane: Lane) -> float:
    await asyncio.sleep(lane.after)
    started_at = time.monotonic()
    for call in lane.calls:
        await _chat(port, call)
    return time.monotonic() - started_at


async def _chat(port: int, call: Heard) -> None:
    """A call once more, to its end or to the token at which the app cut it short."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(call.raw)}\r\n\r\n"
    writer.write(head.encode() + call.raw)
    is_whole = not json.loads(call.raw).get("stream", True)
    if is_whole:
        answered = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", answered)
        await reader.readexactly(int(length[1]) if length else 0)
    tokens, is_last = 0, is_whole
    while not (is_last or (call.was_cut_short and tokens == call.tokens)):
        line = await reader.readline()
        if not line:
            raise ConnectionResetError
        tokens += b'"done": false' in line
        is_last = b'"done": true' in line
    writer.close()
    await writer.wait_closed()


# Alone, one chapter at a time -------------------------------------------------------------------


@dataclass(frozen=True)
class Replay:
    """Seconds from the first call to the end of its first sentence, and to the end of the last."""

    first_sentence: float
    whole: float


def replay(client: httpx.Client, calls: Sequence[Call], first_tokens: int) -> Replay:
    """Each call goes out as it was recorded, once the one before it is answered."""
    started_at = time.monotonic()
    arrivals = [_repeat(client, call) for call in calls]
    whole = time.monotonic() - started_at
    return Replay(arrivals[0][first_tokens - 1] - started_at, whole)


def _repeat(client: httpx.Client, call: Call) -> list[float]:
    """When each token came, of an answer that is streamed; a call that the app cut short is cut at
    the same token."""
    arrivals: list[float] = []
    headers = {"Content-Type": "application/json"}
    with client.stream(call.method, call.path, content=call.raw, headers=headers) as answer:
        answer.raise_for_status()
        if not call.body.get("stream", True):
            answer.read()
            return []
        for line in answer.iter_lines():
            is_last = json.loads(line)["done"]
            if not is_last:
                arrivals.append(time.monotonic())
            if len(arrivals) == call.tokens_sent and not call.answered:
                break
    if len(arrivals) != call.tokens_sent:
        raise RuntimeError(f"{len(arrivals)} tokens came again, {call.tokens_sent} the first time")
    return arrivals
