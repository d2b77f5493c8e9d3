"""The three ways of writing a chapter, and taking one up again."""

import re
from itertools import pairwise

import pytest

from stories.vocabulary.languages import stand_ins
from stories.workflow.plan import plan_chapter
from stories.workflow.prompts.spine import spine
from stories.workflow.resources import ModelProfile, Writing
from stories.workflow.steps import Approved
from testkit.hosts import endless
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import GENTLE, Reading, a_brief, a_path, tools_for


async def test_beats_are_one_conversation_that_only_grows(ollama: OllamaServer) -> None:
    brief = a_brief()
    await Reading().of(brief, tools_for(ollama, brief, writing="beats"))
    calls = ollama.calls_for("prose")
    assert len(calls) == 5
    for earlier, later in pairwise(calls):
        assert later.messages[: len(earlier.messages)] == earlier.messages
        assert len(later.messages) == len(earlier.messages) + 2


async def test_each_beat_is_a_paragraph_of_a_few_sentences(ollama: OllamaServer) -> None:
    ollama.script(prose=lambda _: endless("Robin counted star number {n}. "))
    brief = a_brief(age=4)
    draft = (await Reading().of(brief, tools_for(ollama, brief, writing="beats"))).draft
    paragraphs = draft.text.split("\n\n")
    assert len(paragraphs) == 5
    assert all(paragraph.count(".") <= 4 for paragraph in paragraphs)
    for call in ollama.calls_for("prose"):
        await call.disconnected.seen()


async def test_a_beat_that_stays_empty_is_left_out(ollama: OllamaServer) -> None:
    ollama.script(prose=[GENTLE, "", "", "The fox danced home in the moonlight."])
    brief = a_brief(age=4)
    draft = (await Reading().of(brief, tools_for(ollama, brief, writing="beats"))).draft
    assert draft.text.startswith(f"{GENTLE}\n\nThe fox danced home in the moonlight.")


@pytest.mark.parametrize("language", ["en", "es", "he"])
@pytest.mark.parametrize("chapter", [1, 2, 3])
async def test_a_spine_is_a_whole_story_in_its_language_without_the_model(
    ollama: OllamaServer, language: str, chapter: int
) -> None:
    ollama.script(prose=lambda _: "")
    path = a_path(chapter - 1, choice="✓ 12")
    place = {"chapter_number": chapter, "total_chapters": 3, "path": path, "theme": "12"}
    brief = a_brief(language=language, hero=stand_ins(language)[0], **place)
    resources = tools_for(ollama, brief, writing="spine", judges=False, structures=False)
    reading = await Reading().of(brief, resources)
    assert reading.held == []
    assert reading.draft.text == "\n\n".join(spine(brief))
    assert len(reading.draft.choices) == (0 if brief.is_ending else 3)


async def test_one_sentence_of_the_model_joins_each_of_the_spine(ollama: OllamaServer) -> None:
    brief = a_brief()
    lines = spine(brief)
    verbs = ["sparkled", "glittered", "hummed", "wobbled", "danced"]
    added = [
        f"Their {max(re.findall(r'[a-z]+', line), key=len)} {verb}."
        for line, verb in zip(lines, verbs, strict=True)
    ]
    ollama.script(prose=[f"{sentence} And more." for sentence in added])
    resources = tools_for(ollama, brief, writing="spine", judges=False, structures=False)
    draft = (await Reading().of(brief, resources)).draft
    told = [f"{line} {sentence}" for line, sentence in zip(lines, added, strict=True)]
    assert draft.text == "\n\n".join(told)
    assert [call.messages[-1]["content"] for call in ollama.calls] == lines


@pytest.mark.parametrize(
    "chatter",
    [
        "I will make it shorter.",
        "That was the first sentence of the story about Robin.",
        "The cat was looking at the mouse.",
        "And Robin went on and on and on and on and on and on and on and on and on for ever.",
    ],
)
async def test_what_does_not_belong_is_left_out_of_a_spine(
    ollama: OllamaServer, chatter: str
) -> None:
    ollama.script(prose=chatter)
    brief = a_brief()
    resources = tools_for(ollama, brief, writing="spine", judges=False, structures=False)
    assert (await Reading().of(brief, resources)).draft.text == "\n\n".join(spine(brief))


