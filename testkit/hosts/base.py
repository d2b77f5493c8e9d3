"""The base of all stand-ins: a listening thread, scripts, and the way from a call to its reply.

It runs an event loop in a thread of its own, so that sync tests, async tests and other processes
can all talk to it. Unscripted, it writes harmless stories and answers every JSON schema (see
`testkit.storyteller`).

    with OllamaServer() as host:  # or OpenAIServer
        host.script(prose=["Once.", Reply("Twice and more.", cut_after=2)])  # one per call
        host.script(structured={"title": "The Lantern"})                     # for every call
        host.script(judge=lambda call: {"approved": "wolf" not in call.prompt})
        host.quirks.add(Quirk.FENCED_JSON, kinds={"judge"})
"""

import asyncio
import contextlib
import json
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterable
from typing import Any, ClassVar, Generic, Self

from .calls import CallT, Kind
from .http import JSON, Response, encoded, read_request
from .quirks import HostName, Quirk, Quirks
from .replies import Cut, Piece, Reply, pieces_of, words
from .scripts import Script, Scripts
from .shapes import shaped
from .signals import Hold, Signal

DEFAULT_MODEL = "llama3.1:8b"
# By its name, the app takes this model for one that writes Hebrew, too.
MULTILINGUAL_MODEL = "gemma3:12b"
_REDIRECTED = "/redirected"
_HTML = b"<!doctype html><title>Sign in</title><p>Please sign in to go on.</p>\n"


class _AbortedError(Exception):
    """The connection is to end here, in the middle of an answer."""


