"""Whatever a model host does, a chapter ends in a text or in the error that the contract names."""

import asyncio
from dataclasses import replace

import pytest

from stories.vocabulary.errors import (
    ContextTooLong,
    EmptyContent,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    StoryError,
)
from stories.workflow.graph import write_chapter
from stories.workflow.steps import Approved
from testkit.hosts import Hold, Reply, cold, endless
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import (
    GENTLE,
    QUICK,
    Reading,
    a_brief,
    a_path,
    resources_for,
)

AFTERWARDS = "The fox danced home in the moonlight."
IMPATIENT = replace(QUICK, first_token_seconds=0.2, next_token_seconds=0.2, answer_seconds=0.2)


async def test_a_connection_cut_in_the_middle_is_gone_on_from(ollama: OllamaServer) -> None:
    ollama.script(prose=[Reply(GENTLE, cut_after=11), AFTERWARDS])
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.text == f"Robin found a lantern. It shone on the path. {AFTERWARDS}"
    again = ollama.calls_for("prose")[1]
    assert again.messages[-2]["content"] == "Robin found a lantern. It shone on the path."


async def test_a_host_that_always_cuts_is_given_up(ollama: OllamaServer) -> None:
    ollama.script(prose=Reply(GENTLE, cut_after=2))
    await _ends_in(ModelUnavailable, ollama, calls=4)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_host_that_answers_with_an_error_is_asked_again_and_given_up(
    ollama: OllamaServer, status: int
) -> None:
    ollama.script(prose=Reply(status=status))
    await _ends_in(ModelUnavailable, ollama, calls=4)


async def test_a_host_that_recovers_is_forgiven(ollama: OllamaServer) -> None:
    ollama.script(prose=[Reply(status=500), Reply(GENTLE, error_after=5), GENTLE])
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.text.startswith("Robin found a lantern.")


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_a_host_that_refuses_us_is_not_asked_again(ollama: OllamaServer, status: int) -> None:
    ollama.script(prose=Reply(status=status, error="unauthorized"))
    await _ends_in(ModelRefused, ollama, calls=1)


async def test_a_host_that_is_not_there_is_given_up(ollama: OllamaServer) -> None:
    ollama.stop()
    await _ends_in(ModelUnavailable, ollama, calls=0)


async def test_a_cold_model_is_waited_for(ollama: OllamaServer) -> None:
    ollama.script(prose=[cold(), cold(), GENTLE])
    brief = a_brief()
    assert (await Reading().of(brief, resources_for(ollama, brief))).draft.text == GENTLE


async def test_a_model_that_never_warms_up_is_given_up(ollama: OllamaServer) -> None:
    ollama.script(prose=lambda _: cold())
    await _ends_in(ModelUnavailable, ollama, calls=4)


async def test_no_text_at_all_is_asked_for_once_more(ollama: OllamaServer) -> None:
    ollama.script(prose=["", GENTLE])
    brief = a_brief()
    assert (await Reading().of(brief, resources_for(ollama, brief))).draft.text == GENTLE


@pytest.mark.parametrize("nothing", ["", "   \n", "<think>Shall I?</think>", "# Chapter One"])
async def test_no_text_twice_ends_the_story(ollama: OllamaServer, nothing: str) -> None:
    ollama.script(prose=nothing)
    await _ends_in(EmptyContent, ollama, calls=2)


async def test_what_a_model_thinks_is_not_shown(ollama: OllamaServer) -> None:
    ollama.script(prose=f"<think>The user wants a fox. Hmm.</think>\n\n{GENTLE}")
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.text == GENTLE
    assert "Hmm" not in reading.shown


async def test_prose_that_never_ends_is_ended_after_a_whole_sentence(ollama: OllamaServer) -> None:
    ollama.script(prose=endless())
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.text.endswith(".")
    assert 200 < reading.draft.measures.word_count < 500
    await ollama.calls[0].disconnected.seen()


async def test_thoughts_that_never_end_are_ended(ollama: OllamaServer) -> None:
    ollama.script(prose=lambda _: endless("<think>hmm {n} " * 20))
    await _ends_in(EmptyContent, ollama, calls=2)