async def test_a_quotation_mark_that_went_astray_comes_home(ollama: OllamaServer) -> None:
    ollama.script(prose='"Look at this! " Robin laughed. "It shines. "')
    brief = a_brief()
    draft = (await Reading().of(brief, tools_for(ollama, brief))).draft
    assert draft.text == '"Look at this!" Robin laughed. "It shines."'


async def test_a_small_model_that_goes_round_in_circles_is_not_followed(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=GENTLE)
    brief = a_brief()
    draft = (await Reading().of(brief, tools_for(ollama, brief, writing="beats"))).draft
    assert draft.text == GENTLE


async def test_a_small_model_that_recites_its_examples_is_not_shown(ollama: OllamaServer) -> None:
    brief = a_brief()
    recited = "The key was smaller than a fingernail, and it hummed."
    ollama.script(prose=[f"{GENTLE} {recited}"])
    draft = (await Reading().of(brief, tools_for(ollama, brief, writing="beats"))).draft
    assert recited in ollama.calls[0].prompt
    assert recited not in draft.text


async def test_speech_that_was_cut_short_is_closed(ollama: OllamaServer) -> None:
    ollama.script(prose=lambda _: endless('"Look {n}! ' + "What a day! " * 300))
    brief = a_brief(age=4)
    reading = await Reading().of(brief, tools_for(ollama, brief, writing="beats"))
    assert reading.text == reading.draft.text
    assert all(paragraph.count('"') == 2 for paragraph in reading.text.split("\n\n"))


async def test_what_does_not_pass_is_left_out_of_a_spine(ollama: OllamaServer) -> None:
    ollama.script(prose="Robin killed them.")
    brief = a_brief()
    resources = tools_for(ollama, brief, writing="spine", judges=False, structures=False)
    reading = await Reading().of(brief, resources)
    assert reading.draft.text == "\n\n".join(spine(brief))
    assert {held.text for held in reading.held} == {"Robin killed them."}


@pytest.mark.parametrize("writing", ["prose", "beats", "spine"])
async def test_a_chapter_is_taken_up_where_an_earlier_run_died(
    ollama: OllamaServer, writing: Writing
) -> None:
    brief = a_brief()
    resources = tools_for(ollama, brief, writing=writing, judges=False, structures=False)
    whole = await Reading().of(brief, resources)
    shown = "".join(content.chunk for content in whole.all(Approved)[:4])
    resumed = await Reading().of(brief, resources, approved=shown)
    assert resumed.draft.text == shown + resumed.text
    assert resumed.draft.text.count(shown) == 1
    assert any(
        shown in message["content"] and message["role"] == "assistant"
        for message in ollama.calls[-1].messages
    )


def test_beats_that_are_written_are_not_planned_again() -> None:
    brief = a_brief()
    profile = ModelProfile("small", 2048, ("en",), "beats", judges=False, structures=False)
    four_beats = "\n\n".join(["They walked on. " * 6] * 4)
    assert len(plan_chapter(brief, profile, "", is_rewrite=False).turns) == 5
    assert len(plan_chapter(brief, profile, four_beats, is_rewrite=False).turns) == 1


def test_the_beats_of_a_hebrew_text_are_counted_by_its_own_sentence_ends() -> None:
    brief = a_brief(language="he", hero="נועם")
    profile = ModelProfile("small", 2048, ("he",), "beats", judges=False, structures=False)
    four_beats = "\n\n".join(["הם הלכו הלאה\u05c3 " * 6] * 4)
    assert len(plan_chapter(brief, profile, four_beats, is_rewrite=False).turns) == 1


async def test_a_small_models_sentences_are_put_together_to_paragraphs(
    ollama: OllamaServer,
) -> None:
    told = (
        "Robin found a lantern.\n\nIt shone on the path.\n\n"
        '"Look," said the owl.\n\nThe lantern was old and green, and it smelled of apples and of '
        "rain, and of the sea.\n\nThen they went on."
    )
    ollama.script(prose=[told])
    brief = a_brief()
    reading = await Reading().of(brief, tools_for(ollama, brief, writing="beats"))
    first = reading.text.split("\n\n")
    assert first[0] == "Robin found a lantern. It shone on the path."
    assert first[1].startswith('"Look," said the owl. The lantern was old')
    assert first[2] == "Then they went on."
