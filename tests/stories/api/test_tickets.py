"""Tickets for EventSource clients: one stream, one user, one generation."""

import datetime as dt
import time
from typing import Any

import pytest

from children.models import Child
from stories.access import tickets
from stories.models import Generation
from testkit.ollama.server import OllamaServer
from tests.clients import Client
from tests.streams import THEME, events_of, start

pytestmark = pytest.mark.django_db(transaction=True)


async def ticket_for(api: Client, path: str) -> str:
    status, ticket, _ = await api.call("POST", f"{path}/ticket")
    assert status == 200
    return str(ticket["ticket"])


def aged(monkeypatch: pytest.MonkeyPatch, age: dt.timedelta) -> None:
    """Lets Django's signer believe that so much time has passed since every signature."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + age.total_seconds())


async def test_a_ticket_starts_one_generation_and_reconnects_to_it(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    ticket = await ticket_for(api, f"/children/{mia.pk}")
    browser = Client(None)
    url = f"/stories/generate/stream?child_id={mia.pk}&theme={THEME}&token={ticket}"
    whole = await browser.frames(url)
    assert whole[-1].type == "complete"
    assert await browser.frames(url) == whole, "a repeated URL starts nothing"
    assert await browser.frames(url, Last_Event_ID=whole[3].id) == whole[4:]
    assert await Generation.objects.acount() == 1
    other = f"/stories/generate/stream?child_id={mia.pk}&theme=snails&token={ticket}"
    await browser.frames(other)
    assert await Generation.objects.acount() == 1


async def test_a_starting_ticket_is_bound_to_what_it_started(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    other = await start(api, mia, theme="a snail")
    frames = await api.frames(events_of(other))
    ticket = await ticket_for(api, f"/children/{mia.pk}")
    browser = Client(None)
    url = f"/stories/generate/stream?child_id={mia.pk}&theme={THEME}&token={ticket}"
    await browser.frames(url)
    status, _, _ = await browser.call("GET", url, Last_Event_ID=frames[2].id)
    assert status == 403


async def test_a_choice_can_be_streamed_with_a_ticket(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = (await api.frames(events_of(await start(api, mia))))[-1].data
    ticket = await ticket_for(api, f"/children/{mia.pk}")
    option = done["choices"][0]["id"]
    url = f"/stories/sessions/{done['session_id']}/choices/stream?choice_id={option}"
    frames = await Client(None).frames(f"{url}&token={ticket}")
    assert frames[-1].data["currentChapter"] == 2


async def test_a_following_ticket_opens_within_a_minute_and_reconnects_for_an_hour(
    api: Client, mia: Child, storyteller: OllamaServer, monkeypatch: Any
) -> None:
    started = await start(api, mia)
    ticket = await ticket_for(api, f"/generations/{started['id']}")
    url = f"{events_of(started)}?token={ticket}"
    browser = Client(None)
    whole = await browser.frames(url)
    with monkeypatch.context() as clock:
        aged(clock, tickets.FIRST_CONNECTION + dt.timedelta(seconds=2))
        assert (await browser.call("GET", url))[0] == 401
        assert await browser.frames(url, Last_Event_ID=whole[0].id) == whole[1:]
    with monkeypatch.context() as clock:
        aged(clock, tickets.RECONNECTIONS + dt.timedelta(seconds=2))
        assert (await browser.call("GET", url, Last_Event_ID=whole[0].id))[0] == 401


async def test_a_ticket_that_a_log_in_made_ends_with_the_password(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await start(api, mia)
    assert api.user is not None
    browser = Client(api.user, is_browser=True)
    ticket = await ticket_for(browser, f"/generations/{started['id']}")
    url = f"{events_of(started)}?token={ticket}"
    frames = await Client(None).frames(url)
    api.user.set_password("another-quiet-lantern-8")
    await api.user.asave()
    status, _, _ = await Client(None).call("GET", url, Last_Event_ID=frames[0].id)
    assert status == 401