@pytest.mark.parametrize("hang_after", [0, 5])
async def test_a_host_that_falls_silent_is_not_waited_for(
    ollama: OllamaServer, hang_after: int
) -> None:
    ollama.script(prose=Reply(GENTLE, hang_after=hang_after))
    brief = a_brief()
    with pytest.raises(ModelTimeout):
        await Reading().of(brief, resources_for(ollama, brief, timeouts=IMPATIENT))
    await ollama.calls[0].disconnected.seen()


async def test_a_judge_that_fails_lets_nothing_pass(ollama: OllamaServer) -> None:
    ollama.script(judge=Reply(status=500))
    reading = await _ends_in(ModelUnavailable, ollama, calls=5)
    assert reading.order[-2:] == ["safety_check failed", "workflow failed"]


async def test_a_host_that_fails_in_each_step_has_a_few_tries_for_all_of_them(
    ollama: OllamaServer,
) -> None:
    ollama.script(
        prose=[Reply(status=500), GENTLE],
        judge=[Reply(status=500)],
        structured=Reply(status=500),
    )
    brief = a_brief()
    assert (await Reading().of(brief, resources_for(ollama, brief))).draft.text == GENTLE
    assert [call.kind for call in ollama.calls] == [
        *["prose"] * 2,
        *["judge"] * 2,
        *["structured"] * 2,
    ]


async def test_a_host_that_is_gone_after_the_text_costs_only_the_notes(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=GENTLE, structured=Reply(status=500))
    brief = a_brief()
    draft = (await Reading().of(brief, resources_for(ollama, brief))).draft
    assert draft.text == GENTLE
    assert "choices" in draft.used_defaults
    assert len(draft.choices) == 3


async def test_a_prompt_that_the_host_finds_too_long_says_so(ollama: OllamaServer) -> None:
    too_long = "the request exceeds the available context size"
    ollama.script(prose=Reply(status=400, error=too_long))
    await _ends_in(ContextTooLong, ollama, calls=1)


async def test_a_path_that_cannot_fit_is_refused_before_the_host_is_asked(
    ollama: OllamaServer,
) -> None:
    brief = a_brief(path=a_path(11, choice="x" * 290), chapter_number=12, total_chapters=12)
    with pytest.raises(ContextTooLong):
        await Reading().of(brief, resources_for(ollama, brief, context_tokens=1024))
    assert ollama.calls == []


async def test_a_host_with_less_context_than_it_was_configured_with_is_noted(
    ollama: OllamaServer, caplog: pytest.LogCaptureFixture
) -> None:
    brief = a_brief(path=a_path(3, words=400), chapter_number=4)
    resources = resources_for(ollama, brief)
    small = resources_for(ollama, brief, context_tokens=300)
    await Reading().of(brief, replace(resources, writer=small.writer))
    assert "less than it was sent" in caplog.text


async def test_closing_the_chapter_closes_the_models_connection(ollama: OllamaServer) -> None:
    hold = Hold(after=7)
    ollama.script(prose=Reply(GENTLE, hold=hold))
    brief = a_brief()
    chapter = write_chapter(brief, resources_for(ollama, brief))
    async for step in chapter:
        if isinstance(step, Approved):
            break
    await chapter.aclose()
    await ollama.calls[0].disconnected.seen(1.0)


@pytest.mark.parametrize("kind", ["prose", "judge", "structured"])
async def test_a_cancelled_chapter_leaves_the_model_whatever_it_was_doing(
    ollama: OllamaServer, kind: str
) -> None:
    hold = Hold(after=0)
    ollama.script(**{kind: Reply(hold=hold)})
    brief = a_brief()
    task = asyncio.ensure_future(Reading().of(brief, resources_for(ollama, brief)))
    await hold.reached.seen()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ollama.calls[-1].disconnected.seen(1.0)


async def _ends_in(error: type[StoryError], ollama: OllamaServer, *, calls: int) -> Reading:
    brief = a_brief()
    reading = Reading()
    with pytest.raises(error):
        await reading.of(brief, resources_for(ollama, brief))
    assert len(ollama.calls) == calls
    assert reading.order[-1] == "workflow failed"
    return reading
