"""Writing one chapter: brief and tools in, checked text and events out. Knows no Django."""

from stories.workflow.checkpoints import Checkpoints, StoreAway
from stories.workflow.graph import write_chapter
from stories.workflow.resume import Resume, resume_from
from stories.workflow.steps import (
    ChapterDraft,
    DraftChoice,
    Glimpse,
    HeldBack,
    Milestone,
    ModelUse,
    Retraction,
    Step,
)
from stories.workflow.tools import ModelProfile, Patience, Tools

__all__ = [
    "ChapterDraft",
    "Checkpoints",
    "DraftChoice",
    "Glimpse",
    "HeldBack",
    "Milestone",
    "ModelProfile",
    "ModelUse",
    "Patience",
    "Resume",
    "Retraction",
    "Step",
    "StoreAway",
    "Tools",
    "resume_from",
    "write_chapter",
]
