"""Writing one chapter: brief and tools in, checked text and events out. Knows no Django."""

from stories.workflow.checkpoints import Checkpoints, StoreAway
from stories.workflow.graph import write_chapter
from stories.workflow.resources import ChapterResources, ModelProfile, Timeouts
from stories.workflow.resume import Resume
from stories.workflow.steps import (
    Advanced,
    Announcement,
    Approved,
    ChapterDraft,
    DraftChoice,
    DraftWord,
    HeldBack,
    Judged,
    Milestone,
    ModelUse,
    NodeStatus,
    Noted,
    ProvisionalText,
    Retraction,
    RewriteStarted,
    Step,
    Telling,
    TextWhole,
)

__all__ = [
    "Advanced",
    "Announcement",
    "Approved",
    "ChapterDraft",
    "ChapterResources",
    "Checkpoints",
    "DraftChoice",
    "DraftWord",
    "HeldBack",
    "Judged",
    "Milestone",
    "ModelProfile",
    "ModelUse",
    "NodeStatus",
    "Noted",
    "ProvisionalText",
    "Resume",
    "Retraction",
    "RewriteStarted",
    "Step",
    "StoreAway",
    "Telling",
    "TextWhole",
    "Timeouts",
    "write_chapter",
]
