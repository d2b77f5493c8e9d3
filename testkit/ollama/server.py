"""A model host that speaks Ollama's wire protocol, with scripted text and faults.

It runs an event loop in a thread of its own, so that sync tests, async tests and other processes
can all talk to it; `python -m testkit.ollama --port 11434` runs it alone. Unscripted, it
writes harmless stories and answers every JSON schema (see `testkit.ollama.storyteller`).

    with OllamaServer() as server:
        server.script(prose=["Once.", Reply("Twice and more.", cut_after=2)])  # one per call
        server.script(structured={"title": "The Lantern"})                     # for every call
        server.script(judge=lambda call: {"approved": "wolf" not in call.prompt})
"""

import argparse
import asyncio
import contextlib
import functools
import hashlib
import itertools
import json
import random
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

from testkit.ollama import storyteller

DEFAULT_MODEL = "llama3.1:8b"
# One that the app takes for a model which writes Hebrew, too.
MULTILINGUAL_MODEL = "gemma3:12b"
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
_JUDGEMENT_FIELDS = {"approved", "is_approved", "safe", "is_safe", "issues", "concerns", "problem"}

Kind = Literal["prose", "structured", "judge", "rewording", "guard"]
Cut = Callable[[str], Iterable[str]]


class Signal:
    """Something that happens once, and can be awaited from any thread and any event loop."""

    def __init__(self) -> None:
        self.at: float | None = None
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._waiting: list[Callable[[], None]] = []

    def __bool__(self) -> bool:
        return self._event.is_set()

    def set(self) -> None:
        with self._lock:
            if self:
                return
            self.at = time.monotonic()
            self._event.set()
        for wake in self._waiting:
            with contextlib.suppress(RuntimeError):  # that loop is closed by now
                wake()

    def wait(self, seconds: float = 5.0) -> None:
        if not self._event.wait(seconds):
            raise TimeoutError

    async def seen(self, seconds: float | None = 5.0) -> None:
        loop, here = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(here.set)

        with self._lock:
            if self:
                return
            self._waiting.append(wake)
        async with asyncio.timeout(seconds):
            await here.wait()


@dataclass
class Hold:
    """Stops a reply before its token number `after` (0 is the first), until it is released."""

    after: int
    reached: Signal = field(default_factory=Signal)
    released: Signal = field(default_factory=Signal)

    def release(self) -> None:
        self.released.set()


@dataclass(frozen=True)
class Reply:
    """How one call is answered.

    `text` None is what the storyteller would have said. `tokens` says how the text is cut, and
    may be endless. Token numbers beyond the end mean "before the final object". `holds` are further
    stops after `hold`.
    """

    text: str | None = None
    tokens: Iterable[str] | None = None
    status: int = 200
    error: str = "llama runner process has terminated: exit status 2"
    done_reason: str = "stop"
    obeys_limit: bool = True
    hold: Hold | None = None
    holds: Sequence[Hold] = ()
    cut_after: int | None = None
    hang_after: int | None = None
    error_after: int | None = None


def cold() -> Reply:
    """A model that was only loaded by this call."""
    return Reply("", done_reason="load")


def endless(text: str = "And on they went, over hill {n}. ") -> Reply:
    """Prose that never ends, and does not care for `num_predict`."""
    return Reply(tokens=(text.format(n=n) for n in itertools.count(1)), obeys_limit=False)


def words(text: str) -> list[str]:
    """Tokens as models have them: each word with the space before it."""
    return re.findall(r"\s*\S+|\s+\Z", text)


def characters(text: str) -> list[str]:
    return list(text)


def at_random(seed: int) -> Cut:
    """Cuts anywhere, in pieces of one to twelve characters; the same seed cuts the same way."""

    def cut(text: str) -> Iterator[str]:
        dice, start = random.Random(seed), 0
        while start < len(text):
            size = dice.randint(1, 12)
            yield text[start : start + size]
            start += size

    return cut


