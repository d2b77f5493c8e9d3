"""Faults between us and a model host, translated once into this product's own words.

A `Fault` is worth another try, a `StoryError` ends the chapter. The exceptions of a provider's
client, and its words for how an answer ended, are translated by `llm`, which knows them.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from stories.vocabulary.errors import StoryError, ToldToStaff


class Fault(ToldToStaff):
    """The model host failed in a way that another try may cure."""


class ColdModel(Fault):
    """The host was still loading the model and answered with nothing."""


class Ending(Enum):
    """The host's reason for the end of an answer."""

    WHOLE = "the model said all it had to say"
    LENGTH = "the host's limit of tokens was reached"
    DECLINED = "the host's own filter stopped it"


@dataclass(frozen=True, slots=True)
class HostErrors:
    """The exceptions of the models' clients: their `kinds`, and the meaning of each for a chapter.

    `translate` gives None for one that is no host's doing. `ending` reads the metadata of a chunk,
    and gives None where it tells of no end.
    """

    kinds: Callable[[], tuple[type[Exception], ...]]
    translate: Callable[[Exception], Fault | StoryError | None]
    ending: Callable[[Mapping[str, Any]], Ending | None]

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except self.kinds() as error:
            if (known := self.translate(error)) is None:
                raise
            raise known from error
