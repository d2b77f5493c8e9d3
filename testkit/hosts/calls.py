"""Calls: a request that arrived at a stand-in, read alike whatever protocol it came in."""

import functools
import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from .quirks import Quirk
from .signals import Signal

_JUDGEMENT_FIELDS = {"approved", "is_approved", "safe", "is_safe", "issues", "concerns", "problem"}

_TRIAL = b"This is a trial of the storyteller."

Kind = Literal["prose", "structured", "judge", "rewording", "guard", "trial", "plan"]
CallT = TypeVar("CallT", bound="Call")


@dataclass
class Call(ABC):
    """A request, and what became of it; the names of its `headers` are in lower case."""

    method: str
    path: str
    raw: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    quirks: frozenset[Quirk] = frozenset()  # those that its answer shows
    at: float = field(default_factory=time.monotonic)  # seconds, as time.monotonic counts
    tokens_sent: int = 0
    answered: Signal = field(default_factory=Signal)
    disconnected: Signal = field(default_factory=Signal)

    # As the protocol has it ----------------------------------------------------------------------

    @property
    @abstractmethod
    def format(self) -> Mapping[str, Any] | str | None:
        """The JSON schema that the answer is to have, "json" for any JSON, None for text."""

    @property
    @abstractmethod
    def limit(self) -> int:
        """The most tokens that the answer may have; negative for no limit."""

    @property
    @abstractmethod
    def is_streamed(self) -> bool: ...

    @property
    @abstractmethod
    def asks_nothing(self) -> bool:
        """True when the protocol has such a call to have the model loaded."""

    # Alike for all -------------------------------------------------------------------------------

    @functools.cached_property
    def body(self) -> dict[str, Any]:
        parsed = json.loads(self.raw or b"{}")
        if not isinstance(parsed, dict):
            raise TypeError("the body is no JSON object")
        return parsed

    @property
    def host(self) -> str:
        """The name by which the server was called."""
        return self.headers.get("host", "").rpartition(":")[0] or self.headers.get("host", "")

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body.get("messages") or []

    @property
    def prompt(self) -> str:
        """Everything the model was told, message after message."""
        return "\n".join(_text_of(message.get("content")) for message in self.messages)

    @property
    def prompt_tokens(self) -> int:
        return len(self.prompt) // 4 + 8 * len(self.messages)

    @functools.cached_property
    def schema(self) -> dict[str, Any] | None:
        """The schema that was asked for beside the prompt, or else in it."""
        if isinstance(self.format, Mapping):
            return dict(self.format)
        return next(_schemas_in(self.prompt), None)

    @property
    def is_trial(self) -> bool:
        """True when the app tries the model out by it."""
        return _TRIAL in self.raw

    @property
    def is_load(self) -> bool:
        """True when the app only has the model loaded by it."""
        try:
            return self.asks_nothing
        except (ValueError, TypeError):  # no body to tell by
            return False

    @property
    def is_plan(self) -> bool:
        """True when the app has the next chapters planned by it."""
        try:
            return self.kind == "plan"
        except (ValueError, TypeError):  # as above
            return False

    @property
    def kind(self) -> Kind:
        if self.is_trial:
            return "trial"
        if "guard" in self.model or (self.schema or {}).get("title") == "paragraph":
            return "guard"
        if (self.schema or {}).get("title") == "plan":
            return "plan"
        if not self.format and self.schema is None:
            return "rewording" if "one sentence of it" in self.prompt else "prose"
        fields = (self.schema or {}).get("properties", {})
        return "judge" if _JUDGEMENT_FIELDS & set(fields) else "structured"


def _text_of(content: object) -> str:
    """A message's content: a text, or parts of which some are texts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _schemas_in(prompt: str) -> Iterator[dict[str, Any]]:
    """JSON schemas of objects that stand in a text."""
    decoder = json.JSONDecoder()
    for start in re.finditer(r"\{\s*\"", prompt):
        try:
            found, _ = decoder.raw_decode(prompt, start.start())
        except ValueError:
            continue
        if isinstance(found.get("properties"), dict):
            yield found
