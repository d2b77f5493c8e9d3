"""With STORYTELLER_SHOW=words a story is seen word by word, and kept as it was approved."""

from typing import Any

import pytest
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from children.models import Child, Family, Preview, User
from stories.execution import engine
from stories.generations import NewStory, start_story
from stories.infra.db import in_database
from stories.models import Chapter, Generation, GenerationEvent, Story
from testkit.hosts import Hold, Reply, in_turn, words
from testkit.ollama.server import OllamaServer
from tests.clients import Client, Frame, frames_of, text_of
from tests.factories.callers import caller
from tests.runs import die_after, put_back, watched
from tests.streams import events_of, start
from tests.surfaces import everything_said, pages

pytestmark = pytest.mark.django_db(transaction=True)

GUARD = "llama-guard3:1b"
FIRST = "On a bright morning Robin found a small brass lantern on the path."
SECOND = "It was still warm, and Robin wondered who had left it there."
CRUDE = "That grumpy old goat was a big sucker and a jerk."
DARK = "Nobody in the deep well called out to them any more."
LAST = "Then they all went home and slept."
KINDER = "Then the old goat waved at them and smiled."


@pytest.fixture(autouse=True)
def words_are_shown(settings: Settings, ollama: OllamaServer) -> None:
    settings.SHOWS_UNCHECKED_WORDS = True
    ollama.cut = words


@pytest.fixture
def browser(client: Browser, alice: User) -> Browser:
    client.force_login(alice)
    return client


def revealed(text: str) -> str:
    return text.replace("Robin", "Mia")


def chunks_of(frames: list[Frame]) -> list[str]:
    return [frame.data["chunk"] for frame in frames if frame.type == "content"]


