"""Every event a story stream can carry: one model per type of the stream contract.

The models forbid extra fields, so that what is written to the log is what the contract names.
"""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from stories.vocabulary.nodes import Node


class Event(BaseModel):
    """One durable event; `data` is the `data` key of its frame."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str

    @property
    def data(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"type"}, exclude_unset=True)

    @property
    def payload(self) -> str:
        """`data` as JSON, as it is stored and sent."""
        return json.dumps(self.data, ensure_ascii=False)


class NodeEvent(Event):
    """A step of the workflow begins or ends; only a log's first one has the last four fields."""

    type: Literal["node_event"] = "node_event"
    node: Node
    status: Literal["started", "completed", "failed"]
    chapter_number: int = 0
    theme: str = ""
    generation_id: str = ""
    session_id: str = ""


class Content(Event):
    """Story text, as it is approved; where words are shown ahead of that, as it is shown."""

    type: Literal["content"] = "content"
    chunk: str
    is_complete: bool


# The chapter is written anew, as another version.
REWRITE: Final = "rewrite"
# The approved text follows at once, as one `content`.
RESYNC: Final = "resync"
# Nothing follows but the end: the chapter was judged unfit, or staff took it away.
REJECTED: Final = "rejected"
WITHDRAWN: Final = "withdrawn"
ResetReason = Literal["rewrite", "resync", "rejected", "withdrawn"]


class ContentReset(Event):
    """Text shown so far is withdrawn; the client clears it."""

    type: Literal["content_reset"] = "content_reset"
    attempt: int
    reason: ResetReason


class Progress(Event):
    """How far the chapter is; `percent` never falls and is 100 only beside `complete`."""

    type: Literal["progress"] = "progress"
    percent: Annotated[int, Field(ge=0, le=100)]
    stage: str
    eta_seconds: float | None


class Queued(Event):
    """Waiting for a slot at a model host; `position` 1 is next."""

    type: Literal["queue"] = "queue"
    position: Annotated[int, Field(ge=1)]
    eta_seconds: float | None


class SafetyChecked(Event):
    """The whole chapter was judged; `score` is 1 where nothing was found."""

    type: Literal["safety_check"] = "safety_check"
    approved: bool
    score: Annotated[float, Field(ge=0, le=1)]
    issues: list[str]


Level = Literal["beginner", "intermediate", "advanced"]


class VocabularyWord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    word: str
    meaning: str


class Metadata(Event):
    """Measures of the finished text; `estimated_reading_time` is in whole minutes."""

    type: Literal["metadata"] = "metadata"
    estimated_reading_time: Annotated[int, Field(ge=1)]
    vocabulary_level: Level
    educational_elements: list[str]
    word_count: int
    requested_level: Level
    vocabulary_words: list[VocabularyWord]


class ChoiceOffered(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    text: str
    description: str
    impact: str
    choice_question: str


class Complete(Event):
    """The chapter is stored, and this is what was stored."""

    type: Literal["complete"] = "complete"
    id: str
    success: Literal[True]
    title: str
    content: list[str]
    story_content: str
    choices: list[ChoiceOffered]
    choice_question: str
    language: str
    readingLevel: Level  # noqa: N815 - existing clients read these names
    theme: str
    educational_elements: list[str]
    estimated_reading_time: int
    safety_score: float
    content_approved: bool
    vocabulary_level: Level
    isCompleted: bool  # noqa: N815
    currentChapter: int  # noqa: N815
    totalChapters: int  # noqa: N815
    createdAt: str  # noqa: N815
    session_id: str
    generation_id: str


class Failed(Event):
    """The chapter ended without being finished; `message` is for a person."""

    type: Literal["error"] = "error"
    message: str
    code: str
    retryable: bool


StoryEvent = (
    NodeEvent
    | Content
    | ContentReset
    | Progress
    | Queued
    | SafetyChecked
    | Metadata
    | Complete
    | Failed
)

TERMINAL_TYPES = frozenset({"complete", "error"})

_adapter: TypeAdapter[StoryEvent] = TypeAdapter(Annotated[StoryEvent, Field(discriminator="type")])


def parse(type_: str, data: dict[str, Any]) -> StoryEvent:
    """The event of a frame or a log row; raises pydantic's ValidationError on any other shape."""
    return _adapter.validate_python({"type": type_, **data})
