"""From the model to the child: what did not pass is in no frame, replay, page, book or answer."""

import asyncio
from typing import Any

import pytest
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories.infra.db import in_database
from stories.models import Chapter, Generation, GenerationEvent, SafetyFinding, Story
from testkit.hosts import Call, Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client, Frame, frames_of, text_of
from tests.stories.safety.faults import HARD, SENTENCES
from tests.stories.safety.faults.unsafe import (
    DARK,
    GUARD,
    is_clean,
    last_but_one_chapter,
    unsafe_in_every_way,
)
from tests.streams import events_of, start
from tests.surfaces import everything_said, pages

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(client: Browser, alice: User) -> Browser:
    client.force_login(alice)
    return client


@pytest.fixture
def guarded(storyteller: OllamaServer, settings: Settings) -> OllamaServer:
    storyteller.models.append(GUARD)
    settings.GUARD_MODEL = GUARD
    return storyteller


@pytest.mark.parametrize("number", [1, 12])
async def test_with_every_layer_on_nothing_unapproved_is_anywhere(
    api: Client, browser: Browser, mia: Child, guarded: OllamaServer, number: int
) -> None:
    unsafe_in_every_way(guarded)
    if number == 1:
        url = events_of(await start(api, mia))
    else:
        _, url = await in_database(last_but_one_chapter, mia)
    live = await api.frames(url)
    assert live[-1].type == "complete", live[-1]
    generation = await Generation.objects.aget()
    chapter = await Chapter.objects.aget(number=number)
    assert text_of(live) == chapter.text
    assert chapter.safety_layers == ["rules", "family", "classifier", "guard", "judge"]
    story = await Story.objects.select_related("session").aget()
    said = [frame.raw for frame in live] + await everything_said(api, generation)
    assert is_clean(said + await in_database(pages, browser, story))
    rows = [f"{e.payload}{e.source}" async for e in GenerationEvent.objects.all()]
    stored = [str(vars(chapter))]
    stored += [str(vars(choice)) async for choice in chapter.choices.all()]
    assert is_clean(rows + stored)
    held = [finding async for finding in SafetyFinding.objects.all()]
    assert {finding.layer for finding in held} == {"rules", "family", "guard"}
    assert all(finding.layers for finding in held)


@pytest.mark.parametrize("fault", [Reply(status=500), Reply("Lovely!"), Reply(cut_after=0)])
async def test_with_a_guard_that_fails_the_story_ends_before_its_first_word(
    api: Client, browser: Browser, mia: Child, guarded: OllamaServer, fault: Reply
) -> None:
    unsafe_in_every_way(guarded)
    guarded.script(prose=" ".join([HARD, *SENTENCES]), guard=lambda _: fault)
    frames = await api.frames(events_of(await start(api, mia)))
    assert frames[-1].type == "error"
    assert text_of(frames) == ""
    story = await Story.objects.select_related("session").aget()
    said = [frame.raw for frame in frames]
    assert is_clean(said + await in_database(pages, browser, story))


@pytest.mark.parametrize("rejections", [1, 2, 3])
async def test_a_chapter_that_is_dark_as_a_whole_stays_with_those_who_saw_it_written(
    api: Client, browser: Browser, mia: Child, storyteller: OllamaServer, rejections: int
) -> None:
    dark = f"{DARK} It grew cold."
    hold = Hold(after=0)

    def judged(call: Call) -> Any:
        return {"problem": "fear", "weight": 3} if DARK in call.messages[-1]["content"] else None

    versions = [*[dark] * rejections, " ".join(SENTENCES)]
    storyteller.script(prose=[dark, Reply(versions[1], hold=hold), *versions[2:3]], judge=judged)
    started = await start(api, mia)
    await hold.reached.seen()
    await taken_back(api, events_of(started))
    generation = await Generation.objects.aget()
    story = await Story.objects.select_related("session").aget()
    late = asyncio.create_task(api.frames(events_of(started)))
    assert is_clean(await everything_shown(api, browser, generation, story))
    hold.release()
    frames = await late
    if rejections == 1:
        assert is_clean([frame.raw for frame in frames])
    ending = {3: ("content_reset", "error")}.get(rejections, ("progress", "complete"))
    assert tuple(frame.type for frame in frames[-2:]) == ending
    told = "" if rejections == 3 else " ".join(SENTENCES).replace("Robin", "Mia")
    assert text_of(frames) == told
    assert is_clean(await everything_shown(api, browser, generation, story))
    assert is_clean(await everything_said(api, generation))
    held = SafetyFinding.objects.filter(field="chapter", text=dark)
    assert await held.acount() == rejections


async def taken_back(api: Client, path: str) -> None:
    """Until a reader has been told that the first version is gone: the next one may be asked for
    while that is being committed."""
    async for frame in frames_of(await api.stream(path)):
        if frame.type == "content_reset":
            return
    raise AssertionError("the first version was never taken back")


async def everything_shown(
    api: Client, browser: Browser, generation: Generation, story: Story
) -> list[str]:
    """Text told to a newcomer, and stored of what was told before."""
    events = f"/generations/{generation.pk}/events"
    _, state, answer = await api.call("GET", f"/generations/{generation.pk}")
    told = [
        frame.raw
        for cursor in ("", "elsewhere")
        for frame in await events_so_far(api, events, state["cursor"], cursor)
    ]
    rows = [f"{e.payload}{e.source}" async for e in GenerationEvent.objects.all()]
    return [answer.content.decode(), *told, *rows, *await in_database(pages, browser, story)]


async def events_so_far(api: Client, path: str, end: str, cursor: str) -> list[Frame]:
    """Events told to a reader with this cursor, up to the event at `end`, or to a resync's text."""
    frames: list[Frame] = []
    async for frame in frames_of(await api.stream(path, Last_Event_ID=cursor)):
        frames.append(frame)
        if frame.id == end or (cursor and frame.type == "content"):
            break
    return frames


@pytest.mark.parametrize("guard", ["shieldgemma:2b", "llama3.1:8b"])
async def test_a_guard_that_nobody_can_ask_means_no_storyteller(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Settings, guard: str
) -> None:
    settings.GUARD_MODEL = guard
    frames = await api.frames(events_of(await start(api, mia)))
    assert (frames[-1].type, frames[-1].data["code"]) == ("error", "MODEL_REFUSED")
    assert storyteller.calls == []
