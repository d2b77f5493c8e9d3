"""Word by word: what a rule finds is on no screen, ever; what another layer finds is taken back."""

import contextlib
import itertools
from dataclasses import dataclass, replace
from typing import Any

import pytest

from stories.safety.classifier import THRESHOLD
from stories.safety.gate import Gate, prose_layers
from stories.safety.layers import Passage
from stories.safety.prose import ProseStream
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.errors import StoryError
from stories.workflow.manuscript import Manuscript
from stories.workflow.progress import ProgressMeter
from stories.workflow.resources import ChapterResources
from stories.workflow.steps import (
    Approved,
    HeldBack,
    ProvisionalText,
    Retraction,
    RewriteStarted,
    Step,
)
from testkit.hosts import Cut, Reply, at_random, characters, in_turn, words
from testkit.ollama.server import OllamaServer
from tests.stories.safety.faults import (
    DISGUISED,
    HARD,
    SENTENCES,
    SOFT,
    brief_of,
    chapter_with,
    is_clean,
    with_broken,
)
from tests.stories.workflow.studio import Reading, resources_for

GUARD = "llama-guard3:1b"
HURTS = "The tall heron laughed about the little owl and her old broken wing again."
WORDS_OF_RULES = ("kill", "k.i.l", "gun", "spider", "@example", "example.com", "555-123")
PRIVATE = "He wrote 555-123-4567 and fox@example.com on a card."


@dataclass
class Unkind:
    """A layer that, like a classifier, judges whole sentences only."""

    name: str = "unkind"

    def examine(self, passage: Passage) -> Verdict:
        severity = Severity.SOFT if "broken wing" in passage.text else Severity.PASS
        return Verdict(severity, self.name, category="profanity", score=0.8)

    def cleared(self, passage: Passage) -> int:
        return len(passage.text)


def shows_unchecked_words(server: OllamaServer, brief: Any, **options: Any) -> ChapterResources:
    layers = [*prose_layers("en", brief.checked_as, brief.avoid, THRESHOLD), Unkind()]
    gate = Gate("en", brief.checked_as, layers=layers)
    return replace(resources_for(server, brief, **options), gate=gate, shows_unchecked_words=True)


def screens(steps: list[Step]) -> list[str]:
    """The reader's screen after each of the steps."""
    seen, approved, ahead = [""], "", ""
    for step in steps:
        match step:
            case ProvisionalText():
                ahead += step.chunk
            case Retraction():
                ahead = step.kept
            case Approved():
                assert ahead.startswith(step.chunk) or step.chunk.startswith(ahead)
                approved, ahead = approved + step.chunk, ahead[len(step.chunk) :]
            case RewriteStarted():
                approved = ahead = ""
            case _:
                continue
        seen.append(approved + ahead)
    return seen


def withdrawn(steps: list[Step]) -> list[str]:
    """Text taken off the screen again."""
    seen = screens(steps)
    pairs = itertools.pairwise(seen)
    return [before for before, after in pairs if not after.startswith(before)]


@pytest.mark.parametrize("unsafe", [HARD, DISGUISED, SOFT, PRIVATE])
@pytest.mark.parametrize("position", range(len(SENTENCES) + 1))
def test_wherever_the_model_cuts_it_no_word_of_a_rule_is_seen(
    ollama: OllamaServer, unsafe: str, position: int
) -> None:
    brief = brief_of(1)
    resources = replace(resources_for(ollama, brief), shows_unchecked_words=True)
    text = chapter_with(unsafe, position)
    start = text.index(unsafe)
    for cut in range(max(1, start - 2), min(len(text), start + len(unsafe) + 3), 3):
        said: list[Any] = []
        manuscript = Manuscript(
            "", 1, resources=resources, progress=ProgressMeter(100), emit=said.append
        )
        prose = ProseStream("en")
        for piece in (*words(text[:cut]), *words(text[cut:])):
            for sentence in prose.feed(piece):
                manuscript.offer(sentence)
            if prose.begun:
                manuscript.show_provisional(prose.begun)
        for sentence in prose.finish():
            manuscript.offer(sentence)
        manuscript.retract()
        for screen in screens(said):
            assert not any(word in screen for word in WORDS_OF_RULES), cut
        assert screens(said)[-1] == manuscript.text
        assert manuscript.text.split() == " ".join(SENTENCES).split()


@pytest.mark.parametrize("cut", [words, characters, at_random(7)], ids=["words", "chars", "random"])
@pytest.mark.parametrize("guard", ["", GUARD])
async def test_a_chapter_is_seen_as_it_is_written_and_is_the_one_that_is_kept(
    ollama: OllamaServer, cut: Cut, guard: str
) -> None:
    ollama.cut = cut
    ollama.models.append(GUARD)
    text = chapter_with("Once upon a time, there was a small fox.", 0)
    ollama.script(prose=text)
    brief = brief_of(1)
    reading = await Reading().of(brief, shows_unchecked_words(ollama, brief, guard=guard))
    seen = screens(reading.steps)
    assert seen[-1] == reading.draft.text == text
    assert withdrawn(reading.steps) == []
    assert len(set(seen)) > 2 * len(SENTENCES), "there is more than a screen for each sentence"


