"""The plan of one chapter: all its content, before a model words any of it."""

from pydantic import BaseModel, ConfigDict

from .memory import ChapterMemory, Scene
from .own_plan import OwnPlan


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedBeat(_Frozen):
    """A paragraph: `lead` stands as it is, `ask` is the detail that a model may add behind it, in
    English; "" for none. `invites` marks a lead that only names what the family typed, so that
    the model tells the deed itself."""

    lead: str
    ask: str = ""
    invites: bool = False


class PlannedChoice(_Frozen):
    """A choice as it is offered: the button's `text`, and its promise."""

    text: str
    promise: str


class ChapterPlan(_Frozen):
    """One chapter's plan, every name in it a stand-in or a name of the decks.

    `card` is the key of its card in the decks, for staff. `want` to `refrain` are the whole
    story's: what its hero wants, what stands in the way, what is found in the first chapter and
    turns out to be for, and the line that comes back. `fits_wish` is false where the plot serves
    any wish and so says little of this one, `is_met_again` true where the friend is one from an
    earlier story. `memory` is what the cards add to the story's, where the chapter is told by them.
    `own` is a capable model's plan for this branch, which it goes by instead.
    """

    card: str
    story_title: str
    title: str
    summary: str
    want: str
    obstacle: str
    find: str
    use: str
    refrain: str
    learning: str
    friend: str
    friend_name: str
    trait: str
    is_met_again: bool = False
    tone: str
    fits_wish: bool
    scene: Scene
    memory: ChapterMemory = ChapterMemory()
    beats: tuple[PlannedBeat, ...]
    question: str = ""
    choices: tuple[PlannedChoice, ...] = ()
    own: OwnPlan | None = None
