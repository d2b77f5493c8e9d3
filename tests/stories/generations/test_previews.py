"""A chapter that a parent looks at first: no word of it on any surface of the child before that."""

from typing import Any, get_args

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from children.models import Child, Family, Preview, User
from stories.eventlog import LogEvent, prune
from stories.execution import engine
from stories.generations import NewStory, Wish, next_chapter, start_story
from stories.infra.db import in_database
from stories.models import Chapter, Decision, Generation, ReadingSession, Story
from stories.pages import library
from stories.streaming.redaction import redacted
from stories.vocabulary.events import StoryEvent
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client, Frame, text_of
from tests.factories.callers import caller
from tests.factories.stories import add_chapter, make_read_story
from tests.streams import FIRST_CHAPTER, THEME, events_of, outline, start

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "Quimbelwick"
PROSE = " ".join(
    f"{SECRET} the snail walked {n} steps along the warm garden wall." for n in range(60)
)
NOTES = {
    "title": f"The walk of {SECRET}",
    "question": f"Where does {SECRET} go now?",
    "choices": [
        {"text": f"{SECRET} climbs the wall", "description": f"{SECRET} likes to look around."},
        {"text": f"{SECRET} takes a nap", "description": f"{SECRET} is sleepy."},
    ],
    "vocabulary": [{"word": SECRET, "meaning": f"the name that {SECRET} goes by"}],
    "summary": f"{SECRET} went for a walk.",
    "educational_elements": [f"what {SECRET} eats"],
}


@pytest.fixture
def writer(storyteller: OllamaServer) -> OllamaServer:
    storyteller.script(prose=lambda _: PROSE, structured=lambda _: NOTES)
    return storyteller


@pytest.fixture
def page(transactional_db: None, alice: User) -> Client:
    """The reader's page: it calls the API with the cookie of the parent who is logged in."""
    return Client(alice, is_browser=True)


async def wants(family: Family | None, preview: Preview) -> None:
    assert family is not None
    await Family.objects.filter(pk=family.pk).aupdate(preview=preview)


async def written(api: Client, child: Child, **wish: Any) -> tuple[dict[str, Any], list[Frame]]:
    started = await start(api, child, **wish)
    return started, await api.frames(events_of(started))


async def release(api: Client, started: dict[str, Any]) -> tuple[int, Any]:
    _, state, _ = await api.call("GET", f"/generations/{started['id']}")
    status, answer, _ = await api.call("POST", f"/chapters/{state['chapter_id']}/release")
    return status, answer


async def everything_the_child_is_told(page: Client, started: dict[str, Any]) -> str:
    """The pages that lead to the reader and the reader's own, and all that its script may ask."""
    child = await Child.objects.aget(stories=started["story_id"])
    events, session = events_of(started), started["session_id"]
    frames = await page.frames(events)
    said = [frame.raw for frame in frames]
    for cursor in [*(frame.id for frame in frames[:-1]), "elsewhere"]:
        said += [frame.raw for frame in await page.frames(events, Last_Event_ID=cursor)]
    for path in (
        f"/generations/{started['id']}",
        f"/stories/{started['story_id']}",
        f"/sessions/{session}",
        f"/sessions/{session}/page-state",
    ):
        status, _, response = await page.call("GET", path)
        assert status == 200, path
        said.append(response.content.decode())
    for url in (
        "/",
        reverse("stories:library", args=[child.pk]),
        reverse("stories:story", args=[started["story_id"]]),
        reverse("stories:read", args=[session]),
    ):
        response = await page.visit(url)
        assert response.status_code == 200, url
        said.append(response.content.decode())
    return "\n".join(said)


def look_at(chapter: Chapter | str) -> str:
    return reverse("stories:preview", args=[getattr(chapter, "pk", chapter)])


@pytest.fixture
def waiting(mia: Child) -> Chapter:
    """The second chapter of a story, written and not released; the first one was read."""
    story = make_read_story(mia, chapters=1)
    first = story.chapters.get()
    chapter = add_chapter(story, first)
    Chapter.objects.filter(pk=chapter.pk).update(released_at=None)
    for done, choice in ((first, None), (chapter, chapter.choice)):
        Generation.objects.create(
            story=story,
            choice=choice,
            chapter=done,
            chapter_number=done.number,
            status="completed",
            finished_at=timezone.now(),
            is_previewed=done == chapter,
            brief={"age": 7},
        )
    assert chapter.choice is not None
    Decision.objects.create(session=story.session, choice=chapter.choice)
    return Chapter.objects.get(pk=chapter.pk)


