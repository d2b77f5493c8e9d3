"""Streams through `deploy/nginx.conf`: a real nginx, with TLS, before the app as it is served."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from testkit.app import ROOT
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from testkit.processes import Server
from testkit.proxy import CONF, Proxy
from tests.clients import Frame, parse_frame, text_of
from tests.isolation import shared

TIMEOUT_SECONDS = 40.0
KEEPALIVE_SECONDS = 0.25
# nginx's time-out of a silent application is shorter, too.
NGINX_WAITS_SECONDS = 3
SHORT_TIMEOUT = {"proxy_read_timeout 60s;": f"proxy_read_timeout {NGINX_WAITS_SECONDS}s;"}
_SETTINGS = {
    "STORYTELLER_HTTPS": "1",
    "STORYTELLER_HOSTS": "localhost",
    "STORYTELLER_SSE_KEEPALIVE": str(KEEPALIVE_SECONDS),
}


@dataclass
class Stream:
    """An open stream, and the events that were read from it."""

    response: httpx.Response
    raw: AsyncIterator[str]
    frames: list[Frame] = field(default_factory=list)

    async def next(self) -> str:
        """The next frame as it came: an event, a comment, or `retry`."""
        raw = await anext(self.raw)
        if raw.startswith("id: "):
            self.frames.append(parse_frame(raw))
        return raw

    async def until_text(self) -> str:
        while not text_of(self.frames):
            await self.next()
        return text_of(self.frames)

    async def rest(self) -> list[Frame]:
        """All events, when the server has ended the stream; a torn one raises."""
        with suppress(StopAsyncIteration):
            while True:
                await self.next()
        return self.frames


@dataclass
class Site:
    """nginx, the application behind it, and a parent who knows of nginx only."""

    host: OllamaServer
    app: Server
    proxy: Proxy
    token: str = ""
    child_id: str = ""

    def settle_in(self) -> None:
        self.token = self.app.token("alice@example.org")
        child = {"name": "Maya", "birth_year": 2018, "birth_month": 3}
        self.child_id = self.call("POST", "/api/v1/children", child)["id"]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        with httpx.Client(verify=self.proxy.trusted(), timeout=TIMEOUT_SECONDS) as http:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            sent = {"Authorization": f"Bearer {self.token}"} | named
            return http.request(method, f"{self.proxy.url}{path}", json=body, headers=sent)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.ask(method, path, body)
        assert answer.is_success, answer.text
        return answer.json()

    def begin(self, theme: str) -> str:
        """The path of a new story's events."""
        wish = {"child_id": self.child_id, "theme": theme}
        return str(self.call("POST", "/api/v1/generations", wish)["events_url"])

    def text_of(self, events_path: str) -> str:
        """The approved text of a chapter so far."""
        return str(self.call("GET", events_path.removesuffix("/events"))["text"])

    @asynccontextmanager
    async def follow(self, path: str, cursor: str = "") -> AsyncIterator[Stream]:
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Encoding": "gzip"}
        if cursor:
            headers["Last-Event-ID"] = cursor
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            httpx.AsyncClient(verify=self.proxy.trusted(), timeout=None) as http,
            http.stream("GET", f"{self.proxy.url}{path}", headers=headers) as response,
        ):
            yield Stream(response, _frames(response))

    async def insist(self, path: str, cursor: str) -> list[Frame]:
        """All events after the cursor, come back for as `EventSource` does: a process that has just
        started may be silent for longer than this nginx waits."""
        frames: list[Frame] = []
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while not (frames and frames[-1].type in {"complete", "error"}):
                async with self.follow(path, frames[-1].id if frames else cursor) as stream:
                    try:
                        frames += await stream.rest()
                    except httpx.RemoteProtocolError:
                        assert not stream.frames, "torn in the middle"
        return frames


async def _frames(response: httpx.Response) -> AsyncIterator[str]:
    buffer = b""
    async for chunk in response.aiter_raw():
        *whole, buffer = (buffer + chunk).split(b"\n\n")
        for raw in whole:
            yield raw.decode()
    assert buffer == b"", "a stream ends between frames"


