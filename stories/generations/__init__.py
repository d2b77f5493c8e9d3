"""Commands on stories: asking for a chapter, and what the course and end of a run change.

Each command is one transaction over the rows that a rule spans. `requests` serves those who ask,
`limits` and `queue` see to it that all get their turn, `runs` serves the runner; `previews` serves
the parents who look first; `cases`, `rulings` and `withdrawal` serve the moderators; `briefs`
decides what the storyteller is told.
"""

from .briefs import path_to, pseudonym_of
from .inputs import InvalidRequest, one_line
from .limits import FamilyBusy, NotNow, QueueFull
from .previews import AwaitsPreview, check_released, release
from .requests import (
    CHAPTER_CHOICES,
    DEFAULT_CHAPTERS,
    LONGEST_STORY,
    Caller,
    ModelMissing,
    NewStory,
    Requested,
    Wish,
    WrongPlace,
    add_reading_time,
    carry_on,
    chapter_of_theme,
    discard,
    latest_like,
    next_chapter,
    request_stop,
    start_story,
)

__all__ = [
    "CHAPTER_CHOICES",
    "DEFAULT_CHAPTERS",
    "LONGEST_STORY",
    "AwaitsPreview",
    "Caller",
    "FamilyBusy",
    "InvalidRequest",
    "ModelMissing",
    "NewStory",
    "NotNow",
    "QueueFull",
    "Requested",
    "Wish",
    "WrongPlace",
    "add_reading_time",
    "carry_on",
    "chapter_of_theme",
    "check_released",
    "discard",
    "latest_like",
    "next_chapter",
    "one_line",
    "path_to",
    "pseudonym_of",
    "release",
    "request_stop",
    "start_story",
]
