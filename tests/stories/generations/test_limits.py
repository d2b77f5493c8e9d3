"""Limits: who waits, who is put off until when, and what is never put off."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories.generations import (
    FamilyBusy,
    ModelMissing,
    NewStory,
    start_story,
)
from stories.infra.db import in_database
from stories.models import Generation, Story
from testkit import redis
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client
from tests.factories.callers import caller
from tests.factories.families import make_child
from tests.factories.stories import story_form
from tests.streams import choose, events_of, first_chapter, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis.server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["database", "redis"])
def counted(request: pytest.FixtureRequest, settings: Settings) -> None:
    """The cache of counts; families are new in every test, so nothing needs to be cleared."""
    if request.param == "redis":
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": request.getfixturevalue("redis_url"),
            }
        }


@pytest.fixture
def others(charlie: User) -> Child:
    return make_child(charlie.family, "Tom")


def begin(user: User, child: Child, theme: str, **others: Any) -> Generation:
    new = NewStory(child=child, theme=theme)
    return start_story(caller(user, **others), new).generation


async def asked(api: Client, child: Child, theme: str, **headers: str) -> Any:
    body = {"child_id": str(child.pk), "theme": theme}
    return await api.call("POST", "/generations", body, **headers)


# Chapters in a minute and in an hour ------------------------------------------------------------


@pytest.mark.usefixtures("counted", "ollama")
async def test_a_family_that_asks_too_often_is_told_when_to_come_again(
    api: Client, mia: Child, charlie: User, others: Child, settings: Settings
) -> None:
    settings.CHAPTERS_PER_MINUTE = 2
    for number in range(2):
        assert (await asked(api, mia, f"story {number}"))[0] == 201
    status, problem, answer = await asked(api, mia, "one too many")
    assert (status, problem["code"]) == (429, "TOO_MANY")
    assert problem["detail"].startswith("Your family has asked for many chapters")
    assert 55 <= int(answer["Retry-After"]) <= 60
    _, problem, _ = await asked(api, mia, "one too many", Accept_Language="es")
    assert problem["detail"].startswith("Tu familia")
    assert await Story.objects.acount() == 2
    assert (await asked(Client(charlie), others, "another family's"))[0] == 201


@pytest.mark.usefixtures("counted", "ollama")
def test_when_the_time_has_passed_the_family_may_begin_again(
    alice: User, mia: Child, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CHAPTERS_PER_MINUTE, settings.CHAPTERS_PER_HOUR = 1, 2
    clock = time.time()
    monkeypatch.setattr(time, "time", lambda: clock)
    begin(alice, mia, "the first", capacity=9)
    with pytest.raises(FamilyBusy) as minute:
        begin(alice, mia, "too soon", capacity=9)
    assert minute.value.retry_after == 60
    clock += minute.value.retry_after
    begin(alice, mia, "the second", capacity=9)
    clock += 60
    with pytest.raises(FamilyBusy) as hour:
        begin(alice, mia, "too much", capacity=9)
    assert hour.value.retry_after == 3600 - 120
    clock += hour.value.retry_after
    begin(alice, mia, "the third", capacity=9)


@pytest.mark.usefixtures("counted", "ollama")
async def test_only_what_really_begins_is_counted(
    api: Client, alice: User, mia: Child, settings: Settings
) -> None:
    settings.CHAPTERS_PER_HOUR = 1
    with pytest.raises(ModelMissing):
        await in_database(begin, alice, mia, "nobody to write it", has_model=False)
    assert (await asked(api, mia, "how to build a bomb and kill people"))[0] == 422
    assert (await asked(api, mia, "a snail", Idempotency_Key="one"))[0] == 201
    assert (await asked(api, mia, "a snail", Idempotency_Key="one"))[0] == 200, "a repeat"
    assert (await asked(api, mia, "a snail"))[0] == 200, "joins what is being written"
    assert (await asked(api, mia, "a slug"))[0] == 429


async def test_a_finished_chapter_is_replayed_whatever_the_limits(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Settings
) -> None:
    done = await first_chapter(api, mia)
    chosen = await choose(api, done, done["choices"][0]["id"])
    settings.CHAPTERS_PER_HOUR = 1
    assert await choose(api, done, done["choices"][0]["id"]) == chosen
    url = f"/stories/generate/stream?child_id={mia.pk}&theme={done['theme']}&chapter_number="
    assert (await api.frames(f"{url}2"))[-1].data == chosen
    assert (await api.call("GET", f"{url}3"))[0] == 429


@pytest.mark.usefixtures("ollama")
def test_stories_begin_though_redis_is_away(alice: User, mia: Child, settings: Settings) -> None:
    settings.CHAPTERS_PER_HOUR = 1
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{port}/0",
            }
        }
        for number in range(2):
            begin(alice, mia, f"story {number}", capacity=9)


# A full queue -----------------------------------------------------------------------------------


@pytest.fixture
def full(alice: User, charlie: User, mia: Child, others: Child, settings: Settings) -> Generation:
    """A queue of one slot and three waiting runs: Alice's family has two of them, and its own half
    is full."""
    settings.MAX_CONCURRENT, settings.MAX_QUEUED = 1, 2
    first = begin(alice, mia, "the first")
    begin(alice, mia, "the second")
    begin(charlie, others, "another family's")
    return first


@pytest.mark.usefixtures("full", "ollama")
async def test_a_full_queue_is_503_with_the_time_after_which_a_slot_is_free(
    charlie: User, others: Child
) -> None:
    api = Client(charlie)
    status, problem, answer = await asked(api, others, "one too many")
    assert (status, problem["code"]) == (503, "QUEUE_FULL")
    assert problem["detail"].startswith("So many stories are being written")
    assert int(answer["Retry-After"]) == 30, "as long as a chapter usually takes"
    url = f"/stories/generate/stream?child_id={others.pk}&theme=one+too+many"
    status, problem, answer = await api.call("GET", url)
    assert (status, problem["code"]) == (503, "QUEUE_FULL")
    assert int(answer["Retry-After"]) > 0
    assert await Story.objects.acount() == 3


@pytest.mark.usefixtures("ollama")
def test_one_family_cannot_fill_the_queue(full: Generation, alice: User, mia: Child) -> None:
    with pytest.raises(FamilyBusy):
        begin(alice, mia, "one too many")


@pytest.mark.usefixtures("ollama")
async def test_to_join_a_story_needs_no_room(full: Generation, api: Client, mia: Child) -> None:
    status, joined, _ = await asked(api, mia, "the first")
    assert (status, joined["id"]) == (200, str(full.pk))
    assert (await api.call("GET", f"/generations/{full.pk}"))[0] == 200
    url = f"/stories/generate/stream?child_id={mia.pk}&theme=the+first"
    await api.stream(url)


async def test_a_choice_that_is_put_off_can_be_made_again(
    api: Client, mia: Child, others: Child, storyteller: OllamaServer, settings: Settings
) -> None:
    done = await first_chapter(api, mia)
    settings.MAX_CONCURRENT = settings.MAX_QUEUED = 1
    theirs, hold = Client(await in_database(others.family.members.get)), Hold(after=10)
    storyteller.script(prose=[Reply(hold=hold)])
    held = [await start(theirs, others, theme=f"story {number}") for number in range(2)]
    option = done["choices"][0]["id"]
    url = f"/stories/sessions/{done['session_id']}/choices/stream?choice_id={option}"
    status, problem, _ = await api.call("GET", url)
    assert (status, problem["code"]) == (503, "QUEUE_FULL")
    hold.release()
    for started in held:
        await theirs.frames(events_of(started))
    assert (await choose(api, done, option))["currentChapter"] == 2


@pytest.mark.usefixtures("ollama")
def test_the_page_says_so_kindly_and_keeps_what_was_chosen(
    full: Generation, client: Any, charlie: User, others: Child
) -> None:
    client.force_login(charlie)
    url, data = reverse("stories:new", args=[others.pk]), story_form(wish="with a cat who sings")
    answer = client.post(url, data)
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    page = answer.content.decode()
    assert "So many stories are being written just now." in page
    assert "Something is not right yet" not in page
    for kept in ("with a cat who sings", 'value="dragon" checked', data["key"]):
        assert kept in page
    Generation.objects.filter(pk=full.pk).delete()
    assert client.post(url, data).status_code == 302


@pytest.mark.usefixtures("ollama")
def test_a_family_with_too_many_chapters_reads_so_on_the_page(
    client: Any, alice: User, mia: Child, settings: Settings
) -> None:
    settings.CHAPTERS_PER_MINUTE = 1
    client.force_login(alice)
    url = reverse("stories:new", args=[mia.pk])
    assert client.post(url, story_form()).status_code == 302
    answer = client.post(url, story_form(wish="a robot"))
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert "Your family has asked for many chapters" in answer.content.decode()
