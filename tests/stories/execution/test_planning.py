"""Planning on: after a chapter is read, for its own branch, and at nobody's cost."""

import json
import logging
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from children.models import Child
from stories.generations.briefs import brief_for
from stories.models import Chapter, Choice, Generation, SafetyFinding
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client
from tests.runs import settled
from tests.streams import choose, events_of, first_chapter, start

pytestmark = pytest.mark.django_db(transaction=True)


def plan(word: str, turns: int = 4) -> str:
    """A plan in which every line has this word."""
    line = f"The {word} lantern shines."
    fields = dict.fromkeys(("want", "obstacle", "find", "use", "refrain"), line)
    return json.dumps(fields | {"turns": [line] * turns})


def want_of(prompt: str) -> str:
    return prompt.partition("<want>")[2].partition("</want>")[0]


async def test_the_chapters_after_the_first_are_told_the_models_plan(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(plan=plan("golden"))
    done = await first_chapter(api, mia)
    await settled(goes_on=True)
    first = await Chapter.objects.aget()
    assert first.plan["want"] == "The golden lantern shines."
    assert first.plan_by is None
    await choose(api, done, done["choices"][0]["id"])
    assert len(storyteller.plans) == 1, "the plan is for the rest of the story"
    beginning, second = storyteller.calls_for("prose")
    assert want_of(beginning.prompt) == ""
    assert want_of(second.prompt) == "The golden lantern shines."
    assert "<turn>The golden lantern shines.</turn>" in second.prompt


async def test_its_costs_are_the_runs(api: Client, mia: Child, storyteller: OllamaServer) -> None:
    await first_chapter(api, mia)
    await settled()
    run = await Generation.objects.aget()
    calls = [*storyteller.calls, *storyteller.plans]
    assert run.prompt_tokens == sum(call.prompt_tokens for call in calls)
    assert "plan" in run.timings


async def test_nobody_waits_for_a_plan(api: Client, mia: Child, storyteller: OllamaServer) -> None:
    hold = Hold(after=0)
    storyteller.script(plan=[Reply(plan("golden"), hold=hold)])
    done = await first_chapter(api, mia)
    await hold.reached.seen()
    assert (await Chapter.objects.aget()).plan_by is not None
    second = await choose(api, done, done["choices"][0]["id"])
    assert second["currentChapter"] == 2
    assert not hold.released
    hold.release()
    await settled()
    first = await Chapter.objects.aget(number=1)
    assert first.plan["want"] == "The golden lantern shines."
    assert want_of(storyteller.calls_for("prose")[-1].prompt) == ""


async def test_a_plan_that_comes_too_late_is_dropped(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    hold = Hold(after=0)
    storyteller.script(plan=[Reply(plan("golden"), hold=hold)])
    await first_chapter(api, mia)
    await hold.reached.seen()
    await Chapter.objects.aupdate(plan_by=timezone.now())
    hold.release()
    await settled()
    assert (await Chapter.objects.aget()).plan == {}


async def test_a_host_that_fails_there_costs_nothing_but_the_plan(
    api: Client, mia: Child, storyteller: OllamaServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    storyteller.script(plan=[Reply(status=500)] * 4)
    done = await first_chapter(api, mia)
    await settled(goes_on=True)
    first = await Chapter.objects.aget()
    assert (first.plan, first.plan_by) == ({}, None)
    assert (await Generation.objects.aget()).status == "completed"
    assert "are not planned" in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    storyteller.script(plan=plan("velvet", 3))
    await choose(api, done, done["choices"][0]["id"])
    await settled()
    second = await Chapter.objects.aget(number=2)
    assert second.plan["want"] == "The velvet lantern shines.", "the next chapter tries again"


async def test_a_plan_made_in_one_branch_never_shows_in_another(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(plan=["no plan", plan("golden", 3), plan("velvet", 3)])
    done = await first_chapter(api, mia)
    await settled(goes_on=True)
    left, right = (option["id"] for option in done["choices"][:2])
    on_the_left = await choose(api, done, left)
    await settled(goes_on=True)
    on_the_right = await choose(api, done, right)
    await settled(goes_on=True)
    assert "golden" not in storyteller.calls_for("prose")[-1].prompt
    assert "golden" not in storyteller.plans[-1].prompt
    for branch, own, other in (
        (on_the_left, "golden", "velvet"),
        (on_the_right, "velvet", "golden"),
    ):
        told = await choose(api, branch, branch["choices"][0]["id"])
        assert told["currentChapter"] == 3
        prompt = storyteller.calls_for("prose")[-1].prompt
        assert want_of(prompt) == f"The {own} lantern shines."
        assert other not in prompt


async def test_a_line_that_does_not_pass_is_kept_for_staff_alone(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    unsafe = "The man kills everyone with a gun."
    answer = json.loads(plan("golden")) | {"obstacle": unsafe}
    storyteller.script(plan=json.dumps(answer))
    done = await first_chapter(api, mia)
    await settled(goes_on=True)
    assert (await Chapter.objects.aget()).plan["obstacle"] == ""
    finding = await SafetyFinding.objects.aget()
    assert (finding.field, finding.text) == ("plan", unsafe)
    await choose(api, done, done["choices"][0]["id"])
    assert unsafe not in storyteller.heard


async def test_a_story_of_one_chapter_needs_no_plan(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    await first_chapter(api, mia, total_chapters=1)
    await settled()
    assert storyteller.plans == []


async def test_a_small_model_is_not_asked_for_a_plan(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Any
) -> None:
    settings.OLLAMA_MODEL = "llama3.2:1b"
    storyteller.models[:] = ["llama3.2:1b"]
    await first_chapter(api, mia)
    await settled()
    assert storyteller.plans == []
    assert (await Chapter.objects.aget()).plan_by is None


async def test_whoever_waits_for_the_host_goes_before_a_plan(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Any
) -> None:
    settings.MAX_CONCURRENT = 1
    hold = Hold(after=20)
    storyteller.script(prose=[Reply(hold=hold)])
    first = await start(api, mia)
    await hold.reached.seen()
    second = await start(api, mia, theme="a boat in the bath")
    hold.release()
    await api.frames(events_of(first))
    await api.frames(events_of(second))
    await settled()
    assert len(storyteller.plans) == 1


async def test_the_brief_of_a_branch_has_its_newest_plan(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = await first_chapter(api, mia)
    await settled()
    await Chapter.objects.aupdate(plan={"want": "an old want", "odd": 1})
    related = Choice.objects.select_related("chapter__story__child")
    choice = await related.aget(pk=done["choices"][0]["id"])
    brief = await sync_to_async(brief_for)(choice.chapter.story, choice)
    assert brief.plan
    assert brief.plan.own
    assert brief.plan.own.want == "an old want"
