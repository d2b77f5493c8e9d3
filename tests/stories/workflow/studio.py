"""A studio for the workflow's tests: a brief, resources on the scripted host, a sorting reader."""

from dataclasses import dataclass, field, replace
from typing import Any

import openai
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from children.profiles import ReadingLevel
from stories.llm.faults import HOST_ERRORS
from stories.llm.http import Transport, tls_context
from stories.llm.ollama import Editor
from stories.llm.openai import ChatModel
from stories.safety.gate import Gate
from stories.safety.guard import OWN_MODEL, Guard, dialect_of
from stories.vocabulary.brief import ChoiceTaken, PastChapter, StoryBrief
from stories.workflow.graph import write_chapter
from stories.workflow.resources import ChapterResources, ModelProfile, Timeouts, Writing
from stories.workflow.resume import Resume
from stories.workflow.steps import (
    Advanced,
    Approved,
    ChapterDraft,
    HeldBack,
    Judged,
    Milestone,
    ModelUse,
    NodeStatus,
    Noted,
    RewriteStarted,
    Step,
    TextWhole,
)
from testkit.hosts import ModelHost, Quirk

GENTLE = "Robin found a lantern. It shone on the path. The owl was pleased."
UNSAFE = "Then the man killed everyone with a gun."
READ_ALL_THE_SAME = [
    Quirk.FENCED_JSON,
    Quirk.LEADING_SENTENCE,
    Quirk.TRAILING_WORD,
    Quirk.ARRAY_OF_ONE,
    Quirk.THINK_BLOCK,
    Quirk.THINK_TAIL,
    Quirk.CHANNEL_MARKS,
    Quirk.CHANNEL_NAMES,
    Quirk.THINKS_FIRST,
    Quirk.ANSWER_IN_REASONING,
]
"""Habits of hosts through which an answer to a schema is read."""
QUICK = Timeouts(
    first_token_seconds=5.0,
    next_token_seconds=5.0,
    answer_seconds=5.0,
    retry_waits_seconds=(0.0, 0.0, 0.0),
    cold_waits_seconds=(0.0, 0.0, 0.0),
)


def a_brief(**changes: Any) -> StoryBrief:
    fields: dict[str, Any] = {
        "theme": "a fox who collects lanterns",
        "age": 7,
        "reading_level": ReadingLevel.INTERMEDIATE,
        "hero": "Robin",
    }
    return StoryBrief(**fields | changes)


def a_path(length: int, *, choice: str = "Knock on the blue door", words: int = 60) -> Any:
    """Chapters before the one to be written; each is marked by its number in summary and text."""
    return tuple(
        PastChapter(
            number=number,
            title=f"Title {number}",
            summary=f"Summary {number}. Robin met a friend.",
            text=f"Begin {number}. " + "They walked on. " * (words // 3) + f"End {number}.",
            choice=ChoiceTaken(text=choice if number == length else f"Choice {number}"),
        )
        for number in range(1, length + 1)
    )


def resources_for(
    server: ModelHost[Any],
    brief: StoryBrief,
    *,
    writing: Writing = "prose",
    judges: bool = True,
    structures: bool = True,
    context_tokens: int = 8192,
    timeouts: Timeouts = QUICK,
    guard: str = "",
    guard_seconds: float = 5.0,
    is_advisory: bool = False,
    min_length_percent: int = 0,
) -> ChapterResources:
    """A chapter may be as short as a test's, unless it is about that."""
    model = _client_of(server, server.model, num_ctx=context_tokens)
    profile = ModelProfile(
        name=server.model,
        context_tokens=context_tokens,
        languages=("en", "es", "he"),
        writing=writing,
        judges=judges,
        structures=structures,
    )
    gate = Gate(brief.language, brief.checked_as, brief.avoid)
    resources = ChapterResources(
        profile,
        writer=model,
        editor=model,
        gate=gate,
        host_errors=HOST_ERRORS,
        timeouts=timeouts,
        min_length_percent=min_length_percent,
    )
    if not guard:
        return resources
    dialect = dialect_of(guard)
    assert dialect is not None
    asked = _client_of(server, server.model if guard == OWN_MODEL else guard)
    return replace(
        resources, guard=Guard(asked, dialect, brief.checked_as, guard_seconds, is_advisory)
    )


def _client_of(server: ModelHost[Any], model: str, **options: Any) -> BaseChatModel:
    """The app's client for a stand-in; `options` are Ollama's own."""
    if server.name == "openai":
        return ChatModel(
            model=model,
            base_url=server.base_url,
            api_key=SecretStr("none"),
            max_retries=0,
            stream_usage=True,
            http_client=openai.DefaultHttpxClient(verify=tls_context()),
            http_async_client=openai.DefaultAsyncHttpxClient(verify=tls_context()),
        )
    return Editor(
        model=model,
        base_url=server.url,
        client_kwargs={"verify": tls_context()},
        async_client_kwargs={"transport": Transport(tls_context())},
        **options,
    )


@dataclass
class Reading:
    """The steps of one run, kept also where it ended in an error."""

    steps: list[Step] = field(default_factory=list)

    async def of(
        self, brief: StoryBrief, resources: ChapterResources, *, approved: str = ""
    ) -> "Reading":
        async for step in write_chapter(brief, resources, resume=Resume(approved)):
            self.steps.append(step)
        return self

    @property
    def text(self) -> str:
        """The text on the reader's screen."""
        text = ""
        for step in self.steps:
            if isinstance(step, RewriteStarted):
                text = ""
            elif isinstance(step, Approved):
                text += step.chunk
        return text

    @property
    def order(self) -> list[str]:
        """The events that are no progress; a run of contents counts once."""
        names: list[str] = []
        for step in self.steps:
            if isinstance(step, Advanced | ModelUse | HeldBack | Milestone):
                continue
            name = f"{step.node} {step.status}" if isinstance(step, NodeStatus) else _name(step)
            if name != "content" or names[-1:] != ["content"]:
                names.append(name)
        return names

    def all(self, *kinds: type[Any]) -> list[Any]:
        return [step for step in self.steps if isinstance(step, kinds)]

    @property
    def held(self) -> list[HeldBack]:
        return self.all(HeldBack)

    @property
    def draft(self) -> ChapterDraft:
        *_, draft = self.steps
        assert isinstance(draft, ChapterDraft)
        assert self.all(ChapterDraft) == [draft]
        return draft

    @property
    def shown(self) -> str:
        """The text within a reader's reach, from whatever part of the chapter."""
        hidden = (HeldBack, ModelUse)
        return "\n".join(repr(step) for step in self.steps if not isinstance(step, hidden))


def _name(step: Step) -> str:
    named = {
        Approved: "content",
        TextWhole: "content",
        RewriteStarted: "content_reset",
        Judged: "safety_check",
        Noted: "metadata",
        ChapterDraft: "draft",
    }
    return named[type(step)]