@dataclass
class Call:
    """A request that arrived, and what became of it."""

    method: str
    path: str
    raw: bytes
    host: str = ""  # by which name this server was called
    at: float = field(default_factory=time.monotonic)  # seconds, as time.monotonic counts
    tokens_sent: int = 0
    answered: Signal = field(default_factory=Signal)
    disconnected: Signal = field(default_factory=Signal)

    @functools.cached_property
    def body(self) -> dict[str, Any]:
        parsed = json.loads(self.raw or b"{}")
        if not isinstance(parsed, dict):
            raise TypeError("the body is no JSON object")
        return parsed

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body.get("messages") or []

    @property
    def prompt(self) -> str:
        """Everything the model was told, message after message."""
        return "\n".join(message["content"] for message in self.messages)

    @property
    def options(self) -> dict[str, Any]:
        return self.body.get("options") or {}

    @property
    def schema(self) -> dict[str, Any] | None:
        wanted = self.body.get("format")
        return wanted if isinstance(wanted, dict) else None

    @property
    def kind(self) -> Kind:
        if "guard" in self.model or (self.schema or {}).get("title") == "paragraph":
            return "guard"
        if not self.body.get("format"):
            return "rewording" if "one sentence of it" in self.prompt else "prose"
        fields = (self.schema or {}).get("properties", {})
        return "judge" if _JUDGEMENT_FIELDS & set(fields) else "structured"


Answer = str | Mapping[str, Any] | Reply | None
Script = Answer | Callable[[Call], Answer] | list[Answer | Callable[[Call], Answer]]


class _AbortedError(Exception):
    """The connection is to end here, in the middle of an answer."""


class _Response:
    """Writes one HTTP answer: whole, or line by line."""

    def __init__(self, writer: asyncio.StreamWriter, *, keeps_alive: bool) -> None:
        self.writer = writer
        self.connection = "keep-alive" if keeps_alive else "close"
        self.is_open = False

    def json(self, status: int, payload: Mapping[str, Any]) -> None:
        self.whole(status, "application/json; charset=utf-8", _encoded(payload))

    def whole(self, status: int, kind: str, content: bytes) -> None:
        self._head(status, kind, f"Content-Length: {len(content)}")
        self.writer.write(content)

    async def line(self, payload: Mapping[str, Any]) -> None:
        """Like Ollama, sends no headers before the first line."""
        if not self.is_open:
            self._head(200, "application/x-ndjson", "Transfer-Encoding: chunked")
        content = _encoded(payload) + b"\n"
        self.writer.write(b"%x\r\n%b\r\n" % (len(content), content))
        await self.writer.drain()

    def end_of_lines(self) -> None:
        self.writer.write(b"0\r\n\r\n")

    def _head(self, status: int, kind: str, framing: str) -> None:
        self.is_open = True
        start = f"HTTP/1.1 {status} {_REASONS.get(status, 'Internal Server Error')}"
        lines = (start, f"Content-Type: {kind}", f"Connection: {self.connection}", framing)
        self.writer.write("\r\n".join((*lines, "", "")).encode())


