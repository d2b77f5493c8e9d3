"""The way out for text that passed the gate's own layers: at once, or, with a guard model,
paragraph by paragraph, each when the guard has passed it.

Where a family sees the writing itself, text is shown ahead of that, and withdrawn if need be."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from stories.safety.guard import NAME, Guard
from stories.safety.layers import Passage
from stories.safety.verdict import Verdict
from stories.workflow.state import Emit
from stories.workflow.steps import Approved, ProvisionalText, Retraction

# A paragraph that goes on for longer is asked about in parts.
MAX_WORDS = 120
_GUARD_CONTEXT_CHARACTERS = 400


@dataclass(eq=False)
class Withheld(Exception):
    """The guard did not pass a paragraph; what was written after it goes with it."""

    text: str
    verdict: Verdict


class OutputBuffer:
    """`approved` is the text passed by all layers and shown to readers. With a guard, what waits is
    in no event and in no log, so that a run which is taken up again writes it anew.

    With `shows_unchecked_words` readers have more: what waits for the guard, and the first words of
    a sentence.
    `is_guarded` says that a guard has passed all that is approved: an advisory one may have failed.
    """

    def __init__(
        self, approved: str, guard: Guard | None, emit: Emit, *, shows_unchecked_words: bool = False
    ) -> None:
        self.approved = approved
        # Nobody knows any more which layers have passed the text of an earlier runner.
        self.is_guarded = guard is not None and not approved
        self._shows_unchecked_words = shows_unchecked_words
        self._guard = guard
        self._emit = emit
        self._ahead = self._words = ""
        self._paragraph: list[str] = []
        self._waiting: asyncio.Queue[list[str]] = asyncio.Queue()
        self._withheld: Withheld | None = None

    def show_provisional(self, words: str) -> None:
        """Shows the first words of a sentence, which has not passed yet."""
        if self._words.startswith(words):
            return
        if not words.startswith(self._words):
            self.retract()
        self._emit(ProvisionalText(words[len(self._words) :]))
        self._words = words

    def retract(self) -> str:
        """Withdraws the shown words of a sentence, and returns them."""
        words, self._words = self._words, ""
        if words:
            self._emit(Retraction(self._ahead))
        return words

    def add(self, chunk: str) -> None:
        """Take text that passed the gate; it begins with the words that are shown, or they with
        it."""
        if not (chunk.startswith(self._words) or self._words.startswith(chunk)):
            self.retract()
        if self._shows_unchecked_words and self._guard:
            self._show_ahead(chunk)
        self._words = self._words[len(chunk) :]
        if self._guard is None:
            self._approve(chunk)
            return
        is_long = len("".join(self._paragraph).split()) >= MAX_WORDS
        if (is_long and chunk.startswith(" ")) or chunk.startswith("\n\n"):
            self._end_paragraph()
        self._paragraph.append(chunk)

    def check(self) -> None:
        """Raises Withheld once the guard has stopped a paragraph."""
        if self._withheld:
            raise self._withheld

    async def settle(self) -> None:
        """Waits until all added text is shown. Raises Withheld."""
        self._end_paragraph()
        await self._waiting.join()
        self.check()

    def take_back(self) -> None:
        """Forgets unapproved text, and withdraws the part of it that is shown."""
        self._paragraph = []
        while not self._waiting.empty():
            self._waiting.get_nowait()
            self._waiting.task_done()
        self._withheld = None
        if self._ahead or self._words:
            self._ahead = self._words = ""
            self._emit(Retraction(""))

    @asynccontextmanager
    async def asking(self) -> AsyncGenerator[None]:
        """While this is open, the guard is asked about one paragraph after the other."""
        if self._guard is None:
            yield
            return
        task = asyncio.ensure_future(self._ask_in_turn(self._guard))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _ask_in_turn(self, guard: Guard) -> None:
        while True:
            chunks = await self._waiting.get()
            if self._withheld is None:
                await self._ask(guard, chunks)
            self._waiting.task_done()

    async def _ask(self, guard: Guard, chunks: list[str]) -> None:
        text = "".join(chunks)
        verdict = await guard.examine(Passage(text, self.approved[-_GUARD_CONTEXT_CHARACTERS:]))
        if verdict.approved:
            self.is_guarded = self.is_guarded and NAME in verdict.layers
            for chunk in chunks:
                self._approve(chunk)
        else:
            self._withheld = Withheld(text.strip(), verdict)

    def _end_paragraph(self) -> None:
        if self._paragraph:
            self._waiting.put_nowait(self._paragraph)
            self._paragraph = []

    def _show_ahead(self, chunk: str) -> None:
        if rest := chunk[len(self._words) :]:
            self._emit(ProvisionalText(rest))
        self._ahead += chunk

    def _approve(self, chunk: str) -> None:
        self.approved += chunk
        self._ahead = self._ahead[len(chunk) :]
        self._emit(Approved(chunk))
