"""Held-back text never reaches a reader, and no shown word is taken back for it."""

from dataclasses import replace
from typing import Any

import pytest

from stories.vocabulary.errors import SafetyRejected
from stories.workflow.steps import HeldBack, Judged, NodeStatus, RewriteStarted
from testkit.hosts import ModelHost, Quirk, Reply, endless
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import GENTLE, QUICK, UNSAFE, Reading, a_brief, resources_for

AFTERWARDS = "The fox danced home in the moonlight."
NEARLY = "A spider waved."
KINDER = "A ladybird waved."
STOPPED = {"problem": "fear", "weight": 3, "reason": "It stays dark."}


@pytest.mark.parametrize("cut_at", range(1, len(UNSAFE)))
async def test_an_unsafe_sentence_is_in_no_event_wherever_the_model_cuts_it(
    ollama: OllamaServer, cut_at: int
) -> None:
    tokens = [f"{GENTLE} ", UNSAFE[:cut_at], UNSAFE[cut_at:], " And more."]
    ollama.script(prose=[Reply(tokens=tokens), AFTERWARDS])
    brief = a_brief()
    reading = await Reading().of(
        brief, resources_for(ollama, brief, judges=False, structures=False)
    )
    for word in ("killed", "gun"):
        assert word not in reading.shown
    assert [held.text for held in reading.held] == [UNSAFE]


async def test_a_hard_hit_goes_on_from_what_is_shown_and_withdraws_nothing(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=[f"{GENTLE} {UNSAFE}", AFTERWARDS])
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.text == f"{GENTLE} {AFTERWARDS}"
    assert reading.all(RewriteStarted) == []
    (held,) = reading.held
    assert (held.attempt, held.field, held.replacement) == (1, "prose", "")


async def test_the_next_try_is_told_what_to_keep_away_from_and_not_the_words(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=[f"{GENTLE} {UNSAFE}", AFTERWARDS])
    brief = a_brief()
    await Reading().of(brief, resources_for(ollama, brief))
    retold = ollama.calls_for("prose")[1]
    assert [message["role"] for message in retold.messages][-3:] == ["user", "assistant", "user"]
    assert retold.messages[-2]["content"] == GENTLE
    assert "without weapons" in retold.messages[-1]["content"]
    assert "killed" not in retold.prompt


async def test_the_model_is_left_at_once_when_a_try_ends(ollama: OllamaServer) -> None:
    ollama.script(prose=[endless(f"{UNSAFE} On and on {{n}}. "), AFTERWARDS])
    brief = a_brief()
    await Reading().of(brief, resources_for(ollama, brief))
    await ollama.calls[0].disconnected.seen()


async def test_thoughts_of_which_only_their_end_tells_reach_nobody(
    any_host: ModelHost[Any],
) -> None:
    any_host.quirks.add(Quirk.THINK_TAIL, kinds={"prose"})
    any_host.script(prose=GENTLE)
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert reading.draft.text == GENTLE
    assert reading.held == []


async def test_after_two_new_starts_the_story_ends(ollama: OllamaServer) -> None:
    ollama.script(prose=f"{GENTLE} {UNSAFE}")
    brief = a_brief()
    reading = Reading()
    with pytest.raises(SafetyRejected):
        await reading.of(brief, resources_for(ollama, brief))
    assert len(ollama.calls) == 3
    assert [held.attempt for held in reading.held] == [1, 2, 3]
    assert reading.order[-2:] == ["generate_content failed", "workflow failed"]


async def test_what_a_family_wants_left_out_is_left_out_and_the_story_goes_on(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=f"{GENTLE}\n\nA spider waved. {AFTERWARDS}", rewording="")
    brief = a_brief(avoid=("spiders",))
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.text == f"{GENTLE}\n\n{AFTERWARDS}"
    assert [held.text for held in reading.held] == ["A spider waved."]
    assert len(ollama.calls_for("prose")) == 1


async def test_a_sentence_that_nearly_passed_is_worded_anew_in_its_place(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=f"{GENTLE}\n\n{NEARLY} {AFTERWARDS}", rewording=f"{KINDER} And more.")
    brief = a_brief(avoid=("spiders",))
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.text == reading.text == f"{GENTLE}\n\n{KINDER} {AFTERWARDS}"
    (held,) = reading.held
    assert (held.text, held.replacement, held.verdict.category) == (NEARLY, KINDER, "family")
    (call,) = ollama.calls_for("rewording")
    assert f"<before>\n{GENTLE}\n</before>" in call.prompt
    assert f"<sentence>{NEARLY}</sentence>" in call.prompt


