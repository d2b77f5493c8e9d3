"""Writing one chapter: brief and tools in, checked text and events out. Knows no Django."""

from stories.workflow.checkpoints import Checkpoints, StoreAway
from stories.workflow.graph import write_chapter
from stories.workflow.resources import ChapterResources, ModelProfile, Timeouts
from stories.workflow.resume import Resume, resume_from
from stories.workflow.steps import (
    ChapterDraft,
    DraftChoice,
    HeldBack,
    Milestone,
    ModelUse,
    ProvisionalText,
    Retraction,
    Step,
)

__all__ = [
    "ChapterDraft",
    "ChapterResources",
    "Checkpoints",
    "DraftChoice",
    "HeldBack",
    "Milestone",
    "ModelProfile",
    "ModelUse",
    "ProvisionalText",
    "Resume",
    "Retraction",
    "Step",
    "StoreAway",
    "Timeouts",
    "resume_from",
    "write_chapter",
]