def _encoded(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode(errors="replace")


class OllamaServer:
    """The host. `requests` holds all it heard, `calls` only the chats."""

    def __init__(
        self,
        *,
        port: int = 0,
        model: str = DEFAULT_MODEL,
        tokens_per_second: float = 0.0,
        first_token_seconds: float = 0.0,
        keeps_alive: bool = True,
    ) -> None:
        self.port = port
        self.model = model
        self.models = [model]
        self.context_length = 131_072
        self.capabilities = ["completion", "tools"]
        self.tokens_per_second = tokens_per_second  # 0: as fast as the reader reads
        self.first_token_seconds = first_token_seconds
        self.keeps_alive = keeps_alive
        self.cut: Cut = words
        self.requests: list[Call] = []
        self.connections_opened = 0
        self.active = self.most_active = 0  # chats being answered at once
        self._scripts: dict[Kind, Script] = {}
        self._holds: list[Hold] = []
        self._offered: list[str] = []
        self._arrivals: list[tuple[int, Signal]] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping = asyncio.Event()

    # What tests say and ask ----------------------------------------------------------------------

    def release(self) -> None:
        """Let every call go on that is held."""
        for hold in self._holds:
            hold.release()
        self._holds.clear()

    def script(
        self,
        *,
        prose: Script = None,
        structured: Script = None,
        judge: Script = None,
        rewording: Script = None,
        guard: Script = None,
    ) -> None:
        """Replaces the scripts that are given.

        A list is used up, one item per call, and then the storyteller goes on by itself; anything
        else holds for every call. A str is sent as it stands; a mapping replaces fields of the
        answer that satisfies the call's schema; None is the storyteller's own.
        """
        given: dict[Kind, Script] = {
            "prose": prose,
            "structured": structured,
            "judge": judge,
            "rewording": rewording,
            "guard": guard,
        }
        for kind, script in given.items():
            if script is not None:
                self._scripts[kind] = list(script) if isinstance(script, list) else script

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._writers)

    @property
    def calls(self) -> list[Call]:
        return [call for call in list(self.requests) if call.path == "/api/chat"]

    def calls_for(self, kind: Kind) -> list[Call]:
        return [call for call in self.calls if call.kind == kind]

    @property
    def heard(self) -> str:
        """Everything that any request ever said, JSON escapes undone."""
        return "\n".join(json.dumps(call.body, ensure_ascii=False) for call in list(self.requests))

    def called(self, count: int) -> Signal:
        """Is set once `count` chats have begun: `await server.called(2).seen()`."""
        arrival = Signal()
        self._arrivals.append((count, arrival))
        self._announce()
        return arrival

    # Life ----------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Listens; after `stop`, on the same port again."""
        is_listening: Signal = Signal()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._listen(is_listening)), name="ollama", daemon=True
        )
        self._thread.start()
        is_listening.wait()
        return self

    def stop(self) -> None:
        """Drops every connection; from now on the port refuses connections."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = self._loop = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _listen(self, is_listening: Signal) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        with socket.create_server(("127.0.0.1", self.port), backlog=1024) as listening:
            listening.setblocking(False)
            self.port = listening.getsockname()[1]
            self._loop.add_reader(listening, self._accept, listening)
            is_listening.set()
            await self._stopping.wait()
            self._loop.remove_reader(listening)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._connections)

    def _accept(self, listening: socket.socket) -> None:
        """By hand: an asyncio.Server that is closed forgets what it has accepted just now."""
        with contextlib.suppress(BlockingIOError):
            accepted, _ = listening.accept()
            connection = asyncio.create_task(self._connected(accepted))
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)

    # Connections ---------------------------------------------------------------------------------

    async def _connected(self, accepted: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=accepted, limit=1 << 20)
        self._writers.add(writer)
        self.connections_opened += 1
        try:
            while not self._stopping.is_set() and await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, _AbortedError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection is still of use."""
        call = await _read_call(reader)
        self.requests.append(call)
        self._announce()
        answer = asyncio.ensure_future(
            self._answer(call, _Response(writer, keeps_alive=self.keeps_alive))
        )
        gone = asyncio.ensure_future(reader.read(1))
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        for task in (answer, gone):
            task.cancel()
        outcome, leaving = await asyncio.gather(answer, gone, return_exceptions=True)
        if isinstance(outcome, asyncio.CancelledError | ConnectionError):
            if not self._stopping.is_set():
                call.disconnected.set()
        elif outcome is not None:
            raise outcome
        return self.keeps_alive and isinstance(leaving, asyncio.CancelledError)

    def _announce(self) -> None:
        count = len(self.calls)
        for awaited, arrival in list(self._arrivals):
            if count >= awaited:
                arrival.set()

    # Endpoints -----------------------------------------------------------------------------------

    async def _answer(self, call: Call, response: _Response) -> None:
        match call.method, call.path:
            case "POST", "/api/chat":
                await self._answer_chat(call, response)
            case "POST", "/api/show":
                response.json(*self._show(call.body.get("model", "")))
            case "GET", "/api/tags":
                response.json(200, {"models": [_listed(name) for name in self.models]})
            case "GET", "/api/ps":
                response.json(200, {"models": [_listed(name) for name in self.models]})
            case "GET", "/api/version":
                response.json(200, {"version": "0.12.6"})
            case "GET" | "HEAD", "/":
                response.whole(200, "text/plain", b"Ollama is running")
            case _:
                response.whole(404, "text/plain", b"404 page not found")
        await response.writer.drain()
        call.answered.set()

    def _show(self, model: str) -> tuple[int, dict[str, Any]]:
        if not self._has(model):
            return 404, {"error": f"model '{model}' not found"}
        listed = _listed(model)
        return 200, {
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
            "capabilities": self.capabilities,
            "modified_at": listed["modified_at"],
        }

    def _has(self, model: str) -> bool:
        return model in self.models or f"{model}:latest" in self.models

    async def _answer_chat(self, call: Call, response: _Response) -> None:
        status, problem = self._refusal(call)
        if problem:
            response.json(status, {"error": problem})
            return
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        try:
            await self._chat(call, self._reply_to(call), response)
        finally:
            self.active -= 1

    def _refusal(self, call: Call) -> tuple[int, str]:
        try:
            body = call.body
        except (ValueError, TypeError) as error:
            return 400, str(error)
        if not self._has(body.get("model", "")):
            return 404, f"model '{body.get('model', '')}' not found"
        if body.get("think") and "thinking" not in self.capabilities:
            return 400, f'"{body["model"]}" does not support thinking'
        return 200, ""

    # Answers -------------------------------------------------------------------------------------

    def _reply_to(self, call: Call) -> Reply:
        if not call.messages:
            return cold()
        answer = self._next_answer(call)
        reply = answer if isinstance(answer, Reply) else Reply(self._text(call, answer))
        if reply.text is None and reply.tokens is None:
            reply = _with_text(reply, self._text(call, None))
        self._holds += filter(None, (reply.hold, *reply.holds))
        return reply

    def _next_answer(self, call: Call) -> Answer:
        script = self._scripts.get(call.kind)
        if isinstance(script, list):
            script = script.pop(0) if script else None
        return script(call) if callable(script) else script

    def _text(self, call: Call, answer: str | Mapping[str, Any] | None) -> str:
        if isinstance(answer, str):
            return answer
        if call.kind == "prose":
            return storyteller.chapter(call.prompt, self._offered)
        if call.kind == "rewording":
            return storyteller.sentence(call.prompt)
        if not call.schema:
            return storyteller.harmless(call.model)
        schema = call.schema or {}
        value = storyteller.conforming(schema, call.prompt)
        if isinstance(value, dict):
            value |= {k: v for k, v in (answer or {}).items() if k in schema["properties"]}
            self._remember_choices(value)
        return json.dumps(value, ensure_ascii=False)

    def _remember_choices(self, value: dict[str, Any]) -> None:
        for choice in value.get("choices") or []:
            text = choice.get("text") if isinstance(choice, dict) else choice
            if isinstance(text, str) and text:
                self._offered.append(text)

    async def _chat(self, call: Call, reply: Reply, response: _Response) -> None:
        if reply.status != 200:
            response.json(reply.status, {"error": reply.error})
        elif call.body.get("stream", True):
            await self._stream(call, reply, response)
        else:
            await self._collect(call, reply, response)

    async def _stream(self, call: Call, reply: Reply, response: _Response) -> None:
        async with contextlib.aclosing(self._pieces(call, reply)) as pieces:
            async for piece in pieces:
                await response.line(piece)
        response.end_of_lines()

    async def _collect(self, call: Call, reply: Reply, response: _Response) -> None:
        pieces = [piece async for piece in self._pieces(call, reply)]
        if "error" in pieces[-1]:
            response.json(500, pieces[-1])
            return
        text = "".join(piece["message"]["content"] for piece in pieces)
        response.json(200, pieces[-1] | {"message": {"role": "assistant", "content": text}})

    async def _pieces(self, call: Call, reply: Reply) -> AsyncGenerator[dict[str, Any]]:
        limit = call.options.get("num_predict", -1) if reply.obeys_limit else -1
        tokens = self.cut(reply.text or "") if reply.tokens is None else reply.tokens
        started = time.monotonic()
        due = started + self.first_token_seconds
        for number, (token, reason) in enumerate(_limited(tokens, limit)):
            is_last = token is None
            due += await _interruptions(reply, number, is_last=is_last)
            if _is_due(reply.error_after, number, is_last=is_last):
                yield {"error": reply.error}
                return
            if not is_last or number == 0:
                await _until(due)
                due += 1 / self.tokens_per_second if self.tokens_per_second else 0.0
            piece = _piece(call, token or "")
            if is_last:
                done_reason = reason if reason == "length" else reply.done_reason
                piece |= {"done": True, "done_reason": done_reason} | _usage(call, started)
            call.tokens_sent += not is_last
            yield piece


