"""The memory of a story: each chapter's facts, threads and scene, and what of them the next chapter
of the same branch is told.

All text is in stand-in form. A chapter keeps its own part; a branch is the sum of its chapters.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

MAX_FACTS = 12
MAX_FACT_CHARACTERS = 2000
"""The most that a brief holds of facts, in number and in characters, sentences among them."""
MAX_THREADS = 6


class FactKind(StrEnum):
    HAS = "has"
    KNOWS = "knows"
    IS_AT = "is_at"
    DID = "did"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(_Frozen):
    """Something that is so from now on: `who` has, knows, is at or did `what`, by this `sentence`
    of its chapter."""

    kind: FactKind
    who: str
    what: str
    sentence: str

    @property
    def words(self) -> str:
        """The fact's own words, all in the story's language."""
        return f"{self.who}: {self.what}"

    @property
    def told(self) -> str:
        """The fact as a model is told it."""
        return f"{self.who} {self.kind.replace('_', ' ')}: {self.what}"

    @property
    def subject(self) -> tuple[str, ...]:
        """The part in which a newer fact takes the place of an older one: a thing has one owner,
        and somebody is at one place."""
        match self.kind:
            case FactKind.HAS:
                return (self.kind, self.what.casefold())
            case FactKind.IS_AT:
                return (self.kind, self.who.casefold())
            case _:
                return (self.kind, self.who.casefold(), self.what.casefold())


class Scene(_Frozen):
    """The setting that a picture of the chapter would show, in the words of `plotting.scenery`; ""
    where it is not known."""

    place: str = ""
    time: str = ""
    weather: str = ""
    who: tuple[str, ...] = ()
    thing: str = ""


class ChapterMemory(_Frozen):
    """One chapter's facts, and the threads that it opens and closes."""

    facts: tuple[Fact, ...] = ()
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """Each part in the story's language, but for the sentences of the chapter itself."""
        return [*(fact.words for fact in self.facts), *self.opened]


class StoryMemory(_Frozen):
    """The memory of one branch, as its next chapter is told it: facts, the newest last, and open
    threads."""

    facts: tuple[Fact, ...] = ()
    threads: tuple[str, ...] = ()


def stored_memory(facts: Any, threads: Any) -> ChapterMemory:
    """A chapter's memory as any release stored it; nothing of it where it cannot be read."""
    parts = threads if isinstance(threads, dict) else {}
    try:
        return ChapterMemory.model_validate({"facts": facts} | parts, extra="ignore")
    except ValidationError:
        return ChapterMemory()


def remembered(path: Iterable[ChapterMemory]) -> StoryMemory:
    """The memory of one branch, from its first chapter to its last; the oldest facts give way."""
    facts: dict[tuple[str, ...], Fact] = {}
    threads: dict[str, str] = {}
    for chapter in path:
        for fact in chapter.facts:
            facts.pop(fact.subject, None)
            facts[fact.subject] = fact
        threads |= {thread.casefold(): thread for thread in chapter.opened}
        for thread in chapter.closed:
            threads.pop(thread.casefold(), None)
    return StoryMemory(facts=_fitting([*facts.values()]), threads=_bounded([*threads.values()]))


def _fitting(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    kept: list[Fact] = []
    left = MAX_FACT_CHARACTERS
    for fact in reversed(facts[-MAX_FACTS:]):
        left -= len(fact.told) + len(fact.sentence)
        if left < 0:
            break
        kept.append(fact)
    return tuple(reversed(kept))


def _bounded(threads: Sequence[str]) -> tuple[str, ...]:
    """The story's first thread, which is what it is about, and the newest of the others."""
    if len(threads) <= MAX_THREADS:
        return tuple(threads)
    return (threads[0], *threads[1 - MAX_THREADS :])
