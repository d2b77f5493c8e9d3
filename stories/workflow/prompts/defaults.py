"""Defaults for a missing structured answer: plain words of ours, true of any story."""

from functools import cache

from pydantic import BaseModel, ConfigDict

from stories.vocabulary.languages import Language


class Defaults(BaseModel):
    """`choices` are pairs of text and description."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    ending_title: str
    question: str
    choices: tuple[tuple[str, str], ...]
    learning: str


@cache
def defaults_of(language: Language) -> Defaults:
    return Defaults.model_validate(language.toml("prompts.toml")["defaults"])