def _with_text(reply: Reply, text: str) -> Reply:
    return Reply(**{**vars(reply), "text": text})


def _limited(tokens: Iterable[str], limit: int) -> Iterator[tuple[str | None, str]]:
    """The tokens, and then None with the reason why they ended."""
    for count, token in enumerate(tokens):
        if 0 <= limit <= count:
            yield None, "length"
            return
        yield token, ""
    yield None, "stop"


async def _interruptions(reply: Reply, number: int, *, is_last: bool) -> float:
    """What the script does before this token; the seconds by which the schedule slips."""
    if _is_due(reply.cut_after, number, is_last=is_last):
        raise _AbortedError
    if _is_due(reply.hang_after, number, is_last=is_last):
        await asyncio.Event().wait()
    began = time.monotonic()
    for hold in filter(None, (reply.hold, *reply.holds)):
        if _is_due(hold.after, number, is_last=is_last):
            hold.reached.set()
            await hold.released.seen(seconds=None)
    return time.monotonic() - began


def _is_due(after: int | None, number: int, *, is_last: bool) -> bool:
    return after is not None and (after == number or (is_last and after > number))


async def _until(due: float) -> None:
    """Paces by the clock, not by naps, so that lateness never adds up."""
    await asyncio.sleep(max(0.0, due - time.monotonic()))


