"""Commands on stories: asking for a chapter, and what the course and end of a run change.

Each command is one transaction over the rows that a rule spans. `starting`, `continuing` and
`stopping` serve the families, on what `requests` holds; `position` says where a story is, `cast`
and `friends` who is in it; `limits` and `queue` share out the slots on the model; `ahead` and
`ahead_slots` have chapters written that nobody has asked for yet; `claims`, `leases`, `outcomes`
and `own_plans` serve the runner; `previews` serve the parents who look first; `briefs` decide what
the storyteller is told.
"""

from .briefs import planned_title, pseudonym_of
from .cast import MAX_COMPANIONS, Cast, companion_missing, friend_missing, too_many_companions
from .continuing import Wish, chapter_of_theme, next_chapter, note_reading
from .friends import MAX_KEPT_FRIENDS, friend_of, keep_friend, kept_friend_of
from .inputs import InvalidRequest, one_line
from .limits import FamilyBusy, NotNow, QueueFull
from .position import MovedOn, following, note_place, run_at
from .previews import AwaitsPreview, check_released, publish_chapter
from .requests import Caller, ModelMissing, Requested, WrongPlace, caller_for
from .starting import (
    CHAPTER_CHOICES,
    DEFAULT_CHAPTERS,
    MAX_CHAPTERS,
    NewStory,
    latest_generation,
    start_story,
)
from .stopping import carry_on, discard, may_carry_on, request_stop

__all__ = [
    "CHAPTER_CHOICES",
    "DEFAULT_CHAPTERS",
    "MAX_CHAPTERS",
    "MAX_COMPANIONS",
    "MAX_KEPT_FRIENDS",
    "AwaitsPreview",
    "Caller",
    "Cast",
    "FamilyBusy",
    "InvalidRequest",
    "ModelMissing",
    "MovedOn",
    "NewStory",
    "NotNow",
    "QueueFull",
    "Requested",
    "Wish",
    "WrongPlace",
    "caller_for",
    "carry_on",
    "chapter_of_theme",
    "check_released",
    "companion_missing",
    "discard",
    "following",
    "friend_missing",
    "friend_of",
    "keep_friend",
    "kept_friend_of",
    "latest_generation",
    "may_carry_on",
    "next_chapter",
    "note_place",
    "note_reading",
    "one_line",
    "planned_title",
    "pseudonym_of",
    "publish_chapter",
    "request_stop",
    "run_at",
    "start_story",
    "too_many_companions",
]
