"""With a guard model, a paragraph is shown when the guard has passed it, and meanwhile the next one
is written."""

import asyncio
from contextlib import aclosing

import pytest

from stories.plotting.telling import planned
from stories.vocabulary.errors import ModelUnavailable, SafetyRejected
from stories.workflow.graph import write_chapter
from stories.workflow.resume import Resume
from stories.workflow.steps import Approved, HeldBack, ModelUse, RewriteStarted
from testkit.hosts import Call, Hold, Reply, in_turn
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import GENTLE, Reading, a_brief, resources_for

GUARD = "llama-guard3:1b"
SECOND = "The fox took it home. Everybody sang."
THIRD = "Then it was night. The stars came out."
TEXT = f"{GENTLE}\n\n{SECOND}\n\n{THIRD}"
DARK = "Nobody answered him any more. The well was deep and cold."


@pytest.fixture
def guarded(ollama: OllamaServer) -> OllamaServer:
    ollama.models += [GUARD, "granite3-guardian:2b"]
    return ollama


def stops(text: str, answer: str = "unsafe\nS1") -> object:
    """A guard that stops whatever holds the text as its last message."""

    def answered(call: Call) -> str:
        return answer if text in call.messages[-1]["content"] else "safe"

    return answered


async def test_each_paragraph_is_asked_about_with_the_sentences_before_it(
    guarded: OllamaServer,
) -> None:
    guarded.script(prose=TEXT)
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(guarded, brief, guard=GUARD))
    assert reading.text == reading.draft.text == TEXT
    asked = guarded.calls_for("guard")[:3]
    assert [call.messages[-1]["content"] for call in asked] == [GENTLE, SECOND, THIRD]
    assert GENTLE in asked[1].messages[0]["content"]
    assert SECOND in asked[2].messages[0]["content"]
    assert reading.draft.safety.layers == ("rules", "classifier", "guard", "judge")


async def test_nothing_is_shown_before_the_guard_has_passed_it_and_the_writing_goes_on(
    guarded: OllamaServer,
) -> None:
    guard, end = Hold(after=0), Hold(after=60)
    guarded.script(prose=Reply(TEXT, hold=end), guard=[Reply("safe", hold=guard)])
    brief = a_brief()
    shown: list[str] = []

    async def read() -> None:
        async for step in write_chapter(brief, resources_for(guarded, brief, guard=GUARD)):
            shown.extend([step.chunk] if isinstance(step, Approved) else [])

    reading = asyncio.ensure_future(read())
    await guard.reached.seen()
    await end.reached.seen()
    assert shown == [], "the model has written to the end, and the guard has said nothing"
    guard.release()
    end.release()
    await reading
    assert "".join(shown) == TEXT


async def test_a_paragraph_that_the_guard_stops_is_never_shown_and_the_story_goes_on_before_it(
    guarded: OllamaServer,
) -> None:
    paragraphs = [GENTLE, DARK, SECOND]
    guarded.script(
        prose=["\n\n".join(paragraphs), THIRD],
        guard=stops(DARK),  # type: ignore[arg-type]
    )
    brief = a_brief(age=4)
    reading = await Reading().of(brief, resources_for(guarded, brief, guard=GUARD))
    assert reading.draft.text.startswith(f"{GENTLE}\n\n")
    assert reading.text == reading.draft.text
    assert "well was deep" not in reading.shown
    assert reading.all(RewriteStarted) == []
    (held,) = reading.held
    assert (held.text, held.field, held.verdict.rule) == (DARK, "prose", "llama_guard.violence")
    assert held.ahead == "\n\n"
    assert held.verdict.layers == ("rules", "classifier", "guard")
    last = guarded.calls_for("prose")[-1]
    assert "well was deep" not in last.prompt


