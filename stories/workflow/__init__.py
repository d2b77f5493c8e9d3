"""Writing one chapter: brief and tools in, checked text and events out. Knows no Django."""

from stories.workflow.checkpoints import Checkpoints, StoreAway
from stories.workflow.graph import write_chapter
from stories.workflow.resume import Resume, resume_from
from stories.workflow.steps import ChapterDraft, DraftChoice, HeldBack, Milestone, ModelUse, Step
from stories.workflow.tools import ModelProfile, Patience, Tools

__all__ = [
    "ChapterDraft",
    "Checkpoints",
    "DraftChoice",
    "HeldBack",
    "Milestone",
    "ModelProfile",
    "ModelUse",
    "Patience",
    "Resume",
    "Step",
    "StoreAway",
    "Tools",
    "resume_from",
    "write_chapter",
]
