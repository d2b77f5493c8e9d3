"""Faults between us and a model host, translated once into this product's own words.

A `Fault` is worth another try, a `StoryError` ends the chapter. The exceptions of a provider's
client are translated by `llm`, which knows them.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stories.vocabulary.errors import StoryError, ToldToStaff


class Fault(ToldToStaff):
    """The model host failed in a way that another try may cure."""


class ColdModel(Fault):
    """The host was still loading the model and answered with nothing."""


@dataclass(frozen=True, slots=True)
class HostErrors:
    """The exceptions of the models' clients: their `kinds`, and the meaning of each for a chapter.

    `translate` gives None for one that is no host's doing.
    """

    kinds: Callable[[], tuple[type[Exception], ...]]
    translate: Callable[[Exception], Fault | StoryError | None]

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except self.kinds() as error:
            if (known := self.translate(error)) is None:
                raise
            raise known from error
