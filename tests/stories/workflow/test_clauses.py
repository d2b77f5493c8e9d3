"""A very long sentence is shown by the clause, and cutting it makes nothing unsafe pass."""

import pytest

from stories.workflow.steps import Approved
from testkit.hosts import characters, in_turn
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import GENTLE, Reading, a_brief, resources_for

AFTERWARDS = "The fox danced home."
STEPS = ", ".join(f"past the {colour} gate and over a little hill" for colour in ("red", "blue"))
# 41 words and more before the next comma.
LONG = f"So they walked and walked {STEPS}, {STEPS}, {STEPS}, and on"


async def _told(ollama: OllamaServer, *prose: str) -> Reading:
    ollama.cut = characters
    ollama.script(prose=in_turn(*prose, AFTERWARDS))
    brief = a_brief(avoid=("spiders",))
    return await Reading().of(brief, resources_for(ollama, brief))


async def test_a_sentence_of_more_than_forty_words_is_shown_before_its_end(
    ollama: OllamaServer,
) -> None:
    text = f"{LONG} until they were home."
    reading = await _told(ollama, text)
    chunks = [step.chunk for step in reading.all(Approved)]
    assert "".join(chunks) == reading.draft.text == text
    assert len(chunks) > 1
    assert len(chunks[0].split()) <= 41
    assert chunks[0].endswith(",")


@pytest.mark.parametrize("gap", range(12))
async def test_a_hit_that_the_cut_goes_through_is_held_back(ollama: OllamaServer, gap: int) -> None:
    # The words of one rule, with as many words before them as bring the cut to each place.
    padding = "softly " * gap
    text = f"{LONG} {padding}and you must keep this, a secret, from your mum and dad, he said."
    reading = await _told(ollama, text)
    assert "your mum" not in reading.shown
    assert reading.held


async def test_what_follows_a_clause_that_was_left_out_is_left_out_with_it(
    ollama: OllamaServer,
) -> None:
    bad = f"{LONG} to a spider in a web, {STEPS}, {STEPS}, {STEPS}, and then went home."
    reading = await _told(ollama, f"{GENTLE} {bad} {AFTERWARDS}")
    assert "spider" not in reading.shown
    assert "went home" not in reading.shown
    assert reading.draft.text.startswith(f"{GENTLE} So they walked")
    assert reading.draft.text.endswith(f"… {AFTERWARDS}")
