"""The data: fields and constraints. Rules that span rows live in `generations` and `moderation`."""

from .friends import KeptFriend
from .generation import HOST_LENGTH, MODEL_LENGTH, Generation, GenerationEvent
from .keys import KEY_LENGTH, RequestKey, TicketUse
from .moderation import CONCERNS, Case, Clearance, Ruling, SafetyFinding, Switch, Threshold
from .story import (
    IDEA_LENGTH,
    THEME_LENGTH,
    TITLE_LENGTH,
    TONES,
    Chapter,
    ChapterQuerySet,
    Choice,
    Decision,
    ReadingSession,
    Story,
)
from .trial import ModelTrial

__all__ = [
    "CONCERNS",
    "HOST_LENGTH",
    "IDEA_LENGTH",
    "KEY_LENGTH",
    "MODEL_LENGTH",
    "THEME_LENGTH",
    "TITLE_LENGTH",
    "TONES",
    "Case",
    "Chapter",
    "ChapterQuerySet",
    "Choice",
    "Clearance",
    "Decision",
    "Generation",
    "GenerationEvent",
    "KeptFriend",
    "ModelTrial",
    "ReadingSession",
    "RequestKey",
    "Ruling",
    "SafetyFinding",
    "Story",
    "Switch",
    "Threshold",
    "TicketUse",
]
