"""Narration by the API: passages that the child may read, their audio, and nobody else's."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories import generations
from stories.controls.switches import Feature
from stories.execution import retention
from stories.infra.db import in_database
from stories.models import Chapter, Generation, Story, Switch
from stories.moderation import withdrawal
from stories.narration.pool import Pool
from stories.vocabulary.events import Content
from tests.clients import Client
from tests.factories.stories import (
    add_events,
    make_chapter,
    make_choice,
    make_run,
    make_story,
)

pytestmark = pytest.mark.django_db(transaction=True)

SENTENCE = "Mia saw paw prints."


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    _ = Pool  # audio is made in a process
    settings.NARRATION_DIR = tmp_path / "narration"
    return tmp_path / "narration"


@pytest.fixture
def story(mia: Child) -> Story:
    return make_story(mia)


@pytest.fixture
def chapter(story: Story) -> Chapter:
    return make_chapter(story, f"It had snowed. {SENTENCE}\n\nThey led to the bakery.")


@pytest.fixture
def path(story: Story) -> str:
    return f"/sessions/{story.session.pk}/narration"


async def ask(client: Client, path: str, text: str = SENTENCE, **fields: Any) -> tuple[int, Any]:
    status, answer, _ = await client.call("POST", path, {"text": text, **fields})
    return status, answer


async def audio_of(client: Client, path: str) -> str:
    """The address of the sentence's audio."""
    status, answer = await ask(client, path)
    assert status == 200, answer
    return str(answer["audio_url"])


@pytest.fixture
async def heard(api: Client, chapter: Chapter, path: str, folder: Path) -> str:
    """The address of a sentence's audio, which is on the disk."""
    url = await audio_of(api, path)
    assert files_in(folder)
    return url


async def test_a_sentence_is_answered_with_its_audio_and_the_times_of_its_words(
    api: Client, chapter: Chapter, path: str
) -> None:
    status, answer = await ask(api, path, speed=0.9)
    assert status == 200
    assert answer["voice"] == "Heart"
    words = [SENTENCE[word["start"] :][: word["length"]] for word in answer["words"]]
    assert words == ["Mia", "saw", "paw", "prints"]
    assert 0 < answer["words"][-1]["ends"] < answer["seconds"]
    response = await api.visit(answer["audio_url"])
    assert response.status_code == 200
    assert response["Content-Type"] == "audio/mpeg"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Accept-Ranges"] == "bytes"
    assert len(response.content) > 5000


async def test_a_part_of_the_audio_is_given_to_who_asks_for_it(api: Client, heard: str) -> None:
    whole = (await api.visit(heard)).content
    last = len(whole) - 1
    for asked, given, part in (
        ("bytes=0-1", f"bytes 0-1/{len(whole)}", whole[:2]),
        ("bytes=100-", f"bytes 100-{last}/{len(whole)}", whole[100:]),
        ("bytes=100-999999999", f"bytes 100-{last}/{len(whole)}", whole[100:]),
        ("bytes=-7", f"bytes {last - 6}-{last}/{len(whole)}", whole[-7:]),
    ):
        answer = await api.visit(heard, Range=asked)
        assert (answer.status_code, answer["Content-Range"]) == (206, given)
        assert answer.content == part
    beyond = await api.visit(heard, Range=f"bytes={len(whole)}-")
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(whole)}")


async def test_title_question_and_numbered_choices_are_read_too(
    api: Client, chapter: Chapter, path: str
) -> None:
    await in_database(make_choice, chapter, "Knock at the door")
    await in_database(make_choice, chapter, "Run home", 1)
    for text in ("Paw Prints", "What now?", "1. Knock at the door", "2. Run home"):
        status, answer = await ask(api, path, text)
        assert status == 200, (text, answer)
    assert (await ask(api, path, "2. Knock at the door"))[0] == 404


async def test_a_chapter_that_is_being_written_is_read_as_far_as_it_goes(
    api: Client, story: Story, path: str
) -> None:
    run = await in_database(make_run, story, status="running")
    await in_database(add_events, run, ["It had snowed. ", SENTENCE])
    url = await audio_of(api, path)
    assert (await api.visit(url)).status_code == 200
    assert (await ask(api, path, "They led to the bakery."))[0] == 404