async def test_a_paragraph_of_the_plan_that_the_guard_stops_is_left_out(
    guarded: OllamaServer,
) -> None:
    brief = a_brief(age=4)
    leads = [beat.lead for beat in planned(brief).beats]
    guarded.script(prose="", guard=stops(leads[2]))  # type: ignore[arg-type]
    resources = resources_for(guarded, brief, writing="beats", guard=GUARD)
    reading = await Reading().of(brief, resources)
    assert reading.draft.text == "\n\n".join([*leads[:2], *leads[3:]])
    assert [held.text for held in reading.held] == [leads[2]]


async def test_what_was_written_after_a_stopped_paragraph_goes_with_it(
    guarded: OllamaServer,
) -> None:
    guarded.script(
        prose=[f"{GENTLE}\n\n{DARK}\n\n{SECOND}", THIRD],
        guard=stops(DARK),  # type: ignore[arg-type]
    )
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(guarded, brief, guard=GUARD))
    assert reading.draft.text == f"{GENTLE}\n\n{THIRD}"


async def test_what_is_held_back_while_paragraphs_wait_has_its_place_behind_them(
    guarded: OllamaServer,
) -> None:
    hold = Hold(after=0)
    rude = "He had a gun and blood was everywhere."
    guarded.script(prose=[f"{GENTLE}\n\n{SECOND} {rude}", THIRD], guard=[Reply("safe", hold=hold)])
    brief = a_brief()
    shown = ""
    async for step in write_chapter(brief, resources_for(guarded, brief, guard=GUARD)):
        if isinstance(step, HeldBack):
            assert (step.text, shown + step.ahead) == (rude, f"{GENTLE}\n\n{SECOND}")
            hold.release()
        shown += step.chunk if isinstance(step, Approved) else ""
    assert shown.startswith(f"{GENTLE}\n\n{SECOND}")


async def test_after_two_new_starts_that_the_guard_stops_the_story_ends(
    guarded: OllamaServer,
) -> None:
    guarded.script(prose=TEXT, guard="unsafe\nS10")
    brief = a_brief()
    reading = Reading()
    with pytest.raises(SafetyRejected):
        await reading.of(brief, resources_for(guarded, brief, guard=GUARD))
    assert reading.text == ""
    assert [held.attempt for held in reading.held] == [1, 2, 3]


async def test_a_long_paragraph_is_asked_about_in_parts(guarded: OllamaServer) -> None:
    long = " ".join(f"They counted {n} bright stars over the hill." for n in range(40))
    guarded.script(prose=long)
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(guarded, brief, guard=GUARD))
    assert reading.draft.text == long
    assert len(guarded.calls_for("guard")) >= 3


async def test_what_waited_for_the_guard_at_a_crash_is_written_again(
    guarded: OllamaServer,
) -> None:
    hold = Hold(after=0)
    guarded.script(prose=[TEXT, f"{SECOND}\n\n{THIRD}"], guard=["safe", Reply("safe", hold=hold)])
    brief = a_brief()
    resources = resources_for(guarded, brief, guard=GUARD)
    shown = ""
    async with aclosing(write_chapter(brief, resources)) as steps:
        async for step in steps:
            shown += step.chunk if isinstance(step, Approved) else ""
            if shown == GENTLE:
                await hold.reached.seen()
                break
    reading = Reading()
    async for step in write_chapter(brief, resources, resume=Resume(shown)):
        reading.steps.append(step)
    assert shown + reading.text == reading.draft.text == TEXT


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=500),
        Reply(cut_after=0),
        Reply(hang_after=0),
        Reply(""),
        Reply("This is a lovely story, and safe."),
        Reply("safe unsafe"),
        Reply("unsafeS1"),
        Reply("{}"),
    ],
    ids=["down", "cut", "slow", "empty", "prose", "both", "glued", "json"],
)
async def test_a_guard_that_gives_no_verdict_shows_nothing_unless_it_is_advisory(
    guarded: OllamaServer, fault: Reply
) -> None:
    guarded.script(prose=TEXT, guard=lambda _: fault)
    brief = a_brief()
    reading = Reading()
    with pytest.raises(ModelUnavailable):
        await reading.of(brief, resources_for(guarded, brief, guard=GUARD, guard_seconds=0.3))
    assert reading.text == ""
    assert {held.verdict.rule for held in reading.held} == {"guard.failed"}
    resources = resources_for(guarded, brief, guard=GUARD, guard_seconds=0.3, is_advisory=True)
    assert (await Reading().of(brief, resources)).draft.text == TEXT