@contextmanager
def a_site(folder: Path, changes: Mapping[str, str], **settings: str) -> Iterator[Site]:
    data, conf = folder / "data", folder / "nginx"
    data.mkdir()
    conf.mkdir()
    with OllamaServer(model="gemma3:12b") as host:
        app = Server(data, host.url, host.model, settings=_SETTINGS | settings)
        proxy = Proxy(conf, [app.port], changes)
        app.start()
        proxy.start()
        try:
            site = Site(host, app, proxy)
            site.settle_in()
            yield site
        finally:
            proxy.stop()
            app.kill()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with a_site(folder, SHORT_TIMEOUT) as site, shared(site.host), shared(site.app):
        yield site


async def test_the_first_bytes_come_before_the_model_has_said_a_word(site: Site) -> None:
    hold = Hold(after=0)
    site.host.script(prose=[Reply(hold=hold)])
    path = await asyncio.to_thread(site.begin, "a fox who finds a lantern")
    async with site.follow(path) as stream:
        assert await stream.next() == "retry: 3000"
        assert parse_frame(await stream.next()).data["node"] == "workflow"
        assert text_of(stream.frames) == ""
    await hold.reached.seen(TIMEOUT_SECONDS)
    hold.release()
    assert stream.response.status_code == 200
    headers = stream.response.headers
    assert headers["Content-Type"] == "text/event-stream"
    assert headers.get("Content-Encoding", "identity") == "identity"
    assert headers["Cache-Control"] == "no-cache, no-transform"


async def test_events_come_one_by_one_and_none_waits_for_another(site: Site) -> None:
    holds = [Hold(after=number) for number in (30, 60, 90, 120)]
    site.host.script(prose=[Reply(holds=holds)])
    path = await asyncio.to_thread(site.begin, "a kite over the hills")
    seen = 0
    async with site.follow(path) as stream:
        for hold in holds:
            await hold.reached.seen(TIMEOUT_SECONDS)
            # The model is silent: what is approved now has to come without a push from behind.
            approved = ""
            while len(approved) <= seen or text_of(stream.frames) != approved:
                await stream.next()
                approved = await asyncio.to_thread(site.text_of, path)
            seen = len(approved)
            hold.release()
        frames = await stream.rest()
    assert frames[-1].type == "complete"
    assert text_of(frames) == frames[-1].data["story_content"]