# What is kept ------------------------------------------------------------------------------------


def test_the_database_knows_only_three_settings_and_no_release_without_a_time(
    alice: User, waiting: Chapter
) -> None:
    assert alice.family is not None
    assert alice.family.preview == Preview.NEVER
    with pytest.raises(IntegrityError), transaction.atomic():
        Family.objects.update(preview="sometimes")
    with pytest.raises(IntegrityError), transaction.atomic():
        Chapter.objects.filter(pk=waiting.pk).update(released_by=alice)


@pytest.mark.parametrize(
    ("preview", "looked_at"),
    [(Preview.NEVER, []), (Preview.FIRST, [1]), (Preview.ALWAYS, [1, 2])],
)
def test_each_chapter_waits_as_the_family_has_decided(
    alice: User, mia: Child, preview: Preview, looked_at: list[int]
) -> None:
    Family.objects.update(preview=preview)
    first = start_story(caller(alice), NewStory(child=mia, theme=THEME)).generation
    story = make_read_story(mia, chapters=1)
    wish = Wish(choice=story.chapters.get().choices.get(position=0))
    second = next_chapter(caller(alice), story.session, wish).generation
    assert [run.chapter_number for run in (first, second) if run.is_previewed] == looked_at


async def test_changing_the_setting_neither_hides_what_was_read_nor_opens_what_was_not(
    api: Client, page: Client, mia: Child, alice: User, storyteller: OllamaServer
) -> None:
    read, frames = await written(api, mia)
    await wants(alice.family, Preview.ALWAYS)
    assert [frame.raw for frame in await page.frames(events_of(read))] == [
        frame.raw for frame in frames
    ]
    hold = Hold(after=60)
    storyteller.script(prose=lambda _: Reply(PROSE, hold=hold), structured=lambda _: NOTES)
    closed = await start(api, mia, theme="a snail in the sun")
    assert closed["awaits_preview"]
    await wants(alice.family, Preview.NEVER)
    hold.release()
    assert SECRET in text_of(await api.frames(events_of(closed)))
    assert SECRET not in await everything_the_child_is_told(page, closed)


async def test_what_was_stopped_before_a_parent_saw_it_is_carried_on_for_the_parents_eyes(
    api: Client, page: Client, mia: Child, alice: User, writer: OllamaServer
) -> None:
    await wants(alice.family, Preview.FIRST)
    writer.script(prose=[Reply(PROSE, hold=Hold(after=200))], structured=lambda _: NOTES)
    begun = await start(api, mia)
    async for frame in api.following(events_of(begun)):
        if frame.type == "content":
            break
    await page.call("POST", f"/generations/{begun['id']}/stop")
    await page.frames(events_of(begun))
    assert SECRET not in await everything_the_child_is_told(page, begun)
    await wants(alice.family, Preview.NEVER)
    writer.script(prose=lambda _: PROSE, structured=lambda _: NOTES)
    _, anew, _ = await page.call("POST", f"/generations/{begun['id']}/continue")
    assert anew["awaits_preview"]
    assert SECRET in text_of(await api.frames(events_of(anew)))
    assert SECRET not in await everything_the_child_is_told(page, anew)


async def test_a_run_that_came_to_nothing_is_left_alone_while_a_later_ones_chapter_waits(
    api: Client, waiting: Chapter
) -> None:
    earlier = await Generation.objects.acreate(
        story_id=waiting.story_id,
        choice_id=waiting.choice_id,
        chapter_number=2,
        status="stopped",
        error_code="CANCELLED",
        finished_at=timezone.now(),
    )
    for ending in ("continue", "discard"):
        status, problem, _ = await api.call("POST", f"/generations/{earlier.pk}/{ending}")
        assert (status, problem["code"]) == (409, "AWAITS_PREVIEW")
    assert await in_database(Chapter.objects.awaiting_preview().exists)


