"""Request and response schemas of the API, apart from the streams' events."""

import datetime as dt
import uuid
from typing import Annotated, Any

from ninja import Field, Schema

from children.models import Strictness
from children.profiles import Pronoun, ReadingLevel
from stories.generations import DEFAULT_CHAPTERS, MAX_CHAPTERS, MAX_COMPANIONS
from stories.moderation import MAX_REMARK_CHARACTERS, MAX_SENTENCE_CHARACTERS
from stories.vocabulary.tones import Tone

MAX_PARAGRAPH = 9999
MAX_PASSAGE_CHARACTERS = 2000

ShortLine = Annotated[str, Field(min_length=1, max_length=60)]


class Problem(Schema):
    """Why a request was refused, for a person; `code` and `field` are for a program."""

    detail: str
    code: str
    field: str | None = None


class ChildIn(Schema):
    name: Annotated[str, Field(min_length=1, max_length=60, examples=["Mia"])]
    pronoun: Annotated[Pronoun, Field(description="what a story says; empty leaves it open")] = (
        Pronoun.OPEN
    )
    birth_year: Annotated[int, Field(ge=1990, le=2100, examples=[2019])]
    birth_month: Annotated[int, Field(ge=1, le=12, examples=[5])]
    language: Annotated[str, Field(description="BCP 47 tag", examples=["en"])] = "en"
    reading_level: ReadingLevel = ReadingLevel.BEGINNER
    strictness: Annotated[
        Strictness,
        Field(description="what may happen: what suits the age, or what suits a younger child"),
    ] = Strictness.USUAL
    interests: Annotated[list[ShortLine], Field(max_length=20, examples=[["foxes"]])] = []
    avoid: Annotated[list[ShortLine], Field(max_length=20, examples=[["thunder"]])] = []


class ChildOut(Schema):
    id: uuid.UUID
    name: str
    pronoun: Pronoun
    birth_year: int
    birth_month: int
    age: int
    language: str
    languages: list[str]
    reading_level: ReadingLevel
    strictness: Strictness
    interests: list[str]
    avoid: list[str]
    created_at: dt.datetime


AwaitsPreview = Annotated[
    bool,
    Field(
        description="whether a parent has to release the chapter before the child reads it: show "
        "its text to nobody else. Without a Bearer token the text is left out"
    ),
]


class GenerationIn(Schema):
    """A first chapter (`theme`), or the next one of a session (`session_id`)."""

    child_id: uuid.UUID
    theme: Annotated[str, Field(examples=["a fox who finds a lantern"])] = ""
    title: str = ""
    language: str = ""
    total_chapters: Annotated[
        int | None, Field(ge=1, le=MAX_CHAPTERS, description=f"{DEFAULT_CHAPTERS} if left out")
    ] = None
    companions: Annotated[
        list[uuid.UUID] | None,
        Field(
            max_length=MAX_COMPANIONS,
            description="other children of the family who come along; nobody if left out",
        ),
    ] = None
    friend: Annotated[
        uuid.UUID | None,
        Field(description="a kept friend of the child, to be met again; a new one if left out"),
    ] = None
    tone: Annotated[Tone | None, Field(description="empty or left out: as it comes")] = None
    session_id: uuid.UUID | None = None
    chapter_number: Annotated[int | None, Field(ge=1, le=MAX_CHAPTERS)] = None
    choice_id: str = ""
    custom_text: str = ""
    at_chapter: Annotated[
        uuid.UUID | None,
        Field(
            description="the chapter that the session is believed to be at: where it has moved on, "
            "or another choice was made there, nothing is begun (`409`, `MOVED_ON`); without it "
            "another choice begins a branch"
        ),
    ] = None


class KeptFriendOut(Schema):
    """A friend of a finished story, kept for the child's other stories."""

    id: uuid.UUID
    child_id: uuid.UUID
    name: str
    full_name: Annotated[str, Field(examples=["Pim the hedgehog"])]
    language: Annotated[str, Field(description="BCP 47 tag of the two names")]
    story_id: Annotated[uuid.UUID | None, Field(description="none once that story is erased")]
    created_at: dt.datetime


class GenerationStarted(Schema):
    id: uuid.UUID
    session_id: uuid.UUID
    story_id: uuid.UUID
    status: str
    awaits_preview: AwaitsPreview
    events_url: str


class ChoiceOut(Schema):
    """A way on; `chapter_id` is the chapter it led to, if it was ever taken to its end."""

    id: uuid.UUID
    kind: str
    text: str
    description: str
    impact: str
    chapter_id: uuid.UUID | None = None


