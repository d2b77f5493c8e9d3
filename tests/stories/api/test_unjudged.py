"""A model that cannot judge: its chapters end in an outcome of their own, and after some of them it
is out of use, until a trial goes well. Over both protocols."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse

from children.models import Child, User
from stories import llm
from stories.execution import engine
from stories.infra.db import in_database
from stories.messages import message_of
from stories.models import Case, Chapter, Generation, ModelTrial, SafetyFinding
from testkit.hosts import ModelHost, Quirk
from tests.clients import Client, Frame, text_of
from tests.streams import events_of, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def host(transactional_db: None, any_host: ModelHost[Any]) -> AsyncIterator[ModelHost[Any]]:
    """The host, and this process's dispatcher at work."""
    llm.forget_trials()
    engine.start()
    yield any_host
    await engine.shut_down()


async def _chapter(api: Client, child: Child, theme: str = "a boat") -> list[Frame]:
    return await api.frames(events_of(await start(api, child, theme=theme)))


async def _unjudged(api: Client, child: Child, host: ModelHost[Any], *themes: str) -> None:
    host.quirks.add(Quirk.EMPTY_ANSWER, kinds={"judge"})
    for theme in themes:
        assert (await _chapter(api, child, theme))[-1].data["code"] == "CHECK_FAILED"


def _checked() -> str:
    out = io.StringIO()
    call_command("check_storyteller", stdout=out)
    return out.getvalue()


async def test_its_text_is_kept_and_nobody_calls_it_unfit(
    api: Client, mia: Child, host: ModelHost[Any]
) -> None:
    host.quirks.add(Quirk.SCHEMA_IGNORED, kinds={"judge"})
    frames = await _chapter(api, mia)
    last = frames[-1]
    assert (last.data["code"], last.data["retryable"]) == ("CHECK_FAILED", True)
    assert last.data["message"] == message_of("CHECK_FAILED")
    assert "could not check" in last.data["message"]
    assert text_of(frames) != ""
    assert not any(frame.type in {"safety_check", "content_reset"} for frame in frames)
    for kept in (Chapter, SafetyFinding, Case):
        assert await kept.objects.acount() == 0
    generation = await Generation.objects.aget()
    why = "the model gave no judgement in 2 answers"
    assert generation.error_detail.splitlines()[0] == why


async def test_the_same_text_is_judged_when_it_is_carried_on(
    api: Client, mia: Child, host: ModelHost[Any]
) -> None:
    host.quirks.add(Quirk.EMPTY_ANSWER, kinds={"judge"}, times=2)
    started = await start(api, mia)
    ended = await api.frames(events_of(started))
    assert ended[-1].data["code"] == "CHECK_FAILED"
    status, again, _ = await api.call("POST", f"/generations/{started['id']}/continue")
    assert status == 201
    frames = await api.frames(events_of(again))
    assert frames[-1].type == "complete"
    assert text_of(frames) == text_of(ended)
    assert len(host.calls_for("prose")) == 1


async def test_after_a_few_in_a_row_it_is_out_of_use_and_staff_read_why(
    api: Client, mia: Child, host: ModelHost[Any]
) -> None:
    await _unjudged(api, mia, host, "a boat", "a kite", "a tree")
    asked = len(host.calls)
    frames = await _chapter(api, mia, "a moon")
    assert frames[-1].data["code"] == "MODEL_REFUSED"
    assert len(host.calls) == asked
    generation = await Generation.objects.order_by("created_at").alast()
    assert generation is not None
    assert "no judgement of its last 3 chapters" in generation.error_detail
    row = await ModelTrial.objects.aget()
    assert (row.model, row.unjudged, row.is_out_of_use) == (host.model, 3, True)


async def test_one_good_judgement_makes_up_for_those_before(
    api: Client, mia: Child, host: ModelHost[Any]
) -> None:
    await _unjudged(api, mia, host, "a boat", "a kite")
    host.quirks.clear()
    assert (await _chapter(api, mia, "a tree"))[-1].type == "complete"
    assert (await ModelTrial.objects.aget()).unjudged == 0


async def test_the_family_and_staff_see_it_until_a_trial_goes_well(
    api: Client, mia: Child, alice: User, host: ModelHost[Any], client: Browser
) -> None:
    url = reverse("stories:new", args=[mia.pk])
    told = "the storyteller could not check its last ones"
    await in_database(client.force_login, alice)
    assert told not in (await sync_to_async(client.get)(url)).text
    await _unjudged(api, mia, host, "a boat", "a kite", "a tree")
    assert told in (await sync_to_async(client.get)(url)).text
    host.quirks.add(Quirk.SCHEMA_IGNORED, kinds={"trial"})
    assert "In use again:           no" in await sync_to_async(_checked)()
    host.quirks.clear()
    said = await sync_to_async(_checked)()
    assert "out of use: it gave no judgement of its last 3 chapters" in said
    assert "yes, by this trial" in said
    assert told not in (await sync_to_async(client.get)(url)).text
    assert (await _chapter(api, mia, "a moon"))[-1].type == "complete"


async def test_notes_in_a_fence_lose_no_chapter(
    api: Client, mia: Child, host: ModelHost[Any]
) -> None:
    host.script(structured='```json\n{"title": "The Boat", "educational_elements": ["Shar')
    done = (await _chapter(api, mia))[-1]
    assert done.type == "complete"
    assert (done.data["title"], len(done.data["choices"])) == ("The Boat", 3)
    assert not any(text.startswith("Shar") for text in done.data["educational_elements"])
    assert (await Chapter.objects.aget()).title == "The Boat"


def test_staff_use_a_model_again(client: Browser, db: None) -> None:
    row = ModelTrial.objects.create(
        provider="ollama",
        address="http://127.0.0.1:11434",
        model="teller",
        context_tokens=8192,
        writes=True,
        first_word_seconds=0.1,
        tokens_per_second=20,
        unjudged=ModelTrial.MAX_UNJUDGED,
    )
    client.force_login(User.objects.create_superuser("staff@example.org", "a-password"))
    url = reverse("admin:stories_modeltrial_changelist")
    assert "icon-no" in client.get(url).text
    chosen = {"action": "use_again", "_selected_action": [row.pk]}
    assert client.post(url, chosen, follow=True).status_code == 200
    row.refresh_from_db()
    assert not row.is_out_of_use