# What the child is told --------------------------------------------------------------------------


async def test_no_word_reaches_the_child_before_the_release_and_all_of_it_after(
    api: Client, page: Client, mia: Child, alice: User, writer: OllamaServer
) -> None:
    await wants(alice.family, Preview.FIRST)
    started = await start(page, mia)
    assert started["awaits_preview"]
    live = await page.frames(events_of(started))
    assert SECRET not in "".join(frame.raw for frame in live)
    assert outline(live) == FIRST_CHAPTER, "progress and end are told, without the words"
    assert SECRET not in await everything_the_child_is_told(page, started)
    status, chapter = await release(api, started)
    assert (status, chapter["awaits_preview"]) == (200, False)
    assert SECRET in text_of(await page.frames(events_of(started)))
    _, state, _ = await page.call("GET", f"/sessions/{started['session_id']}/page-state")
    assert (state["chapter_id"], state["awaiting_preview"]) == (chapter["id"], [])
    page_of_child = await page.visit(reverse("stories:read", args=[started["session_id"]]))
    assert f"{SECRET} the snail" in page_of_child.content.decode()
    wish = {"session_id": started["session_id"], "choice_id": chapter["choices"][0]["id"]}
    following = await start(page, mia, **wish)
    assert not following["awaits_preview"], "only the first chapter waits"
    assert (await page.frames(events_of(following)))[-1].data["currentChapter"] == 2


async def test_no_word_reaches_the_child_after_a_restart_or_from_a_pruned_log(
    api: Client, page: Client, mia: Child, alice: User, writer: OllamaServer
) -> None:
    await wants(alice.family, Preview.FIRST)
    hold = Hold(after=200)
    writer.script(prose=[Reply(PROSE, hold=hold)], structured=lambda _: NOTES)
    started = await start(page, mia)
    await hold.reached.seen()
    await engine.shut_down()
    writer.script(prose=lambda _: PROSE, structured=lambda _: NOTES)
    engine.start()
    assert SECRET not in "".join(frame.raw for frame in await page.frames(events_of(started)))
    run = await Generation.objects.aget()
    assert run.status == "completed"
    assert SECRET not in await everything_the_child_is_told(page, started)
    await in_database(prune, [run.pk])
    assert SECRET not in await everything_the_child_is_told(page, started)
    assert SECRET in text_of(await api.frames(events_of(started)))


async def test_a_program_with_a_parents_token_keeps_the_whole_contract(
    api: Client, mia: Child, alice: User, writer: OllamaServer
) -> None:
    await wants(alice.family, Preview.ALWAYS)
    url = f"/stories/generate/stream?child_id={mia.pk}&theme={THEME}"
    frames = await api.frames(url)
    assert outline(frames) == FIRST_CHAPTER
    done = frames[-1].data
    chapter = await Chapter.objects.aget()
    assert done["story_content"] == text_of(frames) == chapter.text
    assert done["title"] == chapter.title
    metadata = next(frame.data for frame in frames if frame.type == "metadata")
    words = [done[key] for key in ("title", "choices", "choice_question", "educational_elements")]
    for told in (*words, metadata["vocabulary_words"], metadata["educational_elements"]):
        assert SECRET in str(told)
    assert [frame.raw for frame in await api.frames(url, Last_Event_ID=frames[0].id)] == [
        frame.raw for frame in frames[1:]
    ]
    _, state, _ = await api.call("GET", f"/generations/{done['generation_id']}")
    _, story, _ = await api.call("GET", f"/stories/{done['id']}")
    assert (state["awaits_preview"], state["text"]) == (True, chapter.text)
    (kept,) = story["chapters"]
    assert (kept["awaits_preview"], kept["released_at"]) == (True, None)
    assert kept["text"] == chapter.text
    again = await api.call("GET", f"{url}&chapter_number=2")
    assert (again[0], again[1]["code"]) == (409, "AWAITS_PREVIEW")


def test_every_type_of_event_says_what_of_it_a_closed_book_may_tell() -> None:
    for event in get_args(StoryEvent):
        type_ = event.model_fields["type"].default
        assert redacted(LogEvent(1, type_, "{}")).type == type_