async def test_a_story_streams_over_http_2_as_browsers_ask_for_it(site: Site) -> None:
    hold = Hold(after=60)
    site.host.script(prose=[Reply(hold=hold)])
    path = await asyncio.to_thread(site.begin, "a letter in a bottle")
    curl = await asyncio.create_subprocess_exec(
        *("curl", "--silent", "--show-error", "--no-buffer", "--http2", "--compressed"),
        *("--cacert", str(site.proxy.certificate), "--write-out", "%{http_version}"),
        *("--header", f"Authorization: Bearer {site.token}", f"{site.proxy.url}{path}"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert curl.stdout is not None
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while b'"type": "content"' not in await curl.stdout.readline():
            assert not curl.stdout.at_eof()
        hold.release()
        *_, last = (await curl.stdout.read()).decode().split("\n\n")
    assert last == "2"
    assert await curl.wait() == 0


async def test_a_silence_longer_than_nginx_waits_is_survived(site: Site) -> None:
    hold = Hold(after=60)
    site.host.script(prose=[Reply(hold=hold)])
    path = await asyncio.to_thread(site.begin, "a bear who slept late")
    async with site.follow(path) as stream:
        shown = await stream.until_text()
        quiet = 0
        while quiet * KEEPALIVE_SECONDS < 3 * NGINX_WAITS_SECONDS:
            quiet = quiet + 1 if await stream.next() == ": keepalive" else 0
        hold.release()
        frames = await stream.rest()
    assert frames[-1].type == "complete"
    assert text_of(frames).startswith(shown)


async def test_without_signs_of_life_nginx_would_have_cut_it(tmp_path: Path) -> None:
    with a_site(tmp_path, SHORT_TIMEOUT, STORYTELLER_SSE_KEEPALIVE="15") as site:
        hold = Hold(after=60)
        site.host.script(prose=[Reply(hold=hold)])
        path = await asyncio.to_thread(site.begin, "a bear who slept late")
        async with site.follow(path) as stream:
            await stream.until_text()
            with pytest.raises(httpx.RemoteProtocolError):
                await stream.rest()
        hold.release()


def test_nginx_waits_longer_than_the_application_is_ever_silent() -> None:
    source = (ROOT / "storyteller" / "settings.py").read_text()
    longest = re.search(r'"STORYTELLER_SSE_KEEPALIVE".*high=(\d+)', source)
    waits = re.search(r"proxy_read_timeout (\d+)s;", CONF.read_text())
    assert longest is not None
    assert waits is not None
    assert int(waits[1]) >= 2 * int(longest[1])


async def test_a_restart_of_the_application_loses_and_repeats_nothing(site: Site) -> None:
    hold = Hold(after=60)
    site.host.script(prose=[Reply(hold=hold)])
    path = await asyncio.to_thread(site.begin, "a very slow snail")
    async with site.follow(path) as stream:
        shown = await stream.until_text()
        await asyncio.to_thread(site.app.stop)
        frames = await stream.rest()  # ended in order, between two events
    cursor = frames[-1].id

    async with site.follow(path, cursor) as meanwhile:
        # EventSource takes this for a stream that has ended, and comes back to it.
        assert meanwhile.response.status_code == 200
        assert meanwhile.response.headers["Content-Type"] == "text/event-stream"
        assert await meanwhile.next() == "retry: 2000"
        assert await meanwhile.rest() == []
    page = await asyncio.to_thread(site.ask, "GET", "/")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "3")

    await asyncio.to_thread(site.app.start)
    frames += await site.insist(path, cursor)
    assert text_of(frames).startswith(shown)
    assert [int(frame.id.rpartition("-")[2]) for frame in frames] == [*range(1, len(frames) + 1)]
    assert frames[-1].type == "complete"
    assert text_of(frames) == frames[-1].data["story_content"]


async def test_a_reader_who_leaves_nginx_leaves_the_application_too(site: Site) -> None:
    hold = Hold(after=60)
    site.host.script(prose=[Reply(hold=hold)])
    path = await asyncio.to_thread(site.begin, "a gate in the wood")
    async with site.follow(path) as stream:
        await stream.until_text()
    hold.release()
    async with site.follow(path) as stream:
        frames = await stream.rest()
    assert frames[-1].type == "complete", "and it was written all the same"


async def test_what_the_application_refuses_is_passed_on_as_it_is(site: Site) -> None:
    unknown = "/api/v1/generations/00000000-0000-0000-0000-000000000000/events"
    refused = await asyncio.to_thread(site.ask, "GET", unknown)
    assert refused.status_code == 404
    assert "json" in refused.headers["Content-Type"]
    nobody = await asyncio.to_thread(site.ask, "GET", unknown, Authorization="Bearer none")
    assert nobody.status_code == 401


def test_plain_http_is_sent_to_https(site: Site) -> None:
    answer = httpx.get(f"http://localhost:{site.proxy.plain_port}/children/?page=2")
    assert answer.status_code == 301
    assert answer.headers["Location"] == "https://localhost/children/?page=2"


def test_styles_are_compressed_and_pages_are_not(site: Site) -> None:
    asked = {"Accept-Encoding": "gzip"}
    style = site.ask("GET", "/static/stories/base.css", **asked)
    assert (style.status_code, style.headers.get("Content-Encoding")) == (200, "gzip")
    page = site.ask("GET", "/accounts/login/", **asked)
    assert (page.status_code, page.headers.get("Content-Encoding")) == (200, None)


def test_a_parent_signs_in_through_it_and_the_cookie_travels_encrypted_only(site: Site) -> None:
    with httpx.Client(base_url=site.proxy.url, verify=site.proxy.trusted()) as browser:
        page = browser.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "login": "x@example.org", "password": "wrong"}
        answer = browser.post("/accounts/login/", data=form, headers={"Referer": str(page.url)})
    assert answer.status_code == 200, "the form came back, with its origin trusted"
    assert "Secure" in page.headers["Set-Cookie"]


def test_no_query_string_is_written_to_a_log(site: Site) -> None:
    secret = "ticket-that-nobody-shall-read"
    path = f"/api/v1/stories/generate/stream?token={secret}"
    assert site.ask("GET", path).status_code != 404
    site.app.kill()
    assert site.ask("GET", path).status_code == 200
    assert site.ask("GET", f"/?token={secret}", Referer=f"https://x/?{secret}").status_code == 503
    assert "/api/v1/stories/generate/stream" in site.proxy.logs
    assert secret not in site.proxy.logs
    assert secret not in json.dumps(site.app.log)
