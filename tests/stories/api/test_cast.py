"""Who is in a story, by the API: companions, a kept friend, the tone, and keeping friends."""

import uuid
from typing import Any

import pytest

from children.models import Child, User
from stories.generations.briefs import brief_for
from stories.infra.db import in_database
from stories.models import Generation, KeptFriend, Story
from testkit.ollama.server import OllamaServer
from tests.clients import Client
from tests.factories.families import UNKNOWN, make_child
from tests.factories.stories import make_kept_friend, make_read_story
from tests.streams import THEME, events_of, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def leo(alice: User) -> Child:
    return make_child(alice.family, "Leonid")


def body_for(child: Child, **more: Any) -> dict[str, Any]:
    return {"child_id": str(child.pk), "theme": THEME, **more}


async def test_a_story_begins_with_the_cast_and_tone_of_the_request(
    api: Client,
    mia: Child,
    leo: Child,
    storyteller: OllamaServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    friend = await in_database(make_kept_friend, mia, "pim")
    cast = {"companions": [str(leo.pk)], "friend": str(friend.pk), "tone": "mystery"}
    started = await start(api, mia, **cast)
    frames = await api.frames(events_of(started))
    assert frames[-1].type == "complete", frames[-1]
    _, story, _ = await api.call("GET", f"/stories/{started['story_id']}")
    assert {field: story[field] for field in cast} == cast
    assert "Leonid" not in storyteller.heard
    assert "Leonid" not in caplog.text
    _, again, _ = await api.call("POST", "/generations", body_for(mia, tone="funny"))
    assert again["story_id"] != started["story_id"]


async def test_the_same_wish_with_another_cast_is_another_story(
    api: Client, mia: Child, leo: Child, ollama: OllamaServer
) -> None:
    ways: list[dict[str, Any]] = [{"companions": [str(leo.pk)]}, {"companions": []}, {"tone": ""}]
    started = [await api.call("POST", "/generations", body_for(mia, **way)) for way in ways]
    assert [status for status, _, _ in started] == [201, 201, 200]
    again = [await api.call("POST", "/generations", body_for(mia, **way)) for way in ways]
    assert [each[0] for each in again] == [200, 200, 200]
    assert await Story.objects.acount() == 2


@pytest.mark.usefixtures("ollama")
@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("tone", "frightening", "'cosy', 'funny', 'adventure' or 'mystery'"),
        ("companions", ["Leo"], "UUID"),
        ("companions", "Leo", "list"),
        ("companions", [UNKNOWN], "ids of other children of the family"),
        ("companions", [f"{UNKNOWN[:-1]}{number}" for number in range(3)], "at most 2"),
        ("friend", "Pim", "UUID"),
        ("friend", UNKNOWN, "the id of a friend that this child keeps"),
    ],
)
async def test_a_cast_or_tone_that_will_not_do_is_named_with_what_is_allowed(
    api: Client, mia: Child, field: str, value: Any, says: str
) -> None:
    status, problem, _ = await api.call("POST", "/generations", body_for(mia, **{field: value}))
    assert (status, problem["field"]) == (422, field)
    assert says in problem["detail"]
    assert await Story.objects.acount() == 0


async def test_children_and_friends_of_others_are_as_good_as_none(
    api: Client, mia: Child, leo: Child, charlie: User, ollama: OllamaServer
) -> None:
    zoe = await in_database(make_child, charlie.family, "Zoe")
    theirs = await in_database(make_kept_friend, zoe, "pim")
    of_leo = await in_database(make_kept_friend, leo, "plu")
    unknown = await api.call("POST", "/generations", body_for(mia, companions=[str(uuid.uuid4())]))
    for stranger in (zoe, mia):
        foreign = await api.call(
            "POST", "/generations", body_for(mia, companions=[str(stranger.pk)])
        )
        assert foreign[:2] == unknown[:2]
    unknown = await api.call("POST", "/generations", body_for(mia, friend=str(uuid.uuid4())))
    for friend in (theirs, of_leo):
        foreign = await api.call("POST", "/generations", body_for(mia, friend=str(friend.pk)))
        assert foreign[:2] == unknown[:2]
    assert await Generation.objects.acount() == 0


@pytest.mark.parametrize("field", ["companions", "friend", "tone"])
async def test_a_cast_is_chosen_when_a_story_begins(
    api: Client, mia: Child, ollama: OllamaServer, field: str
) -> None:
    value: Any = {"companions": [], "friend": str(uuid.uuid4()), "tone": "cosy"}[field]
    for later in ({"chapter_number": 2}, {"session_id": str(uuid.uuid4())}):
        body = body_for(mia, **{field: value}, **later)
        status, problem, _ = await api.call("POST", "/generations", body)
        assert (status, problem["field"]) == (422, field)
        assert "when a story begins" in problem["detail"]


# Keeping ------------------------------------------------------------------------------------------


def ended_story(child: Child) -> Story:
    story = make_read_story(child, chapters=3)
    brief_for(story, None)
    return story


async def test_friends_are_kept_listed_and_forgotten(api: Client, mia: Child) -> None:
    story = await in_database(ended_story, mia)
    path = f"/stories/{story.pk}/friend"
    status, kept, _ = await api.call("POST", path)
    assert status == 201
    assert (kept["story_id"], kept["child_id"]) == (str(story.pk), str(mia.pk))
    assert kept["full_name"].startswith(kept["name"])
    assert (await api.call("POST", path))[:2] == (200, kept)
    assert (await api.call("GET", f"/children/{mia.pk}/friends"))[1] == [kept]
    assert (await api.call("DELETE", f"/friends/{kept['id']}"))[0] == 204
    assert (await api.call("GET", f"/children/{mia.pk}/friends"))[1] == []
    assert (await api.call("DELETE", f"/friends/{kept['id']}"))[0] == 404


async def test_before_its_end_a_storys_friend_cannot_be_kept(api: Client, mia: Child) -> None:
    story = await in_database(make_read_story, mia, chapters=2)
    status, problem, _ = await api.call("POST", f"/stories/{story.pk}/friend")
    assert (status, problem["code"]) == (409, "WRONG_PLACE")
    assert await KeptFriend.objects.acount() == 0


async def test_another_familys_friends_are_forbidden(
    api: Client, mia: Child, charlie: User
) -> None:
    story = await in_database(ended_story, mia)
    friend = await in_database(make_kept_friend, mia, "pim")
    stranger = Client(charlie)
    for method, path in (
        ("GET", f"/children/{mia.pk}/friends"),
        ("POST", f"/stories/{story.pk}/friend"),
        ("DELETE", f"/friends/{friend.pk}"),
    ):
        assert (await stranger.call(method, path))[0] == 403
    assert await KeptFriend.objects.acount() == 1


async def test_the_document_names_the_fields_of_a_cast(api: Client) -> None:
    _, document, _ = await api.call("GET", "/openapi.json")
    asked = document["components"]["schemas"]["GenerationIn"]["properties"]
    assert {"companions", "friend", "tone"} <= set(asked)
    assert document["components"]["schemas"]["Tone"]["enum"] == [
        "",
        "cosy",
        "funny",
        "adventure",
        "mystery",
    ]
    assert "/api/v1/friends/{friend_id}" in document["paths"]
