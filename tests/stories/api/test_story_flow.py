"""Stories over several chapters: choices, branches, replays, the ending."""

import uuid

import pytest

from children.models import Child
from stories.models import Chapter, Decision, Generation, ReadingSession, Story
from testkit.hosts import Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client, text_of
from tests.streams import THEME, choose, first_chapter

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_story_of_five_chapters_is_one_story_in_one_session_with_an_ending(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = await first_chapter(api, mia)
    chosen: list[str] = []
    for number in range(2, 6):
        assert not done["isCompleted"]
        assert 2 <= len(done["choices"]) <= 4
        option = done["choices"][number % 2]
        chosen.append(option["text"])
        done = await choose(api, done, option["id"])
        assert done["currentChapter"] == number
        prompt = storyteller.calls_for("prose")[-1].prompt
        assert all(text in prompt for text in chosen), "every choice is honoured"
    assert done["isCompleted"]
    assert done["choices"] == []
    assert done["choice_question"] == ""
    assert await Story.objects.acount() == 1
    session = await ReadingSession.objects.aget()
    assert session.finished_at is not None
    numbers = [chapter.number async for chapter in Chapter.objects.order_by("number")]
    assert numbers == [1, 2, 3, 4, 5]
    taken = [d.choice.text async for d in Decision.objects.select_related("choice")]
    assert taken == chosen
    _, view, _ = await api.call("GET", f"/sessions/{session.pk}")
    assert [choice["text"] for choice in view["choices"]] == chosen
    assert view["is_completed"]
    assert len(view["chapters"]) == 5


async def test_nothing_follows_an_ending(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = await first_chapter(api, mia, total_chapters=1)
    assert done["isCompleted"]
    url = f"/stories/sessions/{done['session_id']}/choices/stream?choice_id=continue"
    status, problem, _ = await api.call("GET", url)
    assert (status, problem["code"]) == (409, "WRONG_PLACE")


async def test_the_same_choice_twice_is_one_choice_and_another_one_a_branch(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = await first_chapter(api, mia)
    left, right = (option["id"] for option in done["choices"][:2])
    once = await choose(api, done, left)
    calls = len(storyteller.calls)
    assert await choose(api, done, left) == once
    assert len(storyteller.calls) == calls
    branch = await choose(api, done, right)
    assert branch["currentChapter"] == 2
    assert branch["session_id"] == done["session_id"]
    assert await Chapter.objects.filter(number=2).acount() == 2
    assert await choose(api, done, left) == once


async def test_the_childs_own_idea_reaches_the_prompt_as_data(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = await first_chapter(api, mia)
    idea = "a dragon lands and wants to play cards"
    await choose(api, done, "custom-choice", custom_text=idea)
    assert idea in storyteller.calls_for("prose")[-1].prompt
    decision = await Decision.objects.select_related("choice").aget()
    assert (decision.choice.kind, decision.choice.text) == ("own_idea", idea)


async def test_a_story_simply_goes_on(api: Client, mia: Child, storyteller: OllamaServer) -> None:
    done = await first_chapter(api, mia)
    assert (await choose(api, done, "continue"))["currentChapter"] == 2


@pytest.mark.parametrize("choice", ["1_0", "-1", "10", "go"])
async def test_a_choice_id_that_is_none_is_refused(
    api: Client, mia: Child, storyteller: OllamaServer, choice: str
) -> None:
    done = await first_chapter(api, mia)
    url = f"/stories/sessions/{done['session_id']}/choices/stream?choice_id={choice}"
    status, problem, _ = await api.call("GET", url)
    assert (status, problem["field"]) == (422, "choice_id")


async def test_another_storys_option_is_unknown_here(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    one = await first_chapter(api, mia)
    other = await first_chapter(api, mia, theme="a snail who wins a race")
    option = other["choices"][0]["id"]
    url = f"/stories/sessions/{one['session_id']}/choices/stream?choice_id={option}"
    status, _, _ = await api.call("GET", url)
    assert status == 404
    assert await Decision.objects.acount() == 0


async def test_an_option_index_must_agree(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = await first_chapter(api, mia)
    option = done["choices"][1]["id"]
    url = f"/stories/sessions/{done['session_id']}/choices/stream?choice_id={option}"
    status, problem, _ = await api.call("GET", f"{url}&option_index=0")
    assert (status, problem["field"]) == (422, "option_index")
    assert (await choose(api, done, option, option_index=1))["currentChapter"] == 2


async def test_chapters_by_number_are_written_replayed_or_refused(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    url = f"/stories/generate/stream?child_id={mia.pk}&theme={THEME}&chapter_number="
    assert (await api.call("GET", f"{url}2"))[0] == 409
    first = (await api.frames(f"{url}1"))[-1].data
    second = await api.frames(f"{url}2")
    assert second[-1].data["currentChapter"] == 2
    assert second[-1].data["session_id"] == first["session_id"]
    calls = len(storyteller.calls)
    assert await api.frames(f"{url}2") == second
    assert len(storyteller.calls) == calls
    assert (await api.call("GET", f"{url}4"))[0] == 409
    assert await Story.objects.acount() == 1


async def test_a_recorded_choice_is_honoured_by_the_next_number(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = await first_chapter(api, mia)
    option = done["choices"][1]
    storyteller.script(prose=Reply(status=500))
    url = f"/stories/sessions/{done['session_id']}/choices/stream?choice_id={option['id']}"
    assert (await api.frames(url))[-1].data["code"] == "MODEL_UNAVAILABLE"
    storyteller.script(prose=[])
    by_number = f"/stories/generate/stream?child_id={mia.pk}&theme={THEME}&chapter_number=2"
    assert (await api.frames(by_number))[-1].data["currentChapter"] == 2
    assert option["text"] in storyteller.calls_for("prose")[-1].prompt


async def test_a_reconnect_to_a_starting_stream_never_starts_a_story(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    url = f"/stories/generate/stream?child_id={mia.pk}&theme={THEME}"
    whole = await api.frames(url)
    rest = await api.frames(url, Last_Event_ID=whole[4].id)
    assert rest == whole[5:]
    resynced = await api.frames(url, Last_Event_ID="of-another-server")
    assert text_of(resynced) == text_of(whole)
    assert (await api.call("GET", url, Last_Event_ID=whole[-1].id))[0] == 204
    assert await Generation.objects.acount() == 1


async def test_the_requested_title_and_language_are_kept(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = await first_chapter(api, mia, title="The Paper Moon")
    assert done["title"] == "The Paper Moon"
    assert done["language"] == "en"
    assert done["readingLevel"] == "beginner"


async def test_the_story_and_its_session_can_be_read_back(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = await first_chapter(api, mia)
    status, story, _ = await api.call("GET", f"/stories/{done['id']}")
    assert status == 200
    assert [chapter["text"] for chapter in story["chapters"]] == [done["story_content"]]
    assert [c["id"] for c in story["chapters"][0]["choices"]] == [c["id"] for c in done["choices"]]
    status, _, _ = await api.call(
        "POST", f"/sessions/{done['session_id']}/reading", {"seconds": 42}
    )
    assert status == 204
    _, session, _ = await api.call("GET", f"/sessions/{done['session_id']}")
    assert session["seconds_read"] == 42
    assert session["words_read"] == story["chapters"][0]["word_count"]
    assert (await api.call("GET", f"/sessions/{uuid.uuid4()}"))[0] == 404


async def test_the_model_host_never_hears_the_childs_name(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=[Reply("Robin laughed. Robin's lantern shone for Robin.")])
    done = await first_chapter(api, mia, theme="Mia and the lantern", title="Mia's Night")
    assert done["story_content"].startswith("Mia laughed. Mia's lantern shone for Mia.")
    await choose(api, done, "custom-choice", custom_text="mia finds a key")
    assert "mia" not in storyteller.heard.lower()
