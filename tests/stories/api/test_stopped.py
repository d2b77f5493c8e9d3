"""A chapter that was stopped or failed: carried on from its approved text, or discarded."""

import uuid
from typing import Any

import pytest
from django.test import AsyncClient
from django.utils import timezone

from children.models import Child, User
from stories import eventlog
from stories.execution import engine
from stories.generations.leases import MAX_ATTEMPTS
from stories.infra.db import in_database
from stories.infra.notify import Topic, notify
from stories.models import Chapter, Decision, Generation, GenerationEvent, Story
from stories.pages import library
from testkit.hosts import Hold, Reply, in_turn
from testkit.ollama.server import OllamaServer
from tests.clients import Client, Frame, frames_of, text_of
from tests.runs import die_after, put_back, watched
from tests.streams import (
    FIRST_CHAPTER,
    events_of,
    first_chapter,
    order,
    start,
    stop,
    stopped,
    stopped_first,
    stopped_second,
)

pytestmark = pytest.mark.django_db(transaction=True)

GRAVE = {"problem": "fear", "weight": 3, "reason": "It stays dark."}
UNFIT = "Nobody in the well called out any more."
NOW = timezone.now()


async def carry_on(api: Client, state: dict[str, Any], **headers: str) -> tuple[int, Any]:
    status, answer, _ = await api.call("POST", f"/generations/{state['id']}/continue", **headers)
    return status, answer


async def discard(api: Client, state: dict[str, Any]) -> tuple[int, Any]:
    status, answer, _ = await api.call("POST", f"/generations/{state['id']}/discard")
    return status, answer


