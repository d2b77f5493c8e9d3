"""Every layer failing in turn: what has not been checked is not shown."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stories.vocabulary.errors import (
    CheckFailed,
    ModelTimeout,
    ModelUnavailable,
    SafetyRejected,
    StoryError,
)
from stories.workflow.resources import Timeouts
from stories.workflow.steps import Approved
from testkit.hosts import Reply, in_turn
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
from tests.stories.workflow.studio import QUICK, Reading, resources_for

GUARD = "llama-guard3:1b"
UNSAFE = f"{HARD} {DISGUISED} {SOFT}"
SILENT, CUT, DOWN = Reply(hang_after=0), Reply(cut_after=0), Reply(status=500)
TRIES: dict[str, Any] = {"retry_waits_seconds": (0.0,), "cold_waits_seconds": (0.0,)}
PATIENT = replace(QUICK, **TRIES)
# For hosts that send nothing; long enough for those that do.
IMPATIENT = Timeouts(1.0, 1.0, 1.0, **TRIES)


@pytest.fixture(params=[1, 12])
def chapter(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=[0, 3, 6])
def text(request: pytest.FixtureRequest) -> str:
    return chapter_with(UNSAFE, request.param)


def resources_of(
    ollama: OllamaServer, chapter: int, fault: Reply | None = None, **options: Any
) -> Any:
    ollama.models.append(GUARD)
    timeouts = IMPATIENT if fault is SILENT else PATIENT
    seconds = timeouts.answer_seconds
    brief = brief_of(chapter)
    return resources_for(
        ollama, brief, timeouts=timeouts, guard=GUARD, guard_seconds=seconds, **options
    )


async def ended(ollama: OllamaServer, chapter: int, resources: Any) -> tuple[Reading, Any]:
    reading = Reading()
    try:
        await reading.of(brief_of(chapter), resources)
    except StoryError as error:
        return reading, type(error)
    return reading, None


async def test_with_every_layer_on_the_chapter_is_clean_and_whole(
    ollama: OllamaServer, chapter: int, text: str
) -> None:
    ollama.script(prose=[text, " ".join(SENTENCES)], rewording=SOFT)
    reading, error = await ended(ollama, chapter, resources_of(ollama, chapter))
    assert error is None
    assert is_clean(reading.shown)
    assert reading.text == reading.draft.text
    assert reading.draft.safety.layers == ("rules", "family", "classifier", "guard", "judge")


@pytest.mark.parametrize("name", ["rules", "family", "classifier"])
async def test_with_a_layer_of_the_gate_out_of_order_nothing_is_shown(
    ollama: OllamaServer, chapter: int, text: str, name: str
) -> None:
    ollama.script(prose=text)
    resources = with_broken(resources_of(ollama, chapter), brief_of(chapter), name)
    reading, error = await ended(ollama, chapter, resources)
    assert error in {ModelUnavailable, SafetyRejected}
    assert reading.all(Approved) == []
    assert is_clean(reading.shown)


@pytest.mark.parametrize(
    "fault",
    [SILENT, CUT, DOWN, Reply("Lovely!"), Reply("no"), Reply("unsafe\nS1")],
    ids=["silent", "cut", "down", "prose", "another guard's answer", "wrong"],
)
async def test_with_a_guard_that_fails_or_objects_nothing_is_shown(
    ollama: OllamaServer, chapter: int, text: str, fault: Reply
) -> None:
    ollama.script(prose=text, guard=lambda _: fault)
    reading, error = await ended(ollama, chapter, resources_of(ollama, chapter, fault))
    assert error in {ModelUnavailable, SafetyRejected}
    assert reading.all(Approved) == []


async def test_with_a_guard_that_fails_and_is_advisory_the_other_layers_hold(
    ollama: OllamaServer, chapter: int, text: str
) -> None:
    ollama.script(prose=[text, " ".join(SENTENCES)], guard=lambda _: DOWN)
    reading, error = await ended(ollama, chapter, resources_of(ollama, chapter, is_advisory=True))
    assert error is None
    assert is_clean(reading.shown)
    assert reading.draft.safety.layers == ("rules", "family", "classifier", "judge")


@pytest.mark.parametrize("missed", [SENTENCES[0], SENTENCES[-1], "a lamp that you can carry", ""])
async def test_only_a_guard_that_has_seen_all_of_a_chapter_is_named_with_it(
    ollama: OllamaServer, missed: str
) -> None:
    notes = {"vocabulary": [{"word": "lantern", "meaning": "a lamp that you can carry"}]}
    text = "\n\n".join([" ".join(SENTENCES[:3]), " ".join(SENTENCES[3:])])
    ollama.script(
        prose=text,
        structured=notes,
        guard=lambda call: DOWN if missed and missed in call.messages[-1]["content"] else "safe",
    )
    ollama.models.append(GUARD)
    resources = resources_for(ollama, brief_of(1), guard=GUARD, is_advisory=True)
    reading, error = await ended(ollama, 1, resources)
    assert error is None
    assert ("guard" in reading.draft.safety.layers) == (not missed)


async def test_with_a_guard_that_says_yes_to_everything_the_other_layers_hold(
    ollama: OllamaServer, chapter: int, text: str
) -> None:
    ollama.script(prose=[text, " ".join(SENTENCES)], guard="safe")
    reading, _ = await ended(ollama, chapter, resources_of(ollama, chapter))
    assert is_clean(reading.shown)


@pytest.mark.parametrize(
    "fault", [SILENT, CUT, DOWN, Reply("Lovely!"), Reply('{"problem": "none", "weight": 3}')]
)
async def test_with_a_judge_that_fails_no_chapter_comes_of_it(
    ollama: OllamaServer, chapter: int, text: str, fault: Reply
) -> None:
    ollama.script(prose=in_turn(text, " ".join(SENTENCES)), judge=lambda _: fault)
    reading, error = await ended(ollama, chapter, resources_of(ollama, chapter, fault))
    assert error in {ModelTimeout, ModelUnavailable, CheckFailed}
    assert is_clean(reading.shown)
    assert "metadata" not in reading.order


@pytest.mark.parametrize(
    "fault", [SILENT, CUT, DOWN, Reply(""), Reply(HARD), Reply(f"<think>{HARD}"), Reply("{}")]
)
async def test_with_a_rewording_that_fails_or_is_worse_the_sentence_is_left_out(
    ollama: OllamaServer, chapter: int, fault: Reply
) -> None:
    ollama.script(prose=chapter_with(SOFT, 2), rewording=fault)
    reading, error = await ended(ollama, chapter, resources_of(ollama, chapter, fault))
    assert error is None
    assert is_clean(reading.shown)
    assert reading.text.split() == " ".join(SENTENCES).split()


def hidden_by(mark: str) -> str:
    return HARD.replace("kill", f"ki{mark}ll").replace("gun", f"g{mark}un")


@pytest.mark.parametrize(
    "unsafe",
    [
        HARD,
        DISGUISED,
        SOFT,
        *(hidden_by(mark) for mark in ("\x01", "\x7f", "\x9f", "\u200b", "\u200d", "\ue000")),
        *(hidden_by(mark) for mark in (":", ",")),
    ],
    ids=ascii,
)
@pytest.mark.parametrize(
    "notes",
    [
        lambda unsafe: {"title": unsafe},
        lambda unsafe: {"question": unsafe},
        lambda unsafe: {"choices": [{"text": unsafe, "description": "Good."}] * 3},
        lambda unsafe: {"choices": [{"text": "Sing", "description": unsafe}] * 3},
        lambda unsafe: {"vocabulary": [{"word": "lantern", "meaning": unsafe}]},
        lambda unsafe: {"vocabulary": [{"word": unsafe, "meaning": "a thing"}]},
        lambda unsafe: {"summary": unsafe},
        lambda unsafe: {"educational_elements": [unsafe]},
    ],
    ids=["title", "question", "choice", "about", "meaning", "word", "summary", "lesson"],
)
async def test_every_single_note_is_checked(
    ollama: OllamaServer, notes: Callable[[str], dict[str, Any]], unsafe: str
) -> None:
    ollama.script(prose=" ".join(SENTENCES), structured=notes(unsafe))
    reading, error = await ended(ollama, 1, resources_of(ollama, 1))
    assert error is None
    assert is_clean(reading.shown)
    assert "everyone" not in reading.shown


@pytest.mark.parametrize("fault", [SILENT, CUT, DOWN, Reply(HARD), Reply("{")])
async def test_with_notes_that_fail_or_are_unsafe_the_chapter_has_words_of_ours(
    ollama: OllamaServer, chapter: int, fault: Reply
) -> None:
    ollama.script(prose=" ".join(SENTENCES), structured=lambda _: fault)
    reading, error = await ended(ollama, chapter, resources_of(ollama, chapter, fault))
    assert error is None
    assert is_clean(reading.shown)
    assert "title" in reading.draft.used_defaults
