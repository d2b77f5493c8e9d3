"""Turns a model's raw output, as it arrives, into the sentences of a chapter.

What leaves here is clean prose: one blank line between paragraphs, one space between sentences,
no markup and nothing that the model said to itself or about its task. Joined, the sentences are
the chapter byte for byte, and how the model cut its output into pieces makes no difference.
"""

from collections.abc import Callable
from enum import Enum

from stories.safety.cleaning import CharacterFilter, LineFilter
from stories.safety.sentences import SentenceSplitter
from stories.safety.tags import DISCARD, TagFilter

# So many sentences in a row that are no asides are the story, and not strewn among thoughts.
_STORY_SENTENCES = 3


class Aside(Enum):
    """Kinds of sentences before a story: about the task, a plan among such, or not telling yet."""

    THOUGHT = "thought"
    PLAN = "plan"
    PAUSE = "pause"


_HELD = frozenset({Aside.THOUGHT, Aside.PAUSE})


class ProseStream:
    """One answer of a model; `continues` says that the chapter already has text before it.

    Each sentence starts with the separator that precedes it: nothing for the chapter's first, a
    space or a blank line after that; the first of an answer that continues starts a paragraph.

    An answer that begins with a thought by `aside_in` is kept until a tag says that thoughts have
    ended here, or until it ends: what comes before the story is dropped. After a pause the next
    sentence tells.
    """

    def __init__(
        self,
        language: str,
        *,
        continues: bool = False,
        aside_in: Callable[[str], Aside | None] = lambda _: None,
    ) -> None:
        self._characters = CharacterFilter()
        self._tags = TagFilter()
        self._lines = LineFilter(language)
        self._sentences = SentenceSplitter(language, continues=continues)
        self._aside_in = aside_in
        self._has_begun = False
        self._held: list[str] = []

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
        begun = self._sentences.begun
        may_be_aside = not self._has_begun and self._aside_in(begun) in _HELD
        return "" if self._held or may_be_aside else begun

    def finish(self) -> list[str]:
        """The text still waiting for its end; an unfinished sentence of the model is dropped."""
        rest = self._gather(self._lines.flush()) + self._sentences.finish()
        held, self._held = [*self._held, *rest], []
        return held if self._has_begun else self._after_thoughts(held)

    def _gather(self, text: str) -> list[str]:
        released: list[str] = []
        for char in text:
            if char == DISCARD:
                self._sentences.discard()
                self._held.clear()
            else:
                released += self._sentences.push(char)
        return released

    def _without_thoughts(self, sentences: list[str]) -> list[str]:
        if self._has_begun or not sentences:
            return sentences
        self._held += sentences
        asides = map(self._aside_in, self._held)
        telling = next((each for each in asides if each is not Aside.PAUSE), Aside.PAUSE)
        if telling in _HELD:
            return []
        self._has_begun = True
        held, self._held = self._held, []
        return held

    def _after_thoughts(self, sentences: list[str]) -> list[str]:
        """The story: it begins where so many sentences in a row are no asides, or the last are
        none."""
        start = 0
        for position, sentence in enumerate(sentences):
            aside = self._aside_in(sentence)
            if aside is Aside.THOUGHT or (start and aside):
                start = position + 1
            elif position - start + 1 == _STORY_SENTENCES:
                break
        if not start or start == len(sentences):
            return sentences[start:]
        separator = sentences[0].removesuffix(sentences[0].lstrip())
        return [separator + sentences[start].lstrip(), *sentences[start + 1 :]]


def sentences_of(text: str, language: str) -> list[str]:
    """A finished text in the pieces in which it was checked, each with its separator before it."""
    stream = ProseStream(language)
    return [*stream.feed(text), *stream.finish()]
