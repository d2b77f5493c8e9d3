"""Faults on purpose: unsafe text anywhere, and every layer failing in turn. Whatever happens, no
character that did not pass may reach a reader."""

from dataclasses import dataclass, replace

from stories.safety.classifier import THRESHOLD
from stories.safety.gate import Gate, prose_layers
from stories.safety.layers import Passage
from stories.safety.verdict import Verdict
from stories.vocabulary.brief import StoryBrief
from stories.workflow.resources import ChapterResources
from tests.stories.workflow.studio import a_brief, a_path

SENTENCES = (
    "Robin found a lantern.",
    "It shone on the path.",
    "The owl was pleased.",
    "They walked up the hill together.",
    "A small door stood open.",
    "Everybody sang.",
)
# Stopped by the rules, as it stands and in disguise; and by what a family wants left out.
HARD = "Then the man killed everyone with a gun."
DISGUISED = "Then the man k.i.l.l.e.d everyone."
SOFT = "A spider sat on the wall."
UNSAFE_WORDS = ("kill", "k.i.l", "gun", "spider")


def chapter_with(unsafe: str, position: int) -> str:
    """A chapter of two paragraphs with one sentence more, as the `position`th."""
    told = [*SENTENCES[:position], unsafe, *SENTENCES[position:]]
    return " ".join(told[:3]) + "\n\n" + " ".join(told[3:])


def brief_of(chapter: int) -> StoryBrief:
    """The first of twelve chapters, or a later one."""
    return a_brief(
        chapter_number=chapter,
        total_chapters=12,
        path=a_path(chapter - 1, words=12),
        avoid=("spiders",),
    )


@dataclass
class Broken:
    """A layer that cannot answer."""

    name: str

    def examine(self, passage: Passage) -> Verdict:
        raise OSError(f"a file is gone, and {len(passage.text)} characters were not read")


def with_broken(resources: ChapterResources, brief: StoryBrief, name: str) -> ChapterResources:
    """The same resources, with the gate's layer of this name out of order."""
    layers = prose_layers("en", brief.checked_as, brief.avoid, THRESHOLD)
    assert name in [layer.name for layer in layers]
    replaced = [Broken(name) if layer.name == name else layer for layer in layers]
    return replace(resources, gate=Gate("en", brief.checked_as, brief.avoid, layers=replaced))


def is_clean(text: str) -> bool:
    return not any(word in text for word in UNSAFE_WORDS)
