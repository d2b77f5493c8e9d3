"""A chapter from its first event to its draft, with nothing going wrong."""

from typing import Any

from stories.workflow.graph import write_chapter
from stories.workflow.steps import Advanced, Approved, Judged, ModelUse, Noted, TextWhole
from testkit.hosts import Hold, ModelHost, Reply, at_random, characters
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import GENTLE, Reading, a_brief, a_path, resources_for

ORDER = [
    "workflow started",
    "generate_content started",
    "content",
    "generate_content completed",
    "safety_check started",
    "safety_check",
    "safety_check completed",
    "calculate_metrics started",
    "metadata",
    "calculate_metrics completed",
    "workflow completed",
    "draft",
]


async def test_a_chapter_comes_in_the_order_of_the_contract(any_host: ModelHost[Any]) -> None:
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert reading.order == ORDER
    assert [call.kind for call in any_host.calls] == ["prose", "judge", "structured"]
    assert reading.draft.choices


async def test_the_chunks_are_the_text_byte_for_byte_however_they_were_cut(
    ollama: OllamaServer,
) -> None:
    brief = a_brief()
    texts = set()
    for cut in (characters, at_random(1), at_random(2)):
        ollama.cut = cut
        reading = await Reading().of(brief, resources_for(ollama, brief))
        assert reading.text == reading.draft.text
        texts.add(reading.text)
    assert len(texts) == 1
    assert "\n\n" in texts.pop()


async def test_the_text_is_whole_once_and_after_its_last_piece(ollama: OllamaServer) -> None:
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    pieces = reading.all(Approved, TextWhole)
    assert [type(piece) for piece in pieces] == [Approved] * (len(pieces) - 1) + [TextWhole]


async def test_a_sentence_is_shown_while_the_model_writes_the_next(ollama: OllamaServer) -> None:
    hold = Hold(after=6)  # the first sentence, and two words more
    ollama.script(prose=Reply(GENTLE, hold=hold))
    brief = a_brief()
    reading = Reading()
    async for step in write_chapter(brief, resources_for(ollama, brief)):
        reading.steps.append(step)
        if isinstance(step, Approved) and not hold.released:
            assert reading.text == "Robin found a lantern."
            hold.release()
    assert reading.draft.text == GENTLE


async def test_what_is_measured_is_measured_in_the_text(ollama: OllamaServer) -> None:
    ollama.script(prose=GENTLE)
    brief = a_brief(reading_level="advanced")
    reading = await Reading().of(brief, resources_for(ollama, brief))
    (noted,) = reading.all(Noted)
    measures = noted.draft.measures
    assert (measures.word_count, measures.reading_minutes) == (13, 1)
    assert measures.level == "beginner"
    assert noted.draft == reading.draft


async def test_each_call_of_a_model_is_accounted_for(ollama: OllamaServer) -> None:
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    uses = reading.all(ModelUse)
    assert [use.step for use in uses] == ["generate_content", "safety_check", "calculate_metrics"]
    assert all(use.prompt_tokens and use.completion_tokens for use in uses)
    assert len(ollama.calls) == len(uses)


async def test_progress_never_falls_and_speaks_to_a_parent(ollama: OllamaServer) -> None:
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    progress = reading.all(Advanced)
    percents = [event.percent for event in progress]
    assert percents == sorted(percents)
    assert percents[-1] < 100
    assert [*dict.fromkeys(event.stage for event in progress)] == [
        "Thinking up the next part",
        "Writing",
        "Checking it",
        "Nearly there",
    ]


async def test_the_last_chapter_is_an_ending_without_a_choice(ollama: OllamaServer) -> None:
    brief = a_brief(chapter_number=3, total_chapters=3, path=a_path(2))
    draft = (await Reading().of(brief, resources_for(ollama, brief))).draft
    assert draft.choices == ()
    assert draft.question == ""
    call, *_ = ollama.calls_for("prose")
    assert "the last chapter" in call.prompt
    (asked,) = ollama.calls_for("structured")
    assert asked.schema is not None
    assert "choices" not in asked.schema["properties"]


async def test_a_title_that_was_asked_for_is_honoured(ollama: OllamaServer) -> None:
    brief = a_brief(title="The Lantern Fox")
    draft = (await Reading().of(brief, resources_for(ollama, brief))).draft
    assert draft.title == "The Lantern Fox"
    assert "The Lantern Fox" in ollama.calls_for("prose")[0].prompt


async def test_no_judgement_and_no_notes_are_asked_of_a_model_that_cannot_give_them(
    ollama: OllamaServer,
) -> None:
    brief = a_brief()
    resources = resources_for(ollama, brief, judges=False, structures=False)
    reading = await Reading().of(brief, resources)
    assert reading.order == ORDER
    assert len(ollama.calls) == 1
    (judged,) = reading.all(Judged)
    assert judged.judgement.approved
    assert set(reading.draft.used_defaults) >= {"title", "question", "choices", "summary"}
