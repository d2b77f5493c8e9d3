"""The level loop: a storyteller that can heed it is told what its own text was like."""

import pytest

from children.profiles import ReadingLevel
from stories.vocabulary.brief import PastChapter, StoryBrief
from stories.workflow.asked import Asked
from stories.workflow.lengths import level_target
from stories.workflow.outcome import Kind, all_found_in
from stories.workflow.prompts.leveling import level_note
from stories.workflow.prompts.system import system_prompt
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import Reading, a_brief, resources_for

SHORT = "The fox sat down. " * 15
LONG = " ".join(
    f"The old fox sat on the green bank of the river and saw {many} boats come by with lights."
    for many in ("two", "three", "four", "five", "six")
)


def a_level(level: ReadingLevel, age: int = 7) -> StoryBrief:
    return a_brief(reading_level=level, age=age)


def after(brief: StoryBrief, text: str) -> StoryBrief:
    past = PastChapter(number=1, title="T", summary="S.", text=text)
    return brief.model_copy(update={"path": (past,), "chapter_number": 2})


@pytest.mark.parametrize("level", ReadingLevel)
@pytest.mark.parametrize("age", [4, 8, 12])
def test_the_system_prompt_says_how_long_sentences_are(level: ReadingLevel, age: int) -> None:
    brief = a_level(level, age)
    wanted = level_target(brief)
    told = system_prompt(brief)
    assert f"about {round(wanted.words)} words" in told
    assert f"more than {wanted.longest}" in told


def test_text_that_is_too_long_or_too_short_for_the_level_is_named() -> None:
    assert "at most 11 words a sentence" in level_note(a_level(ReadingLevel.BEGINNER), LONG)
    assert "too short" in level_note(a_level(ReadingLevel.ADVANCED), SHORT)
    assert level_note(a_level(ReadingLevel.BEGINNER), SHORT) == ""


def test_rare_words_are_named() -> None:
    rare = "The fox saw the quixotic zygote vex it. " * 10
    assert "everyday words" in level_note(a_level(ReadingLevel.BEGINNER), rare)


def test_little_text_is_judged_by_the_chapter_before() -> None:
    brief = a_level(ReadingLevel.BEGINNER)
    assert level_note(brief, "The fox sat down.") == ""
    assert "too long" in level_note(after(brief, LONG), "The fox sat down.")
    assert level_note(after(brief, LONG), SHORT) == ""


async def test_the_next_turn_is_told_what_the_text_so_far_was_like(ollama: OllamaServer) -> None:
    more = " ".join(f"The fox saw boat number {n}." for n in range(20))
    ollama.script(prose=[LONG, more])
    brief = a_level(ReadingLevel.BEGINNER)
    await Reading().of(brief, resources_for(ollama, brief, min_length_percent=60))
    first, second = ollama.calls_for("prose")
    assert "too long for this child" not in first.prompt
    assert "Write at most 11 words a sentence" in second.messages[-1]["content"]


async def test_the_next_chapter_is_told_what_the_last_one_was_like(ollama: OllamaServer) -> None:
    brief = after(a_level(ReadingLevel.BEGINNER), LONG)
    await Reading().of(brief, resources_for(ollama, brief))
    assert "too long for this child" in ollama.calls_for("prose")[0].prompt


async def test_a_small_model_is_not_told(ollama: OllamaServer) -> None:
    brief = after(a_level(ReadingLevel.BEGINNER), LONG)
    await Reading().of(brief, resources_for(ollama, brief, writing="beats"))
    assert all("too long" not in call.prompt for call in ollama.calls_for("prose"))


async def test_a_sentence_far_over_the_level_is_worded_anew(ollama: OllamaServer) -> None:
    endless = "The fox ran and " + "ran and " * 20 + "was gone."
    ollama.script(prose=[f"Robin found a lantern. {endless}"], rewording="The fox ran far away.")
    brief = a_level(ReadingLevel.BEGINNER)
    draft = (await Reading().of(brief, resources_for(ollama, brief))).draft
    assert draft.text == "Robin found a lantern. The fox ran far away."
    (asked,) = ollama.calls_for("rewording")
    assert "at most 11 words a sentence" in asked.prompt
    assert [found.kind for found in all_found_in(endless, Asked(brief))] == [Kind.LONG]


def test_a_sentence_is_too_long_for_one_child_and_not_for_another() -> None:
    sentence = "The fox ran and " + "ran and " * 10 + "was gone."
    kinds = {
        age: [found.kind for found in all_found_in(sentence, Asked(a_level(level, age)))]
        for age, level in ((4, ReadingLevel.BEGINNER), (12, ReadingLevel.ADVANCED))
    }
    assert kinds == {4: [Kind.LONG], 12: []}