def _piece(call: Call, token: str) -> dict[str, Any]:
    return {
        "model": call.model,
        "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "message": {"role": "assistant", "content": token},
        "done": False,
    }


def _usage(call: Call, started: float) -> dict[str, int]:
    """Counts and nanoseconds; a prompt that does not fit is cut, which its count tells."""
    total = int((time.monotonic() - started) * 1e9)
    prompt_tokens = len(call.prompt) // 4 + 8 * len(call.messages)
    return {
        "total_duration": total + 1,
        "load_duration": 1,
        "prompt_eval_count": min(prompt_tokens, call.options.get("num_ctx", 4096)),
        "prompt_eval_duration": 1,
        "eval_count": call.tokens_sent,
        "eval_duration": total,
    }


def _listed(model: str) -> dict[str, Any]:
    """As large as its tag says, or 8B."""
    size = re.search(r":(\d+(?:\.\d+)?)b\b", model)
    return {
        "name": model,
        "model": model,
        "modified_at": "2025-01-01T00:00:00Z",
        "size": 4_920_753_328,
        "digest": hashlib.sha256(model.encode()).hexdigest(),
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": "llama",
            "families": ["llama"],
            "parameter_size": f"{float(size[1]) if size else 8.0}B",
            "quantization_level": "Q4_K_M",
        },
    }


async def _read_call(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, _ = head.split(" ", 2)
    length = re.search(r"^content-length:\s*(\d+)", head, re.IGNORECASE | re.MULTILINE)
    raw = await reader.readexactly(int(length[1])) if length else b""
    host = re.search(r"^host:\s*([^:\s]+)", head, re.IGNORECASE | re.MULTILINE)
    return Call(method, path.partition("?")[0], raw, host[1] if host else "")


def main() -> None:
    """Runs until it is interrupted or terminated; the first line on standard output is the URL."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=11434)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--tokens-per-second", type=float, default=50.0)
    parser.add_argument("--first-token-seconds", type=float, default=0.0)
    endings = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)
    with OllamaServer(**vars(parser.parse_args())) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        signal.sigwait(endings)