async def test_other_text_is_not_read(api: Client, chapter: Chapter, path: str) -> None:
    status, answer = await ask(api, path, "Something else entirely.")
    assert (status, answer["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("fields", [{"speed": 0.2}, {"speed": 4}, {"text": ""}])
async def test_what_cannot_be_said_is_refused_with_what_can(
    api: Client, chapter: Chapter, path: str, fields: dict[str, Any]
) -> None:
    status, answer = await ask(api, path, **{"text": SENTENCE, **fields})
    assert (status, answer["code"], answer["field"]) == (422, "INVALID", next(iter(fields)))


async def test_another_family_hears_nothing(heard: str, charlie: User, path: str) -> None:
    stranger = Client(charlie)
    assert (await ask(stranger, path))[0] == 403
    assert (await stranger.visit(heard)).status_code == 403
    assert (await Client(None).visit(heard)).status_code == 401


async def test_the_other_parent_hears_the_same(heard: str, bob: User) -> None:
    assert (await Client(bob, is_browser=True).visit(heard)).status_code == 200


async def test_an_address_that_was_changed_or_made_up_leads_nowhere(
    api: Client, heard: str, path: str
) -> None:
    assert (await api.visit(f"{heard}x")).status_code == 404
    assert (await api.visit(f"/api/v1{path}/0")).status_code == 404


async def test_withdrawn_text_has_no_audio_and_its_file_is_gone(
    api: Client, heard: str, path: str, folder: Path
) -> None:
    await in_database(withdrawal.withdraw, await Generation.objects.aget())
    assert files_in(folder) == []
    assert (await api.visit(heard)).status_code == 404
    assert (await ask(api, path))[0] == 404
    assert files_in(folder) == []


async def test_a_chapter_that_waits_for_a_parent_has_no_audio(
    api: Client, heard: str, path: str
) -> None:
    await Chapter.objects.aupdate(released_at=None)
    assert (await ask(api, path))[0] == 404
    assert (await api.visit(heard)).status_code == 404


@pytest.mark.parametrize("held", [{"is_previewed": True}, {"shows_unchecked_words": True}])
async def test_a_run_whose_words_nobody_has_approved_yet_has_no_audio(
    api: Client, story: Story, path: str, held: dict[str, bool]
) -> None:
    run = await in_database(make_run, story, status="running", **held)
    await in_database(add_events, run, [SENTENCE])
    assert (await ask(api, path))[0] == 404


async def test_a_chapter_written_ahead_of_its_choice_has_no_audio(
    api: Client, heard: str, path: str
) -> None:
    await Chapter.objects.aupdate(is_hidden=True)
    await Generation.objects.aupdate(ahead=Generation.Ahead.HIDDEN)
    assert (await ask(api, path))[0] == 404
    assert (await api.visit(heard)).status_code == 404


async def test_text_that_a_run_took_back_has_no_audio(api: Client, story: Story, path: str) -> None:
    run = await in_database(make_run, story, status="running")
    await in_database(add_events, run, [SENTENCE])
    url = await audio_of(api, path)
    await run.events.aupdate(payload=Content(chunk="Mia saw nothing.", is_complete=False).payload)
    assert (await api.visit(url)).status_code == 404


async def test_audio_that_made_room_for_other_is_made_again(
    api: Client, heard: str, folder: Path
) -> None:
    before = (await api.visit(heard)).content
    for file in files_in(folder):
        file.unlink()
    assert (await api.visit(heard)).content == before


async def test_turned_off_by_staff_it_is_off(api: Client, heard: str, path: str) -> None:
    await Switch.objects.acreate(name=Feature.READ_ALOUD)
    status, answer = await ask(api, path)
    assert (status, answer["code"]) == (409, "READ_ALOUD_OFF")
    assert (await api.visit(heard)).status_code == 409


async def test_a_language_without_a_voice_is_left_to_the_device(
    api: Client, chapter: Chapter, path: str, settings: Settings
) -> None:
    await Story.objects.aupdate(language="es")
    status, answer = await ask(api, path)
    assert (status, answer["code"]) == (404, "NO_VOICE")


async def test_a_voice_that_fails_is_put_off(
    api: Client, chapter: Chapter, path: str, settings: Settings, tmp_path: Path
) -> None:
    voice = tmp_path / "en_GB-broken-low.onnx"
    voice.touch()
    settings.VOICES, settings.PIPER = {"en": voice}, "false"
    status, answer, response = await api.call("POST", path, {"text": SENTENCE})
    assert (status, answer["code"]) == (503, "NARRATION_FAILED")
    assert int(response["Retry-After"]) > 0


@pytest.mark.parametrize("gone", ["stories_story", "children_child", "children_family"])
async def test_deleted_by_the_admin_it_is_gone_from_the_disk(
    heard: str, folder: Path, gone: str, admin_client: Browser
) -> None:
    story = await Story.objects.select_related("child").aget()
    await User.objects.filter(family=story.child.family_id).aupdate(family=None)
    keys = {
        "stories_story": story.pk,
        "children_child": story.child_id,
        "children_family": story.child.family_id,
    }
    url = reverse(f"admin:{gone}_delete", args=[keys[gone]])
    await in_database(admin_client.post, url, {"post": "yes"})
    assert not await Story.objects.aexists()
    assert files_in(folder) == []


async def test_many_deleted_at_once_are_gone_from_the_disk(
    heard: str, folder: Path, admin_client: Browser
) -> None:
    story = await Story.objects.aget()
    picked = {"action": "delete_selected", "_selected_action": [str(story.pk)], "post": "yes"}
    await in_database(admin_client.post, reverse("admin:stories_story_changelist"), picked)
    assert not await Story.objects.aexists()
    assert files_in(folder) == []


async def test_deleted_by_a_parent_it_is_gone_from_the_disk(
    heard: str, folder: Path, alice: User, client: Browser
) -> None:
    story = await Story.objects.aget()
    await in_database(client.force_login, alice)
    await in_database(client.post, reverse("children:delete", args=[story.child_id]))
    assert not await Child.objects.aexists()
    assert files_in(folder) == []


async def test_a_discarded_beginning_leaves_nothing_on_the_disk(
    api: Client, alice: User, story: Story, path: str, folder: Path
) -> None:
    run = await in_database(make_run, story, status="stopped", error_code="CANCELLED")
    await in_database(add_events, run, [SENTENCE])
    await audio_of(api, path)
    await in_database(generations.discard, alice, run)
    assert files_in(folder) == []


async def test_other_machines_forget_what_was_deleted_when_they_tidy_up(
    heard: str, folder: Path
) -> None:
    kept = files_in(folder)
    await in_database(retention.forget_narration)
    assert files_in(folder) == kept
    await in_database(Story.objects.all().delete)
    await retention.tidy()
    assert files_in(folder) == []


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