async def test_there_are_frames_between_the_ends_of_sentences_and_names_stay_whole(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.tokens_per_second = 100
    storyteller.script(prose=f"{FIRST} {SECOND}")
    frames = await api.frames(events_of(await start(api, mia)))
    assert frames[-1].type == "complete"
    assert text_of(frames) == revealed(f"{FIRST} {SECOND}") == (await Chapter.objects.aget()).text
    assert "content_reset" not in [frame.type for frame in frames]
    chunks = chunks_of(frames)
    assert len(chunks) > 12
    assert max(len(chunk.split()) for chunk in chunks[1:]) <= 5
    assert not any("Rob" in chunk for chunk in chunks)


@pytest.fixture(params=["", GUARD], ids=["classifier", "guard"])
def stopped(request: pytest.FixtureRequest, ollama: OllamaServer, settings: Settings) -> str:
    """A sentence that no rule stops, with the guard on that stops it if the classifier does not."""
    if not request.param:
        return CRUDE
    ollama.models.append(GUARD)
    settings.GUARD_MODEL = GUARD
    return DARK


async def test_what_is_stopped_after_it_was_seen_is_nowhere_afterwards(
    api: Client, browser: Browser, mia: Child, storyteller: OllamaServer, stopped: str
) -> None:
    storyteller.script(
        prose=in_turn(f"{FIRST}\n\n{stopped}\n\n{SECOND}", SECOND),
        rewording=SECOND,
        guard=lambda call: "unsafe\nS1" if DARK in call.messages[-1]["content"] else "safe",
    )
    started = await start(api, mia)
    live = [f async for f in frames_of(await api.stream(events_of(started))) if f.type]
    assert live[-1].type == "complete"
    resets = [frame for frame in live if frame.type == "content_reset"]
    assert resets
    assert {frame.data["reason"] for frame in resets} == {"resync"}
    assert all(frame.id for frame in live)
    chapter = await Chapter.objects.aget()
    assert text_of(live) == chapter.text
    generation = await Generation.objects.aget()
    story = await Story.objects.select_related("session").aget()
    said = await everything_said(api, generation) + await in_database(pages, browser, story)
    rows = [f"{e.payload}{e.source}" async for e in GenerationEvent.objects.all()]
    assert not any(stopped[:18] in text for text in said + rows)
    replayed = await api.frames(events_of(started))
    assert [frame.id for frame in replayed] == [frame.id for frame in live]
    assert text_of(replayed) == chapter.text


async def test_who_joins_or_comes_back_in_mid_sentence_has_all_of_it_once(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    hold = Hold(after=len(words(FIRST)) + 8)
    storyteller.script(prose=Reply(f"{FIRST} {SECOND}", hold=hold))
    url = events_of(await start(api, mia))
    await hold.reached.seen()
    seen: list[Frame] = []
    async for frame in frames_of(await api.stream(url)):
        seen += [frame] if frame.type else []
        if "wondered" in text_of(seen) or len(text_of(seen)) > len(FIRST) + 12:
            break
    _, state, _ = await api.call("GET", url.removesuffix("/events"))
    assert state["text"].startswith(text_of(seen))
    hold.release()
    rest = await api.frames(url, Last_Event_ID=seen[-1].id)
    snapshot = await api.frames(url, Last_Event_ID="elsewhere")
    whole = revealed(f"{FIRST} {SECOND}")
    assert text_of(seen + rest) == text_of(snapshot) == whole


async def test_a_stop_in_mid_sentence_keeps_what_was_approved(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    hold = Hold(after=len(words(FIRST)) + 8)
    storyteller.script(prose=[Reply(f"{FIRST} {SECOND}", hold=hold), LAST])
    started = await start(api, mia)
    async for frame in frames_of(await api.stream(events_of(started))):
        if frame.type == "content" and " still" in frame.data["chunk"]:
            break
    await api.call("POST", f"/generations/{started['id']}/stop")
    frames = await api.frames(events_of(started))
    assert frames[-1].data["code"] == "CANCELLED"
    assert text_of(frames) == revealed(FIRST)
    _, state, _ = await api.call("GET", f"/generations/{started['id']}")
    assert state["text"] == revealed(FIRST)
    _, went_on, _ = await api.call("POST", f"/generations/{started['id']}/continue")
    assert text_of(await api.frames(events_of(went_on))) == revealed(f"{FIRST} {LAST}")


async def test_a_sentence_that_the_model_leaves_unfinished_is_taken_back(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=f"{FIRST} {SECOND.removesuffix(' it there.')}")
    frames = await api.frames(events_of(await start(api, mia)))
    assert frames[-1].type == "complete"
    assert text_of(frames) == revealed(FIRST) == (await Chapter.objects.aget()).text


@pytest.mark.parametrize(
    ("preview", "shows_unchecked_words"),
    [(Preview.NEVER, True), (Preview.FIRST, False), (Preview.ALWAYS, False)],
)
async def test_a_family_that_looks_at_any_chapter_first_sees_none_word_by_word(
    api: Client,
    mia: Child,
    storyteller: OllamaServer,
    preview: Preview,
    shows_unchecked_words: bool,
) -> None:
    storyteller.tokens_per_second = 100
    storyteller.script(prose=[f"{FIRST} {SECOND}"] * 2)
    await Family.objects.aupdate(preview=preview)
    first = await api.frames(events_of(await start(api, mia)))
    assert (len(chunks_of(first)) > 12) == shows_unchecked_words
    if preview is not Preview.NEVER:
        chapter = await Chapter.objects.aget()
        await api.call("POST", f"/chapters/{chapter.pk}/release")
    done = first[-1].data
    wish = {"session_id": done["session_id"], "choice_id": done["choices"][0]["id"]}
    second = await api.frames(events_of(await start(api, mia, **wish)))
    assert second[-1].data["currentChapter"] == 2
    assert (len(chunks_of(second)) > 12) == shows_unchecked_words


@pytest.mark.parametrize("shows_unchecked_words", [False, True])
async def test_what_is_changed_after_a_chapter_was_asked_for_shows_no_more_of_it(
    api: Client,
    mia: Child,
    alice: User,
    ollama: OllamaServer,
    settings: Settings,
    *,
    shows_unchecked_words: bool,
) -> None:
    settings.SHOWS_UNCHECKED_WORDS = shows_unchecked_words
    await Family.objects.aupdate(preview=Preview.FIRST if shows_unchecked_words else Preview.NEVER)
    generation = await in_database(queued, mia, alice)
    settings.SHOWS_UNCHECKED_WORDS = True
    await Family.objects.aupdate(preview=Preview.NEVER)
    ollama.tokens_per_second = 100
    ollama.script(prose=f"{FIRST} {SECOND}")
    engine.start()
    frames = await api.frames(f"/generations/{generation.pk}/events")
    await engine.shut_down()
    assert [chunk for chunk in chunks_of(frames) if chunk] == [
        revealed(FIRST),
        revealed(f" {SECOND}"),
    ]


def queued(child: Child, user: User) -> Generation:
    return start_story(caller(user), NewStory(child=child, theme="a fox")).generation


async def test_a_run_killed_after_any_event_goes_on_without_a_word_lost_or_told_twice(
    api: Client, mia: Child, alice: User, ollama: OllamaServer
) -> None:
    ollama.tokens_per_second = 200
    generation = await in_database(queued, mia, alice)
    rejected: Any = {"problem": "meanness", "weight": 3}
    ollama.script(prose=[f"{FIRST} {CRUDE}", SECOND], rewording=KINDER, judge=[rejected])
    url = f"/generations/{generation.pk}/events"
    engine.start()
    whole, sources = await watched(api, generation)
    await engine.shut_down()
    assert [frame.type for frame in whole].count("content_reset") == 2
    assert FIRST in sources
    ollama.tokens_per_second = 0
    ollama.script(prose=lambda _: LAST, judge=[])
    for position in range(2, len(whole)):
        if whole[position - 1].type == "progress":
            continue
        await in_database(put_back, generation, whole[:position], sources)
        await in_database(die_after, generation, position)
        engine.start()
        frames = await api.frames(url)
        await engine.shut_down()
        assert frames[-1].type == "complete", position
        assert [frame.id for frame in frames[:position]] == [f.id for f in whole[:position]]
        chapter = await Chapter.objects.aget()
        assert chapter.text == text_of(frames) == frames[-1].data["story_content"]
        assert chapter.source == expected(whole[:position], sources), position


def expected(frames: list[Frame], sources: list[str]) -> str:
    """The approved text when the log ended here, and the next runner's addition."""
    approved, is_over = "", False
    for frame, source in zip(frames, sources, strict=False):
        if frame.type == "content_reset":
            approved, is_over = "", False
        if frame.type == "safety_check" and not frame.data["approved"]:
            approved, is_over = "", False
        if frame.type == "content":
            approved, is_over = approved + source, frame.data["is_complete"]
    return approved if is_over else f"{approved} {LAST}".strip()
