"""The steps of a chapter's writing, all text in stand-in form.

They are not the events of the stream: those are made of them by `execution.runner`, which puts the
family's names in.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from stories.reading import Measures
from stories.safety.judge import Judgement
from stories.safety.verdict import Verdict
from stories.vocabulary.memory import ChapterMemory, Scene
from stories.vocabulary.nodes import Node
from stories.workflow.outcome import Found


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node of the graph, or the workflow as a whole, began or ended."""

    node: Node
    status: Literal["started", "completed", "failed"]


@dataclass(frozen=True, slots=True)
class Advanced:
    """How far the chapter is; `percent` never falls within one run."""

    percent: int
    stage: str
    eta_seconds: float | None


@dataclass(frozen=True, slots=True)
class Approved:
    """The next piece of the chapter's text: every layer has passed it."""

    chunk: str


@dataclass(frozen=True, slots=True)
class TextWhole:
    """This version of the text has no more pieces."""


@dataclass(frozen=True, slots=True)
class RewriteStarted:
    """This version of the text is withdrawn, and another one is written as this `attempt`."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Judged:
    """The chapter as a whole was judged."""

    judgement: Judgement


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Text that did not pass; `replacement` is a sentence's other wording ("" where it has none).

    `attempt` counts from 1; `field` is a value of `SafetyFinding.Field`. `ahead` is what had passed
    the gate and was not shown yet, between the shown text and where this would have stood; it ends
    with a blank line where this would have begun a paragraph. `seen` is what of the text's
    beginning was glimpsed.
    """

    attempt: int
    field: str
    text: str
    replacement: str
    verdict: Verdict
    ahead: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class ProvisionalText:
    """Text that is shown before all layers have passed it, behind all that is shown already.

    An `Approved` that begins with it, or with which it begins, approves it; a `Retraction` comes
    before any other.
    """

    chunk: str


@dataclass(frozen=True, slots=True)
class Retraction:
    """Withdrawal of provisional text, but for its beginning, `kept`."""

    kept: str


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A call of a model; tokens are 0 if the host reported none."""

    step: Node
    seconds: float
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, eq=False)
class Milestone:
    """A node of the graph has said all it had to say. Whoever takes the steps stores them before it
    asks for the next one; `is_stored` then lets the node end, and its checkpoint be written."""

    is_stored: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class DraftWord:
    word: str
    meaning: str


@dataclass(frozen=True, slots=True)
class DraftChoice:
    text: str
    description: str
    impact: str


@dataclass(frozen=True, slots=True)
class ChapterDraft:
    """A finished chapter, ready to be stored.

    `used_defaults` names the parts that are our own words, since the model had none that would do.
    `story_title` is the whole story's, where its plan has one.
    `outcome` is what stays of the text that is not what was asked for. `memory` and `scene` are for
    the next chapters and for pictures; no reader sees them.
    """

    title: str
    text: str
    question: str
    choices: tuple[DraftChoice, ...]
    vocabulary: tuple[DraftWord, ...]
    summary: str
    educational_elements: tuple[str, ...]
    measures: Measures
    safety: Judgement
    used_defaults: tuple[str, ...]
    story_title: str = ""
    outcome: tuple[Found, ...] = ()
    memory: ChapterMemory = field(default_factory=ChapterMemory)
    scene: Scene = field(default_factory=Scene)


@dataclass(frozen=True, slots=True)
class Noted:
    """The chapter was measured and has its notes."""

    draft: ChapterDraft


Telling = ProvisionalText | Retraction | Approved | TextWhole | RewriteStarted
Announcement = NodeStatus | Advanced | Judged | Noted
Step = Telling | Announcement | HeldBack | ModelUse | Milestone | ChapterDraft