async def test_a_ticket_shows_what_whoever_asked_for_it_may_see(
    api: Client, page: Client, mia: Child, alice: User, writer: OllamaServer
) -> None:
    await wants(alice.family, Preview.ALWAYS)
    started, _ = await written(api, mia)
    stranger = Client(None)
    for asks, sees in ((api, True), (page, False)):
        _, made, _ = await asks.call("POST", f"/generations/{started['id']}/ticket")
        frames = await stranger.frames(f"{events_of(started)}?token={made['ticket']}")
        assert (SECRET in "".join(frame.raw for frame in frames)) is sees
        _, made, _ = await asks.call("POST", f"/children/{mia.pk}/ticket")
        query = f"child_id={mia.pk}&theme=snails&token={made['ticket']}"
        frames = await stranger.frames(f"/stories/generate/stream?{query}")
        assert frames[-1].type == "complete"
        assert (SECRET in "".join(frame.raw for frame in frames)) is sees


# Going on ----------------------------------------------------------------------------------------


async def test_nobody_goes_on_from_a_chapter_that_waits(
    api: Client, page: Client, mia: Child, alice: User, writer: OllamaServer
) -> None:
    await wants(alice.family, Preview.ALWAYS)
    started, frames = await written(api, mia)
    session = {"child_id": str(mia.pk), "session_id": started["session_id"]}
    option = frames[-1].data["choices"][0]["id"]
    for client in (api, page):
        for wish in (
            {"choice_id": option},
            {"choice_id": "continue"},
            {"custom_text": "They bake a cake"},
            {"chapter_number": 2},
            {},
        ):
            status, problem, _ = await client.call("POST", "/generations", {**session, **wish})
            assert (status, problem["code"]) == (409, "AWAITS_PREVIEW"), wish
        url = f"/stories/sessions/{started['session_id']}/choices/stream?choice_id={option}"
        status, problem, _ = await client.call("GET", url)
        assert (status, problem["code"]) == (409, "AWAITS_PREVIEW")
    assert await Generation.objects.acount() == 1
    assert not await Decision.objects.aexists()


async def test_a_choice_whose_chapter_waits_leads_to_that_chapter_and_no_further(
    page: Client, waiting: Chapter, mia: Child
) -> None:
    session = await ReadingSession.objects.aget()
    wish = {"session_id": str(session.pk), "choice_id": str(waiting.choice_id)}
    started = await start(page, mia, **wish)
    assert started["awaits_preview"]
    run = await Generation.objects.aget(chapter=waiting)
    assert started["id"] == str(run.pk)
    await session.arefresh_from_db()
    assert session.chapter_id == waiting.parent_id


# The parents -------------------------------------------------------------------------------------


def test_the_other_parent_reads_it_whole_and_opens_it_and_that_is_kept(
    client: Browser, waiting: Chapter, alice: User, bob: User
) -> None:
    client.force_login(bob)
    answer = client.get(look_at(waiting))
    assert "no-store" in answer["Cache-Control"]
    for text in [*waiting.paragraphs, waiting.title, "Read it together", "Not this one"]:
        assert text in answer.content.decode()
    answer = client.post(look_at(waiting), {"verdict": "release"})
    session = ReadingSession.objects.get()
    assert answer["Location"] == f"/read/{session.pk}/#chapter-2"
    waiting.refresh_from_db()
    assert (waiting.released_by, session.chapter) == (bob, waiting)
    assert session.words_read == waiting.word_count
    released_at = waiting.released_at
    client.force_login(alice)
    client.post(look_at(waiting), {"verdict": "release"})
    waiting.refresh_from_db()
    session.refresh_from_db()
    assert (waiting.released_by, waiting.released_at) == (bob, released_at)
    assert session.words_read == waiting.word_count, "done twice it is done once"


def test_what_a_parent_does_not_want_is_gone_and_the_story_goes_on_another_way(
    client: Browser, waiting: Chapter, alice: User
) -> None:
    client.force_login(alice)
    session = ReadingSession.objects.get()
    answer = client.post(look_at(waiting), {"verdict": "discard"})
    assert answer["Location"] == f"/read/{session.pk}/"
    assert not Chapter.objects.filter(pk=waiting.pk).exists()
    assert not Decision.objects.exists()
    run = Generation.objects.get(is_previewed=True)
    assert (run.status, run.error_code) == ("stopped", "CANCELLED")
    assert client.post(look_at(waiting), {"verdict": "release"}).status_code == 404
    wish = Wish(choice=session.chapter.choices.get(position=0) if session.chapter else None)
    assert next_chapter(caller(alice), session, wish).is_new