class ChapterOut(Schema):
    """Of one that was withdrawn by the moderators nothing is left but its position; and of one that
    awaits a preview without a Bearer token nothing is told but that."""

    id: uuid.UUID
    number: int
    title: str
    text: str
    paragraphs: list[str]
    question: str
    parent_id: uuid.UUID | None
    choice_id: uuid.UUID | None
    is_ending: bool
    is_withdrawn: bool = False
    awaits_preview: AwaitsPreview
    released_at: Annotated[
        dt.datetime | None, Field(description="since when the child may read it")
    ]
    word_count: int
    reading_minutes: int
    measured_level: ReadingLevel
    vocabulary: list[dict[str, Any]]
    choices: list[ChoiceOut]


class StoryOut(Schema):
    id: uuid.UUID
    child_id: uuid.UUID
    session_id: uuid.UUID
    title: str
    theme: str
    language: str
    reading_level: ReadingLevel
    total_chapters: int
    companions: Annotated[list[uuid.UUID], Field(description="children who come along")]
    friend: Annotated[uuid.UUID | None, Field(description="the kept friend who is met again")]
    tone: Tone
    is_completed: bool
    created_at: dt.datetime
    chapters: list[ChapterOut]


class ChoiceTakenOut(Schema):
    """A choice in the order of reading: at which chapter, and what."""

    choice_id: uuid.UUID
    chapter_number: int
    kind: str
    text: str


class SessionOut(Schema):
    id: uuid.UUID
    story_id: uuid.UUID
    child_id: uuid.UUID
    theme: str
    title: str
    chapter_id: uuid.UUID | None
    current_chapter: int
    total_chapters: int
    chapters: list[uuid.UUID]
    choices: list[ChoiceTakenOut]
    is_completed: bool
    started_at: dt.datetime
    finished_at: dt.datetime | None
    seconds_read: int
    words_read: int
    generation_id: Annotated[uuid.UUID | None, Field(description="what is being written now")]


class PageStateOut(Schema):
    """The child's chapter, chapters that are withdrawn or await a preview, and features that are
    turned on."""

    chapter_id: uuid.UUID | None
    generation_id: Annotated[
        uuid.UUID | None,
        Field(
            description="what a reader is at: the chapter that is being written, was stopped, "
            "failed or awaits a preview; else the one that wrote `chapter_id`"
        ),
    ]
    withdrawn: list[uuid.UUID]
    awaiting_preview: list[uuid.UUID]
    has_read_aloud: bool
    has_own_ideas: bool


class ErrorOut(Schema):
    message: str
    code: str
    retryable: bool


class GenerationOut(Schema):
    """A generation's state; `cursor` is where to follow its stream from."""

    id: uuid.UUID
    session_id: uuid.UUID
    story_id: uuid.UUID
    chapter_id: uuid.UUID | None
    chapter_title: Annotated[str, Field(description="empty until it is known")]
    chapter_number: int
    status: str
    is_active: bool
    awaits_preview: AwaitsPreview
    text: str
    cursor: str
    events_url: str
    error: ErrorOut | None
    created_at: dt.datetime
    finished_at: dt.datetime | None


class TicketOut(Schema):
    ticket: str
    expires_in: Annotated[int, Field(description="seconds for the first connection")]


class NarrationIn(Schema):
    text: Annotated[
        str,
        Field(min_length=1, max_length=MAX_PASSAGE_CHARACTERS, examples=["Mia found a lantern."]),
    ]
    speed: Annotated[float, Field(ge=0.5, le=1.5, description="1 is the voice's own pace")] = 1.0


class WordOut(Schema):
    """A word of a passage: where it stands, in UTF-16 units, and when it is said, in seconds."""

    start: int
    length: int
    begins: float
    ends: float


class NarrationOut(Schema):
    """A passage as audio; there are no `words` where the voice does not tell their times."""

    audio_url: str
    seconds: float
    voice: str
    words: list[WordOut]


class ReadingIn(Schema):
    """Time in front of the story since the last such request, and where it is read: the chapter,
    and the index of its paragraph."""

    seconds: Annotated[int, Field(ge=0, le=600)]
    chapter_id: uuid.UUID | None = None
    paragraph: Annotated[int, Field(ge=0, le=MAX_PARAGRAPH)] = 0


class ReportIn(Schema):
    """One whole sentence as it stands in the chapter's `text`, and what is wrong with it."""

    sentence: Annotated[str, Field(min_length=1, max_length=MAX_SENTENCE_CHARACTERS)]
    remark: Annotated[str, Field(max_length=MAX_REMARK_CHARACTERS)] = ""


class ReportOut(Schema):
    id: uuid.UUID
    chapter_id: uuid.UUID
    sentence: str
    remark: str
    is_looked_at: Annotated[bool, Field(description="whether a moderator has decided on it")]
    reported_at: dt.datetime