@pytest.mark.parametrize("unsafe", [HARD, DISGUISED, SOFT, HURTS])
@pytest.mark.parametrize("writing", ["prose", "beats"])
async def test_what_did_not_pass_is_off_the_screen_before_anything_else_is_said(
    ollama: OllamaServer, unsafe: str, writing: Any
) -> None:
    ollama.script(prose=in_turn(chapter_with(unsafe, 2), " ".join(SENTENCES)), rewording=unsafe)
    brief = brief_of(1)
    reading = Reading()
    with contextlib.suppress(StoryError):
        await reading.of(brief, shows_unchecked_words(ollama, brief, writing=writing))
    assert not any(word in screen for screen in screens(reading.steps) for word in WORDS_OF_RULES)
    first = next((at for at, s in enumerate(reading.steps) if isinstance(s, HeldBack)), None)
    if first is not None:
        assert unsafe[:30] not in screens(reading.steps[:first])[-1]
    assert "broken wing" not in reading.text


async def test_a_sentence_that_only_the_classifier_stops_is_withdrawn_before_it_is_reworded(
    ollama: OllamaServer,
) -> None:
    ollama.cut = words
    kinder = "The tall heron was kind to the little owl."
    ollama.script(prose=[chapter_with(HURTS, 2)], rewording=kinder)
    brief = brief_of(1)
    reading = await Reading().of(brief, shows_unchecked_words(ollama, brief))
    (gone,) = withdrawn(reading.steps)
    assert gone.endswith("The tall heron laughed about the little owl and her old broken")
    assert reading.draft.text == chapter_with(kinder, 2) == screens(reading.steps)[-1]
    retracted = reading.steps.index(Retraction(""))
    (held,) = reading.held
    assert retracted < reading.steps.index(held)


async def test_a_paragraph_that_the_guard_stops_is_withdrawn_and_what_followed_it(
    ollama: OllamaServer,
) -> None:
    ollama.models.append(GUARD)
    first, dark, last = " ".join(SENTENCES[:2]), "Nobody answered him any more.", SENTENCES[4]
    ollama.script(
        prose=[f"{first}\n\n{dark}\n\n{SENTENCES[3]} {SENTENCES[5]}", last],
        guard=lambda call: "unsafe\nS1" if dark in call.messages[-1]["content"] else "safe",
    )
    brief = brief_of(1)
    reading = await Reading().of(brief, shows_unchecked_words(ollama, brief, guard=GUARD))
    assert any(dark in screen for screen in withdrawn(reading.steps))
    assert reading.draft.text == screens(reading.steps)[-1] == f"{first}\n\n{last}"
    assert dark not in reading.text


async def test_a_connection_that_breaks_in_a_sentence_takes_its_words_back(
    ollama: OllamaServer,
) -> None:
    ollama.cut = words
    ollama.script(prose=[Reply(chapter_with(HURTS, 6), cut_after=33), SENTENCES[5]])
    brief = brief_of(1)
    reading = await Reading().of(brief, shows_unchecked_words(ollama, brief))
    assert screens(reading.steps)[-1] == reading.draft.text
    assert len(withdrawn(reading.steps)) == 1


async def test_with_the_rules_out_of_order_not_a_word_is_seen(ollama: OllamaServer) -> None:
    ollama.script(prose=chapter_with(HARD, 3))
    brief = brief_of(1)
    for name in ("rules", "family", "classifier"):
        reading = Reading()
        resources = with_broken(
            replace(resources_for(ollama, brief), shows_unchecked_words=True), brief, name
        )
        with contextlib.suppress(StoryError):
            await reading.of(brief, resources)
        assert set(screens(reading.steps)) == {""}


async def test_thoughts_and_markup_of_the_model_are_not_seen(ollama: OllamaServer) -> None:
    ollama.cut = characters
    thought = "<think>A story about the big boy, who may laugh.</think>"
    ollama.script(prose=f"{thought}# The Owl\n\n**{SENTENCES[0]}** {' '.join(SENTENCES[1:])}")
    brief = brief_of(1)
    reading = await Reading().of(brief, shows_unchecked_words(ollama, brief))
    assert screens(reading.steps)[-1] == " ".join(SENTENCES)
    assert withdrawn(reading.steps) == []
    assert is_clean(reading.shown)


async def test_a_long_sentence_goes_on_behind_its_clauses(ollama: OllamaServer) -> None:
    ollama.cut = words
    steps = ", ".join(
        f"past the {colour} gate and over a little hill" for colour in ("red", "blue")
    )
    text = f"So they walked and walked {steps}, {steps}, {steps}, and on until they were home."
    ollama.script(prose=text)
    brief = brief_of(1)
    reading = await Reading().of(brief, shows_unchecked_words(ollama, brief))
    assert screens(reading.steps)[-1] == reading.draft.text == text
    assert withdrawn(reading.steps) == []
    assert len(reading.all(Approved)) > 1