async def test_a_first_chapter_that_is_not_wanted_takes_its_story_along(
    api: Client, page: Client, mia: Child, alice: User, writer: OllamaServer
) -> None:
    await wants(alice.family, Preview.ALWAYS)
    started, _ = await written(api, mia)
    for _ in range(2):
        status, state, _ = await api.call("POST", f"/generations/{started['id']}/discard")
        assert (status, state["status"], state["text"]) == (200, "stopped", "")
    assert [frame.type for frame in await api.frames(events_of(started))][-1] == "error"
    assert not await in_database(lambda: list(library.stories_of(mia)))
    answer = await page.visit(reverse("stories:read", args=[started["session_id"]]))
    assert answer["Location"] == reverse("stories:new", args=[mia.pk])


def test_a_chapter_that_was_released_is_not_discarded(
    client: Browser, waiting: Chapter, alice: User
) -> None:
    client.force_login(alice)
    client.post(look_at(waiting), {"verdict": "release"})
    client.post(look_at(waiting), {"verdict": "discard"})
    assert Chapter.objects.released().filter(pk=waiting.pk).exists()


@pytest.mark.parametrize("verdict", [None, "release", "discard"])
def test_another_family_neither_sees_nor_decides(
    client: Browser, waiting: Chapter, charlie: User, verdict: str | None
) -> None:
    client.force_login(charlie)
    url = look_at(waiting)
    answer = client.post(url, {"verdict": verdict}) if verdict else client.get(url)
    assert answer.status_code == 404
    assert Chapter.objects.awaiting_preview().get() == waiting


async def test_a_program_of_another_family_cannot_release(
    waiting: Chapter, charlie: User, bob: User
) -> None:
    path = f"/chapters/{waiting.pk}/release"
    for client in (Client(charlie), Client(charlie, is_browser=True)):
        assert (await client.call("POST", path))[0] == 403
    assert (await Client(None).call("POST", path))[0] == 401
    assert await in_database(Chapter.objects.awaiting_preview().exists)
    assert (await Client(bob).call("POST", path))[0] == 200
    assert await Chapter.objects.filter(pk=waiting.pk, released_by=bob).aexists()


async def test_sentences_of_it_are_reported_by_parents_and_told_to_no_page(
    api: Client, page: Client, waiting: Chapter
) -> None:
    path = f"/chapters/{waiting.pk}/reports"
    sentence = {"sentence": waiting.paragraphs[0]}
    assert (await api.call("POST", path, sentence))[0] == 201
    assert (await page.call("GET", path))[0] == 404


def test_the_library_and_the_storys_page_say_that_a_chapter_waits(
    client: Browser, waiting: Chapter, alice: User, mia: Child
) -> None:
    client.force_login(alice)
    library_url = reverse("stories:library", args=[mia.pk])
    story_url = reverse("stories:story", args=[waiting.story_id])
    for url in ("/", library_url):
        assert "A chapter waits for your look" in client.get(url).content.decode()
    for url in (story_url, f"{story_url}?through={waiting.pk}"):
        html = client.get(url).content.decode()
        assert look_at(waiting) in html
        assert waiting.title not in html
        assert waiting.paragraphs[0] not in html
    client.post(look_at(waiting), {"verdict": "release"})
    for url in ("/", library_url, story_url):
        assert "waits" not in client.get(url).content.decode()
    assert waiting.paragraphs[0] in client.get(story_url).content.decode()


def test_a_story_is_named_when_its_first_chapter_is_released(
    client: Browser, alice: User, mia: Child
) -> None:
    story = make_read_story(mia, title="", chapters=0)
    chapter = add_chapter(story, None)
    Chapter.objects.update(released_at=None)
    client.force_login(alice)
    client.post(look_at(chapter), {"verdict": "release"})
    assert Story.objects.get().title == chapter.title