async def test_a_chapter_goes_on_from_what_was_shown_and_its_log_is_whole_by_itself(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    state = await stopped_first(api, mia, storyteller)
    assert state["text"]
    status, begun = await carry_on(api, state)
    assert status == 201
    assert (begun["story_id"], begun["id"] != state["id"]) == (state["story_id"], True)
    frames = await api.frames(events_of(begun))
    assert order(frames) == FIRST_CHAPTER
    assert next(f for f in frames if f.type == "content").data["chunk"] == state["text"]
    assert text_of(frames) == (await Chapter.objects.aget()).text
    assert len(text_of(frames)) > len(state["text"])
    assert await api.frames(events_of(begun)) == frames
    prompt = storyteller.calls_for("prose")[-1].prompt
    assert state["text"].split(".")[0].replace("Mia", "Robin") in prompt
    assert "Mia" not in prompt


async def test_a_later_chapter_is_carried_on_after_the_same_choice(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done, state = await stopped_second(api, mia, storyteller)
    _, begun = await carry_on(api, state)
    frames = await api.frames(events_of(begun))
    assert frames[-1].data["currentChapter"] == 2
    assert text_of(frames).startswith(state["text"])
    chapter = await Chapter.objects.aget(number=2)
    assert str(chapter.choice_id) == done["choices"][0]["id"]


async def test_the_text_is_there_while_the_chapter_waits_for_the_storyteller(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    state = await stopped_first(api, mia, storyteller)
    await engine.shut_down()
    _, begun = await carry_on(api, state)
    await engine.shut_down()
    _, waiting, _ = await api.call("GET", f"/generations/{begun['id']}")
    assert (waiting["status"], waiting["text"]) == ("queued", state["text"])


async def test_a_chapter_that_was_whole_is_judged_and_not_written_again(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    hold = Hold(after=0)
    storyteller.script(judge=[Reply(hold=hold)])
    started = await start(api, mia)
    await hold.reached.seen()
    state = await stop(api, started)
    written = len(storyteller.calls_for("prose"))
    _, begun = await carry_on(api, state)
    frames = await api.frames(events_of(begun))
    assert order(frames) == FIRST_CHAPTER
    assert text_of(frames) == state["text"] == (await Chapter.objects.aget()).text
    assert len(storyteller.calls_for("prose")) == written


async def test_a_chapter_that_was_judged_unfit_is_not_carried_on_but_begun_again(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    unfit, judged = await ended_when_judged_unfit(api, mia, storyteller, stop_requested_at=NOW)
    assert judged[-1].data["code"] == "CANCELLED"
    _, begun = await carry_on(api, {"id": str(unfit.pk)})
    frames = await api.frames(events_of(begun))
    assert order(frames) == FIRST_CHAPTER
    assert next(frame.data["chunk"] for frame in frames if frame.type == "content") != UNFIT


@pytest.mark.parametrize(
    ("change", "code"),
    [({"stop_requested_at": NOW}, "CANCELLED"), ({"attempts": MAX_ATTEMPTS}, "INTERRUPTED")],
)
async def test_a_chapter_that_was_judged_unfit_is_withdrawn_however_its_run_ends(
    api: Client, mia: Child, storyteller: OllamaServer, change: dict[str, Any], code: str
) -> None:
    unfit, frames = await ended_when_judged_unfit(api, mia, storyteller, **change)
    reset, error = frames[-2:]
    assert (reset.type, reset.data["reason"]) == ("content_reset", "rejected")
    assert (error.type, error.data["code"]) == ("error", code)
    _, state, answer = await api.call("GET", f"/generations/{unfit.pk}")
    assert state["text"] == ""
    rows = [f"{e.payload}{e.source}" async for e in GenerationEvent.objects.all()]
    said = [answer.content.decode(), *(frame.raw for frame in frames), *rows]
    assert [text for text in said if UNFIT in text] == []


async def ended_when_judged_unfit(
    api: Client, child: Child, host: OllamaServer, **change: Any
) -> tuple[Generation, list[Frame]]:
    """A run that was given up between the judgement and the reset that follows it, and ended by
    another process, for what is changed of it; and what a replay of it is then."""
    host.script(judge=[GRAVE], prose=[UNFIT])
    host.tokens_per_second = 400
    await start(api, child)
    generation = await Generation.objects.aget()
    frames, sources = await watched(api, generation)
    await engine.shut_down()
    judged = [frame.type for frame in frames].index("safety_check") + 1
    await in_database(put_back, generation, frames[:judged], sources)
    await in_database(die_after, generation, judged)
    assert UNFIT in eventlog.shown_text(await in_database(eventlog.read_after, generation.pk, 0))
    await Generation.objects.filter(pk=generation.pk).aupdate(**change)
    engine.start()
    events = f"/generations/{generation.pk}/events"
    await api.frames(events)
    return generation, await api.frames(events)


@pytest.mark.parametrize("change", [{"avoid": ["thunder", "lanterns"]}, {"strictness": "gentle"}])
async def test_text_that_was_approved_by_other_measures_is_not_carried_on(
    api: Client, mia: Child, storyteller: OllamaServer, change: dict[str, Any]
) -> None:
    state = await stopped_first(api, mia, storyteller)
    await Child.objects.filter(pk=mia.pk).aupdate(**change)
    await engine.shut_down()
    _, begun = await carry_on(api, state)
    await engine.shut_down()
    _, waiting, _ = await api.call("GET", f"/generations/{begun['id']}")
    assert waiting["text"] == ""


async def test_what_was_stopped_twice_keeps_the_text_of_both(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    once = await stopped_first(api, mia, storyteller)
    hold = Hold(after=60)
    storyteller.script(prose=[Reply(hold=hold)])
    _, begun = await carry_on(api, once)
    await hold.reached.seen()
    twice = await stop(api, begun)
    assert twice["text"].startswith(once["text"])
    assert twice["text"] != once["text"]
    _, last = await carry_on(api, twice)
    frames = await api.frames(events_of(last))
    assert text_of(frames).startswith(twice["text"])
    assert text_of(frames) == (await Chapter.objects.aget()).text


async def test_carrying_on_twice_is_carrying_on_once(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    state = await stopped_first(api, mia, storyteller)
    hold = Hold(after=20)
    storyteller.script(prose=[Reply(hold=hold)])
    _, first = await carry_on(api, state, Idempotency_Key="once")
    await hold.reached.seen()
    status, joined = await carry_on(api, state)
    assert (status, joined["id"]) == (200, first["id"])
    await stop(api, first)
    status, again = await carry_on(api, state, Idempotency_Key="once")
    assert (status, again["id"]) == (200, first["id"])
    assert await Generation.objects.acount() == 2


async def stopped_elsewhere(api: Client, host: OllamaServer, started: dict[str, Any]) -> str:
    """The text shown when another process stops this one's run before it hears of it; the host
    writes no more of it."""
    stream = frames_of(await api.stream(events_of(started)))
    await anext(frame async for frame in stream if frame.type == "content")
    run = Generation.objects.filter(pk=started["id"])
    await run.aupdate(stop_requested_at=timezone.now())
    _, state, _ = await api.call("GET", f"/generations/{started['id']}")
    assert state["is_active"]
    return str(state["text"])


async def test_who_asks_again_just_after_a_stop_gets_a_run_of_their_own(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Any
) -> None:
    settings.LEASE_SECONDS = 60.0
    done = await first_chapter(api, mia)
    wish = {"session_id": done["session_id"], "choice_id": done["choices"][0]["id"]}
    for wanted in ({"theme": "a robot"}, wish):
        storyteller.script(prose=[Reply(hold=Hold(after=60))])
        old = await start(api, mia, **wanted)
        await stopped_elsewhere(api, storyteller, old)
        new = await start(api, mia, **wanted)
        assert new["id"] != old["id"]
        await in_database(notify, Topic.STOP, [uuid.UUID(old["id"])])
        assert (await api.frames(events_of(old)))[-1].data["code"] == "CANCELLED"
        assert (await api.frames(events_of(new)))[-1].type == "complete"
    assert await Chapter.objects.acount() == 3


async def test_what_was_just_stopped_is_carried_on_or_discarded_at_once(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Any
) -> None:
    settings.LEASE_SECONDS = 60.0
    storyteller.script(prose=[Reply(hold=Hold(after=60)), Reply(hold=Hold(after=60))])
    first = await start(api, mia)
    shown = await stopped_elsewhere(api, storyteller, first)
    status, second = await carry_on(api, first)
    assert (status, second["id"] == first["id"]) == (201, False)
    assert (await api.frames(events_of(first)))[-1].data["code"] == "CANCELLED"
    assert (await stopped_elsewhere(api, storyteller, second)).startswith(shown)
    status, state = await discard(api, second)
    assert (status, state["status"], state["text"]) == (200, "stopped", "")


async def test_a_host_that_failed_in_the_middle_is_carried_on_too(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose=in_turn(Reply(cut_after=60), Reply(status=500)))
    started = await start(api, mia)
    failed = await api.frames(events_of(started))
    assert failed[-1].type == "error"
    storyteller.script(prose=[])
    _, begun = await carry_on(api, started)
    frames = await api.frames(events_of(begun))
    assert frames[-1].type == "complete"
    assert text_of(frames).startswith(text_of(failed))


async def test_a_chapter_that_was_not_right_for_the_child_cannot_be_carried_on(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(judge=[GRAVE] * 3)
    started = await start(api, mia)
    assert (await api.frames(events_of(started)))[-1].data["code"] == "SAFETY_REJECTED"
    status, problem = await carry_on(api, started)
    assert (status, problem["code"]) == (409, "WRONG_PLACE")
    status, state = await discard(api, started)
    assert (status, state["text"]) == (200, "")


async def test_what_is_being_written_is_neither_carried_on_nor_discarded(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    hold = Hold(after=20)
    storyteller.script(prose=[Reply(hold=hold)])
    started = await start(api, mia)
    await hold.reached.seen()
    assert (await carry_on(api, started))[1]["id"] == started["id"]
    status, problem = await discard(api, started)
    assert (status, problem["code"]) == (409, "WRONG_PLACE")
    assert "stop it first" in problem["detail"]


async def test_what_is_finished_is_neither_carried_on_nor_discarded(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    started = await start(api, mia)
    await api.frames(events_of(started))
    assert (await carry_on(api, started))[0] == 409
    assert (await discard(api, started))[0] == 409
    assert await Chapter.objects.acount() == 1


async def test_where_the_story_has_gone_on_nothing_is_carried_on_or_discarded(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done, state = await stopped_second(api, mia, storyteller)
    wish = {"session_id": done["session_id"], "choice_id": done["choices"][1]["id"]}
    await api.frames(events_of(await start(api, mia, **wish)))
    assert (await carry_on(api, state))[0] == 409
    assert (await discard(api, state))[0] == 409
    _, kept, _ = await api.call("GET", f"/generations/{state['id']}")
    assert kept["text"] == state["text"]


async def test_an_older_try_is_neither_carried_on_nor_discarded(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    once = await stopped_first(api, mia, storyteller)
    storyteller.script(prose=[Reply(hold=Hold(after=60))])
    again = await start(api, mia, session_id=once["session_id"])
    await stopped(api, storyteller, again)
    assert again["id"] != once["id"]
    assert (await carry_on(api, once))[0] == 409
    assert (await discard(api, once))[0] == 409


async def test_a_discarded_chapter_leaves_its_place_free_and_no_text(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done, state = await stopped_second(api, mia, storyteller)
    status, gone = await discard(api, state)
    assert (status, gone["status"], gone["text"]) == (200, "stopped", "")
    assert gone["error"]["code"] == "CANCELLED"
    assert await discard(api, state) == (200, gone)
    assert not await GenerationEvent.objects.filter(generation=state["id"]).aexists()
    _, session, _ = await api.call("GET", f"/sessions/{done['session_id']}")
    assert (session["choices"], session["current_chapter"]) == ([], 1)
    assert not await Decision.objects.aexists()
    assert (await carry_on(api, state))[0] == 409
    wish = {"session_id": done["session_id"], "choice_id": done["choices"][1]["id"]}
    frames = await api.frames(events_of(await start(api, mia, **wish)))
    assert (frames[-1].type, frames[-1].data["currentChapter"]) == ("complete", 2)


async def test_a_reader_of_a_discarded_chapter_is_told_how_it_ended(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    state = await stopped_first(api, mia, storyteller)
    await discard(api, state)
    frames = await api.frames(events_of(state))
    assert order(frames) == [("workflow", "started"), ("workflow", "failed"), ("error", "")]
    assert frames[-1].data == state["error"]
    old = f"{state['id'].replace('-', '')}-2"
    again = await api.frames(events_of(state), Last_Event_ID=old)
    assert (again[0].data["reason"], again[1].data["chunk"]) == ("resync", "")
    assert again[-1] == frames[-1]
    for end in (state["cursor"], frames[-1].id):
        status, _, _ = await api.call("GET", events_of(state), Last_Event_ID=end)
        assert status == 204


async def test_a_discarded_first_chapter_takes_its_story_out_of_the_library(
    api: Client, alice: User, mia: Child, storyteller: OllamaServer
) -> None:
    state = await stopped_first(api, mia, storyteller)
    await discard(api, state)
    assert (await Story.objects.aget()).discarded_at is not None
    wish = {"child_id": str(mia.pk), "session_id": state["session_id"]}
    status, problem, _ = await api.call("POST", "/generations", wish)
    assert (status, problem["code"]) == (409, "WRONG_PLACE")

    browser = AsyncClient()
    await browser.aforce_login(alice)
    path = f"/read/{state['session_id']}/"
    assert path not in (await browser.get("/")).content.decode()
    read = await browser.get(path)
    assert (read.status_code, read["Location"]) == (302, f"/children/{mia.pk}/new-story/")
    assert not await library.stories_of(mia).aexists()


async def test_carrying_on_and_discarding_are_the_familys_own(
    api: Client, mia: Child, charlie: User, storyteller: OllamaServer
) -> None:
    state = await stopped_first(api, mia, storyteller)
    stranger = Client(charlie)
    assert (await carry_on(stranger, state))[0] == 403
    assert (await discard(stranger, state))[0] == 403
    assert await Generation.objects.acount() == 1


async def test_a_chapter_is_not_carried_on_without_a_storyteller(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Any
) -> None:
    state = await stopped_first(api, mia, storyteller)
    settings.LLM_PROVIDER = "openai"
    status, _ = await carry_on(api, state)
    assert status == 503
    assert await Generation.objects.acount() == 1
