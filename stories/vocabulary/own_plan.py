"""A model's own plan of a story's next chapters, where the drawn plot says little of its wish."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

FIELDS = ("want", "obstacle", "find", "use", "refrain")


class OwnPlan(BaseModel):
    """A model's lines in the place of a drawn plot's, in stand-in form; "" where it had none that
    would do. `turns` has a line for each chapter from `first` on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    want: str = ""
    obstacle: str = ""
    find: str = ""
    use: str = ""
    refrain: str = ""
    first: int = 2
    turns: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any([*(getattr(self, name) for name in FIELDS), *self.turns])

    def turn_of(self, number: int) -> str:
        """The line of this chapter; "" where there is none."""
        at = number - self.first
        return self.turns[at] if 0 <= at < len(self.turns) else ""


def stored_own_plan(stored: Any) -> OwnPlan | None:
    """The plan as any release stored it with a chapter; None where there is none to be read."""
    try:
        return OwnPlan.model_validate(stored, extra="ignore") if stored else None
    except ValidationError:
        return None
