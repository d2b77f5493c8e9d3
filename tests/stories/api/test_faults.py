"""Model hosts that fail: each ends in the code that the contract names, with nothing lost."""

import asyncio
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from children.models import Child
from stories.models import Chapter, Generation, ModelTrial, SafetyFinding
from testkit.hosts import Quirk, Reply, characters, cold, endless
from testkit.ollama.server import OllamaServer
from tests.clients import Client, Frame, text_of
from tests.streams import events_of, start

pytestmark = pytest.mark.django_db(transaction=True)

UNSAFE = "Then he pulled out a gun and killed the guard in a pool of blood."


async def chapter_with(api: Client, child: Child, **fields: Any) -> list[Frame]:
    return await api.frames(events_of(await start(api, child, **fields)))


def ends_with(frames: list[Frame], code: str) -> bool:
    """A kind sentence for a person, the code for a program, and nothing after it."""
    last = frames[-1]
    assert last.type == "error", last
    assert last.data["message"].endswith(".")
    assert "Error" not in last.data["message"]
    return bool(last.data["code"] == code)


async def test_a_host_that_is_away_is_unavailable(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.stop()
    frames = await chapter_with(api, mia)
    assert ends_with(frames, "MODEL_UNAVAILABLE")
    assert frames[-1].data["retryable"] is True
    generation = await Generation.objects.aget()
    assert (generation.status, generation.error_code) == ("failed", "MODEL_UNAVAILABLE")
    assert generation.finished_at is not None


async def test_a_host_that_comes_back_soon_writes_the_chapter_after_all(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.stop()
    started = await start(api, mia)
    asyncio.get_running_loop().call_later(0.5, storyteller.start)
    assert (await api.frames(events_of(started)))[-1].type == "complete"


async def test_a_host_that_answers_500_is_unavailable(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=lambda _: Reply(status=500))
    assert ends_with(await chapter_with(api, mia), "MODEL_UNAVAILABLE")


async def test_a_host_that_says_nothing_has_empty_content(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=lambda _: "")
    assert ends_with(await chapter_with(api, mia), "EMPTY_CONTENT")


async def test_a_chapter_that_stays_too_short_says_so_and_is_none(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Settings
) -> None:
    settings.MIN_LENGTH_PERCENT = 60
    storyteller.quirks.add(Quirk.SHORT_ANSWER, kinds={"prose"})
    frames = await chapter_with(api, mia)
    assert ends_with(frames, "TOO_SHORT")
    assert "stopped much too early" in frames[-1].data["message"]
    assert not await Chapter.objects.aexists()
    assert "the chapter ended after" in (await Generation.objects.aget()).error_detail


async def test_a_chapter_of_ordinary_length_costs_no_call_more(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Settings
) -> None:
    settings.MIN_LENGTH_PERCENT = 60
    assert (await chapter_with(api, mia))[-1].type == "complete"
    assert len(storyteller.calls) == 3
    assert (await Chapter.objects.aget()).outcome_findings == []


async def test_a_model_that_refuses_tells_no_story_and_staff_read_what_it_said(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.quirks.add(Quirk.REFUSAL, kinds={"prose"})
    frames = await chapter_with(api, mia)
    assert ends_with(frames, "DECLINED")
    assert "would rather not tell this story" in frames[-1].data["message"]
    assert text_of(frames) == ""
    found = [finding async for finding in SafetyFinding.objects.all()]
    assert {(each.layer, each.category) for each in found} == {("outcome", "refusal")}
    assert all("can't help with that" in each.text for each in found)


async def test_what_stays_of_a_chapter_that_was_not_asked_for_is_kept_with_it(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    await Child.objects.aupdate(pronoun="she")
    told = "Robin rubbed his eyes. The owl was pleased."
    storyteller.script(prose=told, rewording="Robin rubbed his eyes.")
    frames = await chapter_with(api, mia)
    assert text_of(frames) == told.replace("Robin", "Mia")
    kept = [{"kind": "pronoun", "sentence": "Robin rubbed his eyes."}]
    assert (await Chapter.objects.aget()).outcome_findings == kept


async def test_a_cut_connection_is_taken_up_from_the_approved_text(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=[Reply(cut_after=60)])
    frames = await chapter_with(api, mia)
    assert frames[-1].type == "complete"
    assert "content_reset" not in [frame.type for frame in frames]
    assert len(storyteller.calls_for("prose")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "<think>The child likes guns.</think>The fox found a lantern. It was warm.",
        "<think>No end to thinking: a gun, a gun, a gun.",
    ],
)
async def test_thoughts_never_reach_a_reader(
    api: Client, mia: Child, storyteller: OllamaServer, text: str
) -> None:
    storyteller.cut = characters
    storyteller.script(prose=[text])
    frames = await chapter_with(api, mia)
    assert frames[-1].type == "complete"
    assert "think" not in text_of(frames)
    assert "gun" not in text_of(frames)


async def test_a_cold_model_is_waited_for(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=[cold()])
    assert (await chapter_with(api, mia))[-1].type == "complete"


async def test_prose_that_never_ends_is_ended_after_a_whole_sentence(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=[endless()])
    frames = await chapter_with(api, mia)
    assert frames[-1].type == "complete"
    assert text_of(frames).endswith(".")
    assert frames[-1].data["story_content"] == (await Chapter.objects.aget()).text
    await storyteller.calls_for("prose")[0].disconnected.seen()


async def test_malformed_structure_never_loses_a_chapter(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(structured=lambda _: '```json\n{"title": "The')
    frames = await chapter_with(api, mia)
    done = frames[-1]
    assert done.type == "complete"
    assert 2 <= len(done.data["choices"]) <= 4
    assert done.data["title"]
    assert done.data["choice_question"]


@pytest.mark.parametrize("cut", ["words", "characters"])
async def test_a_rejected_sentence_is_in_no_frame_answer_or_replay_but_staff_see_it(
    api: Client, mia: Child, storyteller: OllamaServer, cut: str
) -> None:
    if cut == "characters":
        storyteller.cut = characters
    storyteller.script(prose=[f"A fox found a lantern. {UNSAFE} It was bright."])
    started = await start(api, mia)
    frames = await api.frames(events_of(started))
    done = frames[-1].data
    replay = await api.frames(events_of(started))
    answers = [
        await api.call("GET", path)
        for path in (f"/generations/{started['id']}", f"/stories/{done['id']}")
    ]
    seen = " ".join([frame.raw for frame in [*frames, *replay]])
    seen += " ".join(response.content.decode() for _, _, response in answers)
    for word in ("gun", "killed", "blood"):
        assert word not in seen
    assert frames[-1].type == "complete"
    finding = await SafetyFinding.objects.afirst()
    assert finding is not None
    assert "gun" in finding.text


async def test_a_model_that_stays_unsafe_ends_gently_and_keeps_what_was_shown(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=lambda _: f"A fox found a lantern. {UNSAFE}")
    started = await start(api, mia)
    frames = await api.frames(events_of(started))
    assert ends_with(frames, "SAFETY_REJECTED")
    assert len(storyteller.calls_for("prose")) == 3
    assert text_of(frames).startswith("A fox found a lantern.")
    _, state, _ = await api.call("GET", f"/generations/{started['id']}")
    assert state["text"] == text_of(frames)
    assert await SafetyFinding.objects.acount() == 3


async def test_after_a_failure_the_same_request_starts_anew(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=lambda _: "")
    assert ends_with(await chapter_with(api, mia), "EMPTY_CONTENT")
    storyteller.script(prose=lambda _: None)
    assert (await chapter_with(api, mia))[-1].type == "complete"


async def test_a_first_chapter_that_failed_begins_again_as_the_same_story(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=lambda _: "")
    failed = await start(api, mia)
    assert ends_with(await api.frames(events_of(failed)), "EMPTY_CONTENT")
    storyteller.script(prose=lambda _: None)
    again = await start(api, mia, session_id=failed["session_id"])
    assert again["id"] != failed["id"]
    assert again["story_id"] == failed["story_id"]
    assert (await api.frames(events_of(again)))[-1].data["currentChapter"] == 1
    third = await start(api, mia, session_id=failed["session_id"], chapter_number=2)
    assert third["story_id"] == failed["story_id"]
    assert (await api.frames(events_of(third)))[-1].data["currentChapter"] == 2


async def test_a_host_that_refuses_is_told_to_staff_and_not_said_to_pass(
    api: Client, mia: Child, storyteller: OllamaServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="stories")
    storyteller.script(prose=Reply(status=402, error="no credit left, says the wolf"))
    frames = await chapter_with(api, mia)
    assert ends_with(frames, "MODEL_REFUSED")
    assert "moment" not in frames[-1].data["message"]
    generation = await Generation.objects.aget()
    why = "the host answered 402: no credit left, says the wolf"
    assert generation.error_detail.splitlines()[0] == why
    assert why in caplog.text


async def test_a_host_that_refuses_what_it_took_before_is_tried_out_anew(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    assert (await chapter_with(api, mia))[-1].type == "complete"
    storyteller.quirks.add(Quirk.THINK_REFUSED)
    assert ends_with(await chapter_with(api, mia, theme="a boat"), "MODEL_REFUSED")
    assert (await chapter_with(api, mia, theme="a kite"))[-1].type == "complete"
    row = await ModelTrial.objects.aget()
    assert row.left_out == ["think"]


async def test_a_model_that_begins_to_think_is_tried_out_anew(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    assert (await chapter_with(api, mia))[-1].type == "complete"
    storyteller.quirks.add(Quirk.THINKS_AT_LENGTH)
    assert ends_with(await chapter_with(api, mia, theme="a boat"), "EMPTY_CONTENT")
    assert (await chapter_with(api, mia, theme="a kite"))[-1].type == "complete"