@pytest.mark.parametrize("worse", [UNSAFE, "The spider danced."])
async def test_another_wording_that_does_not_pass_either_is_left_out(
    ollama: OllamaServer, worse: str
) -> None:
    ollama.script(prose=f"{GENTLE} {NEARLY} {AFTERWARDS}", rewording=worse)
    brief = a_brief(avoid=("spiders",))
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.text == f"{GENTLE} {AFTERWARDS}"
    assert worse not in reading.shown
    assert [(held.text, held.replacement) for held in reading.held] == [(worse, ""), (NEARLY, "")]


async def test_the_same_wording_again_is_kept_for_staff_once(ollama: OllamaServer) -> None:
    ollama.script(prose=f"{GENTLE} {NEARLY} {AFTERWARDS}", rewording=NEARLY)
    brief = a_brief(avoid=("spiders",))
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.text == f"{GENTLE} {AFTERWARDS}"
    assert [(held.text, held.replacement) for held in reading.held] == [(NEARLY, "")]


@pytest.mark.parametrize(
    "fault",
    [Reply(hang_after=0), Reply(cut_after=0), Reply(status=500), Reply(""), Reply("* * *")],
    ids=["silent", "cut", "down", "empty", "no prose"],
)
async def test_where_no_other_wording_comes_the_sentence_is_left_out(
    ollama: OllamaServer, fault: Reply
) -> None:
    ollama.script(prose=f"{GENTLE} {NEARLY} {AFTERWARDS}", rewording=fault)
    brief = a_brief(avoid=("spiders",))
    timeouts = replace(QUICK, first_token_seconds=0.3)
    reading = await Reading().of(brief, resources_for(ollama, brief, timeouts=timeouts))
    assert reading.draft.text == f"{GENTLE} {AFTERWARDS}"
    assert [held.replacement for held in reading.held] == [""]


async def test_what_two_sentences_make_unsafe_together_is_held_back(ollama: OllamaServer) -> None:
    ollama.script(prose=["You may call 555. 123-4567 is the number.", AFTERWARDS])
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert "4567" not in reading.shown


async def test_a_chapter_that_is_not_approved_is_written_again(ollama: OllamaServer) -> None:
    ollama.script(prose=[GENTLE, AFTERWARDS], judge=[STOPPED])
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.order[4:13] == [
        "safety_check started",
        "safety_check",
        "safety_check completed",
        "enhance_content started",
        "content_reset",
        "content",
        "enhance_content completed",
        "safety_check started",
        "safety_check",
    ]
    assert reading.text == reading.draft.text == AFTERWARDS
    assert [judged.judgement.approved for judged in reading.all(Judged)] == [False, True]
    assert "more frightening" in ollama.calls_for("prose")[1].prompt
    (held,) = reading.held
    assert (held.field, held.text) == ("chapter", GENTLE)


async def test_after_two_rewrites_in_vain_the_story_ends(ollama: OllamaServer) -> None:
    ollama.script(judge=STOPPED)
    brief = a_brief()
    reading = Reading()
    with pytest.raises(SafetyRejected):
        await reading.of(brief, resources_for(ollama, brief))
    assert [reset.attempt for reset in reading.all(RewriteStarted)] == [2, 3]
    assert len(ollama.calls_for("prose")) == 3
    assert reading.all(NodeStatus)[-1].node == "workflow"
    assert reading.all(NodeStatus)[-1].status == "failed"


async def test_every_part_of_the_notes_is_checked_and_replaced(ollama: OllamaServer) -> None:
    bad = "He stabbed him with a knife"
    ollama.script(
        prose=GENTLE,
        structured={
            "title": bad,
            "question": f"{bad}?",
            "choices": [{"text": bad, "description": "Oh."}, {"text": "Sing", "description": bad}],
            "vocabulary": [{"word": "lantern", "meaning": bad}],
            "summary": f"{bad}.",
            "educational_elements": [bad],
        },
    )
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert "stabbed" not in reading.shown
    assert {held.field for held in reading.held} == {
        "title",
        "question",
        "choice",
        "vocabulary",
        "summary",
    }
    assert all(isinstance(held, HeldBack) for held in reading.held)
    assert 2 <= len(reading.draft.choices) <= 4
    assert reading.draft.question == "What should Robin do next?"
