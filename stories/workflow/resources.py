"""Resources of the workflow: models, a gate, and what the model can do."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stories.safety import guard, judge, rubric
from stories.safety.gate import Gate
from stories.safety.guard import Guard
from stories.workflow.faults import HostErrors

if TYPE_CHECKING:  # LangChain takes half a second to import
    from langchain_core.language_models import BaseChatModel

Writing = Literal["prose", "beats"]


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """The abilities of a model.

    `context_tokens` is what one request may hold, prompt and answer together. `languages` are the
    primary tags of those that stories are offered in. `writing`: `prose` in one free call
    a chapter, `beats` where the story's plan has the chapter's paragraphs, and the model adds a
    sentence to some of them; in the languages of `plan_only` it adds nothing. `judges` and
    `structures` say whether its judgement of safety, and its answers to a JSON schema, are worth
    asking for; where it does not judge, the rubric of words does.
    """

    name: str
    context_tokens: int
    languages: tuple[str, ...]
    writing: Writing
    judges: bool
    structures: bool
    is_demo: bool = False
    plan_only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a model host is waited for, and how often it is asked again.

    `first_token_seconds` covers the loading of a model and the reading of a long prompt.
    `retry_waits_seconds` has one entry for each new try after a host that failed, in all the calls
    of a chapter; `cold_waits_seconds` the same for a host that was still loading its model.
    """

    first_token_seconds: float = 120.0
    next_token_seconds: float = 30.0
    answer_seconds: float = 120.0
    retry_waits_seconds: tuple[float, ...] = (0.3, 1.0, 3.0)
    cold_waits_seconds: tuple[float, ...] = (0.3, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True)
class ChapterResources:
    """One chapter's equipment: `writer` streams prose, `editor` answers judgements and schemas.

    `host_errors` says what their clients' exceptions mean. A `guard` is asked about each paragraph
    before it is shown. With `shows_unchecked_words` a sentence is shown as it is written, as far as
    no rule can reach it; the other layers and the guard follow. A chapter with fewer than
    `min_length_percent` of the words that were asked for is written on.
    """

    profile: ModelProfile
    writer: "BaseChatModel"
    editor: "BaseChatModel"
    gate: Gate
    host_errors: HostErrors
    timeouts: Timeouts = Timeouts()
    guard: Guard | None = None
    shows_unchecked_words: bool = False
    min_length_percent: int = 60

    def layers(self, *, is_guarded: bool) -> tuple[str, ...]:
        """The names of the layers passed by a finished chapter, in order; the guard's if it has
        seen all of it."""
        by = judge.NAME if self.profile.judges else rubric.NAME
        return (*self.gate.layers, *([guard.NAME] if is_guarded else []), by)
