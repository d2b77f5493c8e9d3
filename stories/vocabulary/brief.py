"""The brief: everything a storyteller is told, and the privacy boundary between the family and the
model.

Only the fields of a `StoryBrief` reach prompts, checkpoints and traces. It holds no name: the hero
of a story, and whoever else of the family is in it, goes by a stand-in name, which
`pseudonym.Pseudonym` exchanges for their own on the way out.
"""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from children.profiles import Pronoun, ReadingLevel

from .ages import AgeBand
from .chapter_plan import ChapterPlan
from .languages import stand_ins
from .memory import StoryMemory

__all__ = [
    "AgeBand",
    "ChoiceTaken",
    "Companion",
    "Concern",
    "PastChapter",
    "StoryBrief",
    "hero_of",
    "stored_brief",
]


class Concern(StrEnum):
    """Kinds of faults found by staff in a chapter; its new version keeps away from them."""

    FEAR = "fear"
    VIOLENCE = "violence"
    SADNESS = "sadness"
    MEANNESS = "meanness"
    DANGEROUS = "dangerous"
    UNSUITABLE = "unsuitable"
    QUALITY = "quality"
    OTHER = "other"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChoiceTaken(_Frozen):
    """The child's decision at the end of a chapter; `is_own_idea` marks the child's own words."""

    text: str
    description: str = ""
    is_own_idea: bool = False


class Companion(_Frozen):
    """Somebody of the family who goes along with the hero; `name` is a stand-in."""

    name: str
    pronoun: Pronoun = Pronoun.OPEN


class PastChapter(_Frozen):
    """A chapter on the child's path, and the choice that led away from it.

    `text` and `summary` are in stand-in form. `choice` is None where the story simply went on.
    """

    number: int
    title: str
    summary: str
    text: str
    choice: ChoiceTaken | None = None


class StoryBrief(_Frozen):
    """One chapter's commission.

    `age` is in whole years; `checked_as` is the band whose limits hold for what happens, while
    voice and length go by the age; `language` is a BCP 47 tag; `path` holds the chapters before
    this one, oldest first, so that the last one's `choice` is the choice this chapter has to
    honour. `hero` is the stand-in name of the main character, `companions` are those of the family
    who were chosen to go along. `concerns` are what staff found wrong with earlier chapters at this
    position: kinds of things, never anybody's words. `plan` is the chapter's part of the story's
    plan; runs of earlier releases were stored without one.
    `memory` is what the chapters of `path` left, and no other chapter did.
    """

    theme: str
    title: str = ""
    language: str = "en"
    age: int
    checked_as: AgeBand = Field(default_factory=lambda known: AgeBand.for_age(known["age"]))
    reading_level: ReadingLevel
    interests: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    concerns: tuple[Concern, ...] = ()
    hero: str = ""
    pronoun: Pronoun = Pronoun.OPEN
    companions: tuple[Companion, ...] = ()
    chapter_number: int = 1
    total_chapters: int = 5
    path: tuple[PastChapter, ...] = ()
    plan: ChapterPlan | None = None
    memory: StoryMemory = StoryMemory()

    @property
    def band(self) -> AgeBand:
        """The age band of the story."""
        return AgeBand.for_age(self.age)

    @property
    def is_ending(self) -> bool:
        return self.chapter_number >= self.total_chapters

    @property
    def choice(self) -> ChoiceTaken | None:
        return self.path[-1].choice if self.path else None


def hero_of(brief: StoryBrief) -> str:
    """The hero's name in this story's text, as long as a model writes it."""
    return brief.hero or stand_ins(brief.language)[0]


def stored_brief(stored: Any) -> StoryBrief:
    """A brief as any release stored it: what this one does not know is left out."""
    return StoryBrief.model_validate(stored, extra="ignore")
