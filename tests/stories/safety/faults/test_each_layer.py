"""From the model to the child, with each layer that asks a model failing in turn: guard, judge and
rewording, and a storyteller that does not judge at all. What must hold: what did not pass is in no
frame, replay, page or answer, and the story goes on or ends as the documentation says."""

from dataclasses import dataclass

import pytest
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories.infra.db import in_database
from stories.models import Chapter, Generation, GenerationEvent, Story
from testkit.hosts import Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client, Frame, text_of
from tests.stories.safety.faults.unsafe import (
    GUARD,
    SOFT,
    is_clean,
    last_but_one_chapter,
    unsafe_in_every_way,
)
from tests.streams import events_of, start
from tests.surfaces import everything_said, pages

pytestmark = pytest.mark.django_db(transaction=True)

SILENT, CUT, DOWN = Reply(hang_after=0), Reply(cut_after=0), Reply(status=500)
PROSE, CONTRADICTION = Reply("Lovely!"), Reply('{"problem": "none", "weight": 3}')
each_chapter = pytest.mark.parametrize("number", [1, 12])


@pytest.fixture
def guarded(storyteller: OllamaServer, settings: Settings) -> OllamaServer:
    storyteller.models.append(GUARD)
    settings.GUARD_MODEL = GUARD
    settings.GUARD_TIMEOUT_SECONDS = 1
    return storyteller


@dataclass
class Readers:
    """Mia, who reads a chapter live, and her parent, who looks everywhere else."""

    api: Client
    browser: Browser
    parent: User
    child: Child

    async def follow(self, number: int) -> list[Frame]:
        """A first or a last chapter, live to its end."""
        if number == 1:
            return await self.api.frames(events_of(await start(self.api, self.child)))
        _, url = await in_database(last_but_one_chapter, self.child)
        return await self.api.frames(url)

    async def find_nothing_unapproved(self, live: list[Frame]) -> bool:
        await in_database(self.browser.force_login, self.parent)
        story = await Story.objects.select_related("session").aget()
        said = [frame.raw for frame in live]
        said += await everything_said(self.api, await Generation.objects.aget())
        said += await in_database(pages, self.browser, story)
        said += [f"{e.payload}{e.source}" async for e in GenerationEvent.objects.all()]
        return is_clean(said)


@pytest.fixture
def readers(api: Client, client: Browser, alice: User, mia: Child) -> Readers:
    return Readers(api, client, alice, mia)


@each_chapter
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (SILENT, "MODEL_UNAVAILABLE"),
        (CUT, "MODEL_UNAVAILABLE"),
        (DOWN, "MODEL_UNAVAILABLE"),
        (PROSE, "MODEL_UNAVAILABLE"),
        (Reply("unsafe\nS1"), "SAFETY_REJECTED"),
    ],
    ids=["silent", "cut", "down", "prose", "wrong"],
)
async def test_without_the_guard_a_story_ends_before_its_first_word(
    readers: Readers,
    guarded: OllamaServer,
    number: int,
    fault: Reply,
    code: str,
) -> None:
    unsafe_in_every_way(guarded)
    guarded.script(guard=lambda _: fault)
    live = await readers.follow(number)
    assert (live[-1].type, live[-1].data["code"]) == ("error", code)
    assert text_of(live) == ""
    assert not await Chapter.objects.filter(number=number).aexists()
    assert await readers.find_nothing_unapproved(live)


@each_chapter
@pytest.mark.parametrize(
    "fault", [CUT, DOWN, PROSE, CONTRADICTION], ids=["cut", "down", "prose", "contradiction"]
)
async def test_without_the_judge_no_chapter_comes_of_it(
    readers: Readers,
    guarded: OllamaServer,
    number: int,
    fault: Reply,
) -> None:
    unsafe_in_every_way(guarded)
    guarded.script(judge=lambda _: fault)
    live = await readers.follow(number)
    assert live[-1].type == "error"
    assert live[-1].data["code"] in {"MODEL_UNAVAILABLE", "CHECK_FAILED"}
    assert not await Chapter.objects.filter(number=number).aexists()
    assert await readers.find_nothing_unapproved(live)


@each_chapter
@pytest.mark.parametrize("fault", [CUT, DOWN, Reply(""), Reply(SOFT)])
async def test_without_another_wording_the_sentence_is_left_out(
    readers: Readers,
    guarded: OllamaServer,
    number: int,
    fault: Reply,
) -> None:
    unsafe_in_every_way(guarded)
    guarded.script(rewording=lambda _: fault)
    live = await readers.follow(number)
    assert live[-1].type == "complete"
    assert text_of(live) == (await Chapter.objects.aget(number=number)).text
    assert await readers.find_nothing_unapproved(live)
