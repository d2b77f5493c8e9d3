"""A chapter that was withdrawn, on every surface of its family: not a word of it is left, and the
story can go on."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.test import Client as Browser
from django.urls import reverse
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories.admin.case_page import case_page
from stories.eventlog import Entry, LogWriter, insert
from stories.execution import engine
from stories.generations import NewStory, leases, outcomes, start_story
from stories.infra.db import in_database
from stories.models import Case, Chapter, Choice, Generation, ReadingSession
from stories.moderation import cases, rulings, withdrawal
from stories.vocabulary.errors import Withdrawn
from stories.vocabulary.events import Content, Failed, NodeEvent
from stories.vocabulary.nodes import Node
from testkit import postgres
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client, frames_of, text_of
from tests.factories.callers import caller
from tests.factories.moderation import make_moderator, migration, rulings_that_go
from tests.factories.stories import make_chapter, make_choice, make_story

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "Zebulon"
GONE = f"{SECRET} bit the fox."
NOTE = "The cellar was too dark for a bedtime."


@pytest.fixture
def mod(transactional_db: None) -> Iterator[User]:
    with rulings_that_go():
        yield make_moderator()


@pytest.fixture
def story(mia: Child) -> Any:
    """Two chapters and a third; the second, with all that hangs on it, names the secret."""
    first = make_chapter(make_story(mia), "The fox slept.")
    second = make_chapter(first.story, GONE, make_choice(first, "Run"), f"{SECRET}'s bite")
    third = make_chapter(first.story, GONE, make_choice(second, f"Ask {SECRET}"), SECRET)
    for chapter in (second, third):
        Chapter.objects.filter(pk=chapter.pk).update(question=f"Where is {SECRET}?")
        log_of(chapter.generation)
    return first.story


def log_of(generation: Generation) -> None:
    Generation.objects.filter(pk=generation.pk).update(status="running", finished_at=None)
    begun = NodeEvent(node=Node.WORKFLOW, status="started")
    told = Content(chunk=GONE, is_complete=True)
    ended = Failed(message="", code="INTERRUPTED", retryable=True)
    insert(generation.pk, None, 0, [Entry(begun), Entry(told), Entry(ended)])
    Generation.objects.filter(pk=generation.pk).update(
        status="completed", finished_at=generation.finished_at
    )


def take_away(generation: Generation, mod: User) -> None:
    rulings.reject(cases.open_by_staff(generation, mod).pk, mod, "violence")


def second(story: Any) -> Chapter:
    return Chapter.objects.get(story=story, number=2)


def test_no_page_of_the_family_has_a_word_of_it(
    client: Browser, story: Any, mod: User, alice: User, mia: Child
) -> None:
    client.force_login(alice)
    chapter = second(story)
    urls = [
        "/",
        reverse("stories:library", args=[mia.pk]),
        reverse("stories:story", args=[story.pk]),
        f"{reverse('stories:story', args=[story.pk])}?through={chapter.pk}",
        reverse("stories:read", args=[story.session.pk]),
    ]
    before = [client.get(url).content.decode() for url in urls]
    assert [SECRET in html for html in before] == [False, False, True, True, True]
    take_away(chapter.generation, mod)
    for url in urls:
        assert SECRET not in client.get(url).content.decode(), url
    assert "The fox slept." in client.get(urls[-1]).content.decode()


def test_the_reader_is_told_kindly_and_where_to_go_on(
    client: Browser, story: Any, mod: User, alice: User
) -> None:
    client.force_login(alice)
    chapter = second(story)
    take_away(chapter.generation, mod)
    html = client.get(reverse("stories:read", args=[story.session.pk])).content.decode()
    followed = re.search(r'"generationId": "([^"]+)"', html)
    assert followed is not None
    assert followed[1] == str(chapter.generation.pk), "whose stream says that it was withdrawn"


async def test_the_api_says_that_it_is_withdrawn_and_nothing_else_of_it(
    api: Client, story: Any, mod: User
) -> None:
    chapter = await in_database(second, story)
    generation = await in_database(lambda: chapter.generation)
    session = await in_database(lambda: story.session.pk)
    paths = [
        f"/stories/{story.pk}",
        f"/sessions/{session}",
        f"/sessions/{session}/page-state",
        f"/generations/{generation.pk}",
    ]
    await in_database(take_away, generation, mod)
    answers = {}
    for path in paths:
        status, answers[path], response = await api.call("GET", path)
        assert status == 200
        assert SECRET not in response.content.decode(), path
    whole, session_state, page_state, run = answers.values()
    assert [chapter["is_withdrawn"] for chapter in whole["chapters"]] == [False, True, True]
    assert session_state["current_chapter"] == 1
    assert str(chapter.pk) in page_state["withdrawn"]
    assert (run["status"], run["text"], run["chapter_id"]) == ("withdrawn", "", None)


async def test_a_replay_clears_the_page_and_ends_with_a_kind_error(
    api: Client, story: Any, mod: User
) -> None:
    chapter = await in_database(second, story)
    generation = await in_database(lambda: chapter.generation)
    path = f"/generations/{generation.pk}/events"
    assert SECRET in text_of(await api.frames(path))
    await in_database(take_away, generation, mod)
    for cursor in ("", f"?after={generation.pk.hex}-1", "?after=nonsense"):
        frames = await api.frames(path + cursor)
        assert [frame.type for frame in frames] == ["content_reset", "error"]
        assert frames[0].data == {"attempt": 0, "reason": "withdrawn"}
        assert frames[1].data["code"] == "SAFETY_REJECTED"
        assert SECRET not in "".join(frame.raw for frame in frames)


async def test_a_choice_of_a_withdrawn_chapter_leads_nowhere(
    api: Client, story: Any, mod: User, mia: Child
) -> None:
    chapter = await in_database(second, story)
    choice = await in_database(lambda: Choice.objects.get(chapter=chapter).pk)
    session = await in_database(lambda: story.session.pk)
    await in_database(lambda: take_away(chapter.generation, mod))
    body = {"child_id": str(mia.pk), "session_id": str(session), "choice_id": str(choice)}
    assert (await api.call("POST", "/generations", body))[0] == 404


async def test_a_chapter_that_is_withdrawn_while_it_is_written_is_cleared_before_its_readers(
    api: Client, mia: Child, alice: User, mod: User, storyteller: OllamaServer
) -> None:
    hold = Hold(after=40)
    storyteller.script(prose=[Reply(hold=hold)])
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    generation = (await in_database(start_story, caller(alice), new)).generation
    path = f"/generations/{generation.pk}/events"
    stream = frames_of(await api.stream(path))
    seen = [await anext(stream)]
    while seen[-1].type != "content":
        seen.append(await anext(stream))
    await in_database(withdrawal.withdraw, generation)
    async with asyncio.timeout(20):
        seen += [frame async for frame in stream if frame.type]
    assert [frame.type for frame in seen[-2:]] == ["content_reset", "error"]
    assert text_of(seen) == ""
    assert text_of(await api.frames(path)) == ""


async def test_a_run_that_finishes_as_it_is_withdrawn_stores_no_chapter(
    api: Client, mia: Child, alice: User, mod: User, ollama: OllamaServer
) -> None:
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    generation = (await in_database(start_story, caller(alice), new)).generation
    claim = (await in_database(leases.claim_next, 1)).claim
    assert claim is not None
    await in_database(withdrawal.withdraw, generation)
    writer = LogWriter(claim.id, claim.lease_id, claim.generation.last_position)
    with pytest.raises(Withdrawn):
        await in_database(outcomes.complete, claim, None, writer.last, [])  # type: ignore[arg-type]
    assert not await Chapter.objects.aexists()


async def test_a_chapter_that_is_sent_back_is_written_anew_and_shown_as_it_comes(
    api: Client, mia: Child, alice: User, mod: User, storyteller: OllamaServer
) -> None:
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    old = (await in_database(start_story, caller(alice), new)).generation
    await api.frames(f"/generations/{old.pk}/events")

    def send_back() -> Generation:
        case = cases.open_by_staff(Generation.objects.get(pk=old.pk), mod)
        rulings.send_back(case.pk, caller(mod, enqueue=engine.enqueue), "fear", NOTE)
        return Generation.objects.exclude(pk=old.pk).get()

    told_before = len(storyteller.calls_for("prose"))
    anew = await in_database(send_back)
    frames = await api.frames(f"/generations/{anew.pk}/events")
    assert frames[-1].type == "complete"
    first, *later = [call.prompt for call in storyteller.calls_for("prose")]
    assert told_before == 1
    assert "without anything frightening" not in first
    assert all("without anything frightening" in prompt for prompt in later)
    assert NOTE not in storyteller.heard
    session = await ReadingSession.objects.select_related("chapter").aget()
    assert session.chapter is not None
    assert session.chapter.text == text_of(frames)
    assert await Case.objects.filter(outcome="sent_back").aexists()


def smiles(count: int) -> str:
    return "".join(f"The fox smiled at star number {n}. " for n in range(count))


async def test_what_is_held_back_in_a_real_run_becomes_a_case_with_what_the_child_saw(
    api: Client, mia: Child, alice: User, storyteller: OllamaServer
) -> None:
    text = "The fox sat down. He had a gun and blood was everywhere. Then the sun came out. "
    storyteller.script(prose=[Reply(text + smiles(30)), smiles(30)])
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    generation = (await in_database(start_story, caller(alice), new)).generation
    await api.frames(f"/generations/{generation.pk}/events")
    case = await Case.objects.select_related("finding").afirst()
    assert case is not None
    assert case.finding is not None
    assert "gun" in case.finding.text
    assert case.finding.before.endswith("The fox sat down.")
    assert case.finding.replacement


async def test_a_paragraph_that_the_guard_stopped_in_a_real_run_stands_in_its_place_on_the_desk(
    api: Client, mia: Child, alice: User, storyteller: OllamaServer, settings: Settings
) -> None:
    settings.GUARD_MODEL = "llama-guard3:1b"
    storyteller.models.append(settings.GUARD_MODEL)
    dark = "Nobody answered him any more. The well was deep and cold."
    calm = smiles(12)
    storyteller.script(
        prose=[f"The fox sat down.\n\n{dark}", calm],
        guard=lambda call: "unsafe\nS1" if dark in call.messages[-1]["content"] else "safe",
    )
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    generation = (await in_database(start_story, caller(alice), new)).generation
    await api.frames(f"/generations/{generation.pk}/events")

    def told() -> list[str]:
        case = Case.objects.get(generation=generation)
        pieces = [paragraph.pieces for paragraph in case_page(case).paragraphs]
        return [str(getattr(first, "text", first)) for first, *_ in pieces]

    assert await in_database(told) == ["The fox sat down.", dark, calm.strip()]


async def test_a_model_that_is_turned_off_writes_nothing_and_apologises(
    api: Client, mia: Child, alice: User, mod: User, storyteller: OllamaServer
) -> None:
    await in_database(rulings.turn_off, f"model:{storyteller.model}", mod, "It rambles.")
    body = {"child_id": str(mia.pk), "theme": "a fox who finds a lantern"}
    status, answer, _ = await api.call("POST", "/generations", body)
    assert (status, answer["code"]) == (503, "MODEL_UNAVAILABLE")
    new = NewStory(child=mia, theme="a fox who finds a lantern")
    generation = (await in_database(start_story, caller(alice), new)).generation
    frames = await api.frames(f"/generations/{generation.pk}/events")
    assert frames[-1].data["code"] == "MODEL_UNAVAILABLE"
    assert storyteller.calls_for("prose") == []


@pytest.mark.usefixtures("ollama")
@pytest.mark.parametrize("name", ["writing", "new_stories"])
def test_a_family_that_wants_a_story_while_they_are_turned_off_reads_a_kind_sentence(
    client: Browser, alice: User, mia: Child, mod: User, name: str
) -> None:
    client.force_login(alice)
    url = reverse("stories:new", args=[mia.pk])
    assert client.get(url).status_code == 200
    rulings.turn_off(name, mod, "A bad night.")
    answer = client.get(url)
    assert answer.status_code == 503
    assert "The storyteller is asleep" in answer.content.decode()


async def test_what_is_turned_off_is_told_to_pages_that_are_open(
    api: Client, story: Any, mod: User
) -> None:
    session = await in_database(lambda: story.session.pk)
    for name in ("read_aloud", "own_ideas"):
        await in_database(rulings.turn_off, name, mod, "Too loud.")
    _, page_state, _ = await api.call("GET", f"/sessions/{session}/page-state")
    assert (page_state["has_read_aloud"], page_state["has_own_ideas"]) == (False, False)


def test_postgresql_refuses_to_change_the_log_too() -> None:
    with postgres.server() as server, postgres.database(server) as url:
        postgres.ask(url, "CREATE TABLE stories_ruling (note text)")
        for statement in migration.POSTGRESQL:
            postgres.ask(url, statement)
        postgres.ask(url, "INSERT INTO stories_ruling VALUES ('as it was')")
        changes = (
            "UPDATE stories_ruling SET note = ''",
            "DELETE FROM stories_ruling",
            "TRUNCATE stories_ruling",
        )
        for change in changes:
            with pytest.raises(psycopg.Error, match="never changed"):
                postgres.ask(url, change)
        assert postgres.ask(url, "SELECT note FROM stories_ruling") == [("as it was",)]
