"""Turns a model's raw output, as it arrives, into the sentences of a chapter.

What leaves here is clean prose: one blank line between paragraphs, one space between sentences,
no markup and nothing that the model said to itself or about its task. Joined, the sentences are
the chapter byte for byte, and how the model cut its output into pieces makes no difference.
"""

from collections.abc import Callable

from stories.safety.cleaning import CharacterFilter, LineFilter
from stories.safety.sentences import SentenceSplitter
from stories.safety.tags import DISCARD, TagFilter


class ProseStream:
    """One answer of a model; `continues` says that the chapter already has text before it.

    Each sentence starts with the separator that precedes it: nothing for the chapter's first, a
    space or a blank line after that; the first of an answer that continues starts a paragraph.

    Where the first sentence is a thought by `is_thought`, it is kept with all that follows until a
    tag says that thoughts have ended here, and drops them, or until the answer ends.
    """

    def __init__(
        self,
        language: str,
        *,
        continues: bool = False,
        is_thought: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._characters = CharacterFilter()
        self._tags = TagFilter()
        self._lines = LineFilter(language)
        self._sentences = SentenceSplitter(language, continues=continues)
        self._is_thought = is_thought
        self._has_begun = False
        self._thoughts: list[str] | None = None

    def feed(self, piece: str) -> list[str]:
        """The sentences that this piece completed."""
        released: list[str] = []
        for raw in piece:
            for char in self._characters.push(raw):
                for kept in self._tags.push(char):
                    released += self._without_thoughts(self._gather(self._lines.push(kept)))
        return released

    @property
    def begun(self) -> str:
        """The known beginning of the next sentence, in whole words: `SentenceSplitter.begun`."""
        return self._sentences.begun if self._thoughts is None else ""

    def finish(self) -> list[str]:
        """The text still waiting for its end; an unfinished sentence of the model is dropped."""
        rest = self._gather(self._lines.flush()) + self._sentences.finish()
        return [*(self._thoughts or []), *rest]

    def _gather(self, text: str) -> list[str]:
        released: list[str] = []
        for char in text:
            if char == DISCARD:
                self._sentences.discard()
                self._thoughts = None
            else:
                released += self._sentences.push(char)
        return released

    def _without_thoughts(self, sentences: list[str]) -> list[str]:
        if sentences and not self._has_begun:
            self._has_begun = True
            self._thoughts = [] if self._is_thought(sentences[0]) else None
        if self._thoughts is None:
            return sentences
        self._thoughts += sentences
        return []


def sentences_of(text: str, language: str) -> list[str]:
    """A finished text in the pieces in which it was checked, each with its separator before it."""
    stream = ProseStream(language)
    return [*stream.feed(text), *stream.finish()]
