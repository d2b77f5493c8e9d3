"""Everything a chapter's writing yields: the stream's own events, and what only staff and the
runner see. All text is in stand-in form."""

import asyncio
from dataclasses import dataclass, field

from stories.reading import Measures
from stories.safety.judge import Judgement
from stories.safety.verdict import Verdict
from stories.vocabulary.events import StoryEvent, VocabularyWord


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

    A `Content` that begins with it, or with which it begins, approves it; a `Retraction` comes
    before any other.
    """

    chunk: str


@dataclass(frozen=True, slots=True)
class Retraction:
    """What was only glimpsed is withdrawn, but for its beginning, `kept`."""

    kept: str


@dataclass(frozen=True, slots=True)
class ModelUse:
    """One call of a model; `step` is the node's name. Tokens are 0 where the host reported none."""

    step: str
    seconds: float
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, eq=False)
class Milestone:
    """A node of the graph has said all it had to say. Whoever takes the steps stores them before it
    asks for the next one; `is_stored` then lets the node end, and its checkpoint be written."""

    is_stored: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class DraftChoice:
    text: str
    description: str
    impact: str


@dataclass(frozen=True, slots=True)
class ChapterDraft:
    """A finished chapter, ready to be stored.

    `used_defaults` names the parts that are our own words, since the model had none that would do.
    """

    title: str
    text: str
    question: str
    choices: tuple[DraftChoice, ...]
    vocabulary: tuple[VocabularyWord, ...]
    summary: str
    educational_elements: tuple[str, ...]
    measures: Measures
    safety: Judgement
    used_defaults: tuple[str, ...]


Step = StoryEvent | ProvisionalText | Retraction | HeldBack | ModelUse | Milestone | ChapterDraft