async def test_what_an_advisory_guard_finds_counts(guarded: OllamaServer) -> None:
    guarded.script(prose=TEXT, guard="unsafe\nS1")
    brief = a_brief()
    reading = Reading()
    with pytest.raises(SafetyRejected):
        await reading.of(brief, resources_for(guarded, brief, guard=GUARD, is_advisory=True))
    assert reading.text == ""


async def test_a_guard_that_recovers_is_forgiven(guarded: OllamaServer) -> None:
    guarded.script(prose=TEXT, guard=[Reply(status=500), Reply("Hm.")])
    brief = a_brief()
    reading = Reading()
    await reading.of(brief, resources_for(guarded, brief, guard=GUARD))
    assert reading.draft.text == TEXT


@pytest.mark.parametrize("guard", ["granite3-guardian:2b", "story"])
async def test_other_guards_are_asked_in_their_own_way(guarded: OllamaServer, guard: str) -> None:
    answers = {"story": {"problem": "frightening"}, "granite3-guardian:2b": "Yes"}

    def answered(call: Call) -> object:
        is_dark = DARK in call.messages[-1]["content"]
        return answers[guard] if is_dark else None

    guarded.script(prose=[f"{GENTLE}\n\n{DARK}", THIRD], guard=answered)  # type: ignore[arg-type]
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(guarded, brief, guard=guard))
    assert reading.draft.text == f"{GENTLE}\n\n{THIRD}"
    assert "well was deep" not in reading.shown


async def test_the_guards_calls_are_accounted_for(guarded: OllamaServer) -> None:
    guarded.script(prose=GENTLE)
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(guarded, brief, guard=GUARD))
    steps = [use.step for use in reading.all(ModelUse)]
    assert steps.count("generate_content") == 2


async def test_a_title_that_was_asked_for_is_shown_to_the_guard_too(
    guarded: OllamaServer,
) -> None:
    guarded.script(prose=TEXT, guard=stops("Cold Well"))  # type: ignore[arg-type]
    brief = a_brief(title="The Cold Well")
    reading = await Reading().of(brief, resources_for(guarded, brief, guard=GUARD))
    assert reading.draft.title != "The Cold Well"


@pytest.mark.parametrize("fault", [Reply(status=500), Reply(hang_after=0), Reply("Lovely!")])
async def test_a_guard_that_is_gone_by_then_costs_the_notes_and_not_the_chapter(
    guarded: OllamaServer, fault: Reply
) -> None:
    guarded.script(prose=GENTLE, guard=in_turn("safe", fault))
    brief = a_brief()
    reading = await Reading().of(
        brief, resources_for(guarded, brief, guard=GUARD, guard_seconds=0.3)
    )
    assert reading.draft.text == GENTLE
    assert {"title", "question", "choices", "summary"} <= {*reading.draft.used_defaults}


async def test_notes_that_the_guard_stops_are_replaced_by_words_of_ours(
    guarded: OllamaServer,
) -> None:
    guarded.script(
        prose=TEXT,
        structured={"title": "The Deep Cold Well", "question": "Who is down there?"},
        guard=stops("Cold Well"),  # type: ignore[arg-type]
    )
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(guarded, brief, guard=GUARD))
    assert "Cold Well" not in reading.shown
    assert reading.draft.question == "Who is down there?"
    assert reading.draft.used_defaults == ("title",)
    (held,) = reading.held
    assert (held.field, held.text) == ("title", "The Deep Cold Well")