class ModelHost(ABC, Generic[CallT]):
    """A host. `requests` holds all it heard, `calls` only the chats, without those by which the app
    tries a model out or has it loaded.

    With `load_seconds` a model has to be loaded before its first answer; `loads` holds the calls
    for which one was; `loading` is set when the first begins, and `loaded` at its end.

    With `authorization`, whoever does not send just this header is refused. `running` are all of
    this process that listen.
    """

    running: ClassVar[list["ModelHost[Any]"]] = []
    name: ClassVar[HostName]
    chat_path: ClassVar[str]
    call_type: type[CallT]

    def __init__(
        self,
        *,
        port: int = 0,
        model: str = DEFAULT_MODEL,
        tokens_per_second: float = 0.0,
        first_token_seconds: float = 0.0,
        load_seconds: float = 0.0,
        keeps_alive: bool = True,
        quirks: Iterable[Quirk | str] = (),
        authorization: str = "",
        cut: Cut = words,
    ) -> None:
        self.port = port
        self.model = model
        self.keeps_alive = keeps_alive
        self.authorization = authorization
        self.connections_opened = 0
        self.active = 0  # chats being answered at once
        self._quirks = tuple(quirks)
        self._pace = tokens_per_second, first_token_seconds, load_seconds, cut
        self._holds: list[Hold] = []
        self.reset()
        self._connections: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping = asyncio.Event()

    # The protocol --------------------------------------------------------------------------------

    @abstractmethod
    def _answer_other(self, call: CallT, response: Response) -> None:
        """Answer a request that is no chat."""

    @abstractmethod
    def _refusal(self, call: CallT) -> tuple[int, object] | None:
        """Status and body for a chat that the host does not take up."""

    @abstractmethod
    def _error(self, message: str, status: int) -> dict[str, Any]:
        """The body that tells of an error."""

    @abstractmethod
    async def _stream(self, call: CallT, reply: Reply, response: Response) -> None: ...

    @abstractmethod
    async def _collect(self, call: CallT, reply: Reply, response: Response) -> None: ...

    # For tests to call ----------------------------------------------------------------------

    def reset(self) -> None:
        """Be as it was made: nothing scripted, held or heard, its own models, quirks and pace."""
        self.models = [self.model]
        self.quirks = Quirks(self.name, self._quirks)
        # 0 tokens per second: as fast as the reader reads
        self.tokens_per_second, self.first_token_seconds, self.load_seconds, self.cut = self._pace
        self.loads: list[CallT] = []
        self.loading, self.loaded = Signal(), Signal()
        self._loading: dict[str, asyncio.Task[None]] = {}
        self.requests: list[CallT] = []
        self.most_active = self.active
        self._scripts = Scripts()
        self._arrivals: list[tuple[int, Signal]] = []
        self.release()

    @property
    def unused(self) -> dict[Kind, int]:
        """How many answers were scripted for one call each, and never asked for."""
        return self._scripts.unused

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
        trial: Script = None,
        plan: Script = None,
    ) -> None:
        """Replaces the scripts that are given.

        A list is used up, one item per call, and then the storyteller goes on by itself; anything
        else holds for every call. A str is sent as it stands; a mapping replaces fields of the
        answer that satisfies the call's schema; None is the storyteller's own.
        """
        self._scripts.replace(
            {
                "prose": prose,
                "structured": structured,
                "judge": judge,
                "rewording": rewording,
                "guard": guard,
                "trial": trial,
                "plan": plan,
            }
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """The address that clients are configured with."""
        return self.url

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._writers)

    @property
    def calls(self) -> list[CallT]:
        """The chats that a chapter takes."""
        return [
            call for call in self._chats() if not (call.is_trial or call.is_load or call.is_plan)
        ]

    @property
    def plans(self) -> list[CallT]:
        """The chats by which the app had the next chapters planned, once one was finished."""
        return [call for call in self._chats() if call.is_plan]

    @property
    def trials(self) -> list[CallT]:
        """The chats by which the app tried a model out."""
        return [call for call in self._chats() if call.is_trial]

    @property
    def load_calls(self) -> list[CallT]:
        """The chats by which the app had a model loaded, be it loaded already."""
        return [call for call in self._chats() if call.is_load]

    def _chats(self) -> list[CallT]:
        return [call for call in list(self.requests) if self._path_of(call) == self.chat_path]

    def calls_for(self, kind: Kind) -> list[CallT]:
        return [call for call in self.calls if call.kind == kind]

    @property
    def heard(self) -> str:
        """The bodies of all requests, JSON escapes undone."""
        return "\n".join(json.dumps(call.body, ensure_ascii=False) for call in list(self.requests))

    def unload(self) -> None:
        """Have the next call load its model again."""
        self._loading.clear()

    def called(self, count: int) -> Signal:
        """Is set once `count` chats have begun: `await host.called(2).seen()`."""
        arrival = Signal()
        self._arrivals.append((count, arrival))
        self._announce()
        return arrival

    # Life ----------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Listens; after `stop`, on the same port again."""
        is_listening: Signal = Signal()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._listen(is_listening)), name=self.name, daemon=True
        )
        self._thread.start()
        is_listening.wait()
        self.running.append(self)
        return self

    def stop(self) -> None:
        """Drops every connection; from now on the port refuses connections."""
        if self._thread is None or self._loop is None:
            return
        self.running.remove(self)
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
        request = await read_request(reader)
        call = self.call_type(
            request.method,
            request.path,
            request.content,
            request.headers,
            self.quirks.everywhere(),
        )
        self.requests.append(call)
        self._announce()
        answer = asyncio.ensure_future(
            self._answer(call, Response(writer, keeps_alive=self.keeps_alive))
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

    # From a call to its reply --------------------------------------------------------------------

    async def _answer(self, call: CallT, response: Response) -> None:
        if Quirk.REDIRECTS in call.quirks and not call.path.startswith(_REDIRECTED):
            response.whole(307, JSON, b"", Location=f"{self.url}{_REDIRECTED}{call.path}")
        elif self.authorization not in {"", call.headers.get("authorization")}:
            response.json(401, self._unauthorized(call))
        elif call.method == "POST" and self._path_of(call) == self.chat_path:
            await self._answer_chat(call, response)
        else:
            self._answer_other(call, response)
        await response.flush()
        call.answered.set()

    def _path_of(self, call: CallT) -> str:
        """The path as the protocol has it."""
        is_redirected = Quirk.REDIRECTS in call.quirks
        return call.path.removeprefix(_REDIRECTED) if is_redirected else call.path

    def _unauthorized(self, _call: CallT) -> dict[str, Any]:
        return self._error("unauthorized", 401)

    async def _answer_chat(self, call: CallT, response: Response) -> None:
        try:
            call.quirks = self.quirks.take(call.kind)
        except (ValueError, TypeError) as error:
            response.json(400, self._error(str(error), 400))
            return
        if refusal := self._refusal(call):
            response.json(*refusal)
            return
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        try:
            await self._load(call)
            await self._reply(call, self._reply_to(call), response)
        finally:
            self.active -= 1

    async def _load(self, call: CallT) -> None:
        """Wait with all others until the model is there."""
        if not self.load_seconds:
            return
        if call.model not in self._loading:
            self.loads.append(call)
            self.loading.set()
            self._loading[call.model] = asyncio.create_task(asyncio.sleep(self.load_seconds))
        await asyncio.shield(self._loading[call.model])
        self.loaded.set()

    async def _reply(self, call: CallT, reply: Reply, response: Response) -> None:
        if reply.status != 200:
            response.json(reply.status, self._error(reply.error, reply.status))
        elif odd := self._odd_body(call, reply):
            response.whole(200, *odd)
        elif call.is_streamed and Quirk.IGNORES_STREAM not in call.quirks:
            await self._stream(call, reply, response)
        else:
            await self._collect(call, reply, response)

    def _odd_body(self, call: CallT, reply: Reply) -> tuple[str, bytes] | None:
        """Type and content of a body that is no answer at all."""
        if Quirk.HTML_WITH_200 in call.quirks:
            return "text/html; charset=utf-8", _HTML
        if Quirk.ERROR_WITH_200 in call.quirks:
            return JSON, encoded(self._error(reply.error, 500))
        if Quirk.NOT_AN_OBJECT in call.quirks:
            return JSON, encoded([reply.text])
        return None

    def _reply_to(self, call: CallT) -> Reply:
        reply = self._scripts.reply_to(call)
        self._holds += filter(None, (reply.hold, *reply.holds))
        return shaped(reply, call, self.cut)

    # From a reply to its pieces ------------------------------------------------------------------

    async def _pieces(self, call: CallT, reply: Reply) -> AsyncGenerator[Piece]:
        due = time.monotonic() + self.first_token_seconds
        for number, piece in enumerate(pieces_of(reply, self.cut, call.limit)):
            due += await _interruptions(reply, number, is_last=piece.is_last)
            if _is_due(reply.error_after, number, is_last=piece.is_last):
                yield Piece(is_last=True, error=reply.error)
                return
            if _is_due(reply.end_after, number, is_last=piece.is_last):
                return
            if not piece.is_last or number == 0:
                await _until(due)
                due += 1 / self.tokens_per_second if self.tokens_per_second else 0.0
            call.tokens_sent += not piece.is_last
            yield piece


async def _interruptions(reply: Reply, number: int, *, is_last: bool) -> float:
    """Play the script's faults before this token; the seconds by which the schedule slips."""
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
