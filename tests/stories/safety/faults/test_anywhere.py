"""An unsafe sentence at every position of a chapter, cut at every place, is in nothing said."""

import contextlib
from typing import Any

import pytest

from stories.safety.prose import ProseStream
from stories.vocabulary.errors import StoryError
from stories.workflow.manuscript import Manuscript
from stories.workflow.progress import ProgressMeter
from stories.workflow.steps import HeldBack
from testkit.hosts import Cut, Reply, at_random, characters, words
from testkit.ollama.server import OllamaServer
from tests.stories.safety.faults import (
    DISGUISED,
    HARD,
    SENTENCES,
    SOFT,
    brief_of,
    chapter_with,
    is_clean,
)
from tests.stories.workflow.studio import Reading, resources_for

POSITIONS = range(len(SENTENCES) + 1)
GUARD = "llama-guard3:1b"


@pytest.mark.parametrize("unsafe", [HARD, DISGUISED, SOFT])
@pytest.mark.parametrize("position", POSITIONS)
def test_wherever_the_model_cuts_it_an_unsafe_sentence_is_not_added(
    ollama: OllamaServer, unsafe: str, position: int
) -> None:
    brief = brief_of(1)
    resources = resources_for(ollama, brief)
    text = chapter_with(unsafe, position)
    start = text.index(unsafe)
    for cut in range(max(1, start - 2), min(len(text), start + len(unsafe) + 3)):
        said: list[Any] = []
        progress = ProgressMeter(100)
        manuscript = Manuscript("", 1, resources=resources, progress=progress, emit=said.append)
        prose = ProseStream("en")
        pieces = (text[:cut], text[cut:])
        for sentence in [s for piece in pieces for s in prose.feed(piece)] + prose.finish():
            manuscript.offer(sentence)
        shown = "".join(repr(step) for step in said if not isinstance(step, HeldBack))
        assert is_clean(shown), cut
        assert [s.text for s in said if isinstance(s, HeldBack)] == [unsafe], cut
        assert manuscript.text.split() == " ".join(SENTENCES).split(), cut


@pytest.mark.parametrize("cut", [words, characters, at_random(7)], ids=["words", "chars", "random"])
@pytest.mark.parametrize("chapter", [1, 12])
@pytest.mark.parametrize("position", POSITIONS)
async def test_a_chapter_is_whole_and_clean_wherever_it_was_unsafe(
    ollama: OllamaServer, position: int, chapter: int, cut: Cut
) -> None:
    ollama.cut = cut
    ollama.script(prose=[chapter_with(HARD, position), " ".join(SENTENCES)])
    brief = brief_of(chapter)
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert is_clean(reading.shown)
    assert reading.text == reading.draft.text
    assert [held.text for held in reading.held] == [HARD]


@pytest.mark.parametrize("writing", ["prose", "beats"])
@pytest.mark.parametrize("guard", ["", GUARD])
@pytest.mark.parametrize("unsafe", [HARD, DISGUISED, SOFT])
async def test_a_model_that_says_nothing_else_is_never_heard(
    ollama: OllamaServer, writing: Any, guard: str, unsafe: str
) -> None:
    ollama.models.append(GUARD)
    ollama.script(prose=f"{unsafe} " * 5, rewording=unsafe, structured={"title": unsafe})
    brief = brief_of(1)
    reading = Reading()
    with contextlib.suppress(StoryError):
        await reading.of(brief, resources_for(ollama, brief, writing=writing, guard=guard))
    assert reading.held
    assert is_clean(reading.shown)


@pytest.mark.parametrize("chapter", [1, 12])
async def test_a_story_that_turns_dark_only_as_a_whole_is_withdrawn_and_told_anew(
    ollama: OllamaServer, chapter: int
) -> None:
    dark = "The friends went away one by one. Nobody came back."
    ollama.script(
        prose=[dark, " ".join(SENTENCES)],
        judge=lambda call: {"problem": "sadness", "weight": 3} if dark in call.prompt else None,
    )
    brief = brief_of(chapter)
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.order.count("content_reset") == 1
    assert reading.text == reading.draft.text == " ".join(SENTENCES)
    (held,) = reading.held
    assert (held.field, held.text, held.verdict.layers) == ("chapter", dark, ("judge",))


async def test_a_connection_that_breaks_in_an_unsafe_sentence_shows_none_of_it(
    ollama: OllamaServer,
) -> None:
    text = chapter_with(HARD, 3)
    replies = [Reply(text, cut_after=n) for n in range(12, 21)]
    for reply in replies:
        ollama.script(prose=[reply, " ".join(SENTENCES[4:])])
        brief = brief_of(1)
        reading = await Reading().of(brief, resources_for(ollama, brief))
        assert is_clean(reading.shown)
