"""The stage of a check: the server under test, the users it is tested with, and runs to look at."""

import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from testkit.conformance.control import Control
from testkit.conformance.wire import Api, By, Connection, Frame, must

THEME = "a fox who finds a lantern"


class NeedsControl(Exception):
    """Only whoever runs the server's processes can check this."""


@dataclass(frozen=True)
class Run:
    """A generation, as the user who asked for it sees it."""

    api: Api
    id: str
    session_id: str
    story_id: str
    child_id: str
    events_path: str

    @asynccontextmanager
    async def follow(
        self, cursor: str = "", *, by: By = "header", api: Api | None = None, ticket: str = ""
    ) -> AsyncGenerator[Connection, None]:
        query = {"token": ticket} if ticket else {}
        opened = (api or self.api).open(self.events_path, query, cursor=cursor, by=by)
        async with opened as connection:
            must(connection.status in (200, 204), f"{self.events_path}: {connection.status}")
            yield connection

    async def after(self, cursor: str = "", **how: Any) -> list[Frame]:
        """The events after a cursor, until the server ends the stream."""
        async with self.follow(cursor, **how) as connection:
            return await connection.rest()

    async def state(self) -> Any:
        return await self.api.call("GET", f"/generations/{self.id}")

    async def stop(self) -> Any:
        return await self.api.call("POST", f"/generations/{self.id}/stop")

    async def ended(self) -> Any:
        """The state once it is over."""
        await self.after()
        state = await self.state()
        must(not state["is_active"], f"its log has ended, and its status is {state['status']!r}")
        return state

    async def ticket(self) -> str:
        answer = await self.api.call("POST", f"/generations/{self.id}/ticket")
        return str(answer["ticket"])

    async def stored_text(self, number: int = 1) -> str:
        story = await self.api.call("GET", f"/stories/{self.story_id}")
        texts = [chapter["text"] for chapter in story["chapters"] if chapter["number"] == number]
        must(len(texts) == 1, f"{len(texts)} chapters with the number {number} are stored")
        return str(texts[0])


@dataclass
class Stage:
    """One server under test. `unchecked` collects what a check had to leave out, and why."""

    base_url: str
    token: str
    second_token: str = ""
    control: Control | None = None
    trusted: ssl.SSLContext | None = None
    unchecked: list[str] = field(default_factory=list)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _finished: Run | None = None

    async def __aenter__(self) -> Self:
        self.api = await self.user(self.token)
        self.nobody = await self.user("")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def user(self, token: str) -> Api:
        return await self._stack.enter_async_context(
            Api(self.base_url, token, trusted=self.trusted)
        )

    async def browser(self, cookie: str) -> Api:
        return await self._stack.enter_async_context(
            Api(self.base_url, cookie=cookie, trusted=self.trusted)
        )

    async def stranger(self, what: str) -> Api | None:
        """A user of another family; without one, `what` is left unchecked."""
        if self.second_token:
            return await self.user(self.second_token)
        self.unchecked.append(f"{what} (needs --second-token)")
        return None

    def controlled(self, what: str) -> Control | None:
        """The control; without one, `what` is left unchecked."""
        if self.control is None:
            self.unchecked.append(f"{what} (needs control)")
        return self.control

    def control_needed(self) -> Control:
        if self.control is None:
            raise NeedsControl
        return self.control

    async def child(self, api: Api | None = None) -> str:
        """A child of its own for every story, so that no two requests stand for one."""
        body = {"name": "Mia", "birth_year": 2019, "birth_month": 3}
        made = await (api or self.api).call("POST", "/children", body)
        return str(made["id"])

    async def start(self, api: Api | None = None, **headers: str) -> Run:
        api = api or self.api
        child_id = await self.child(api)
        body = {"child_id": child_id, "theme": THEME}
        return run_of(api, child_id, await api.call("POST", "/generations", body, **headers))

    async def finished(self) -> Run:
        """A run that is over, shared by the checks that only look at one."""
        if self._finished is None:
            self._finished = await self.start()
            await self._finished.after()
        return self._finished


def run_of(api: Api, child_id: str, answer: dict[str, Any]) -> Run:
    return Run(
        api,
        answer["id"],
        answer["session_id"],
        answer["story_id"],
        child_id,
        answer["events_url"],
    )


def beyond(cursor: str) -> str:
    """A cursor that was never issued, but looks like one that may be some day."""
    return re.sub(r"\d+$", lambda number: str(int(number[0]) + 100_000), cursor)
