"""How text that passed the gate's own layers gets out: at once, or, where a guard model is asked as
well, paragraph by paragraph, each of them when the guard has passed it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from stories.events import Content
from stories.safety.guard import Guard
from stories.safety.layers import Passage
from stories.safety.verdict import Verdict
from stories.workflow.state import Emit

# A paragraph that goes on for longer is asked about in parts.
MOST_WORDS = 120
_BEFORE_CHARACTERS = 400


@dataclass(eq=False)
class Withheld(Exception):
    """The guard did not pass a paragraph; what was written after it goes with it."""

    text: str
    verdict: Verdict


class Release:
    """`shown` is what readers have. With a guard, what waits is in no event and in no log, so that
    a run which is taken up again writes it anew."""

    def __init__(self, shown: str, guard: Guard | None, emit: Emit) -> None:
        self.shown = shown
        self._guard = guard
        self._emit = emit
        self._paragraph: list[str] = []
        self._waiting: asyncio.Queue[list[str]] = asyncio.Queue()
        self._withheld: Withheld | None = None

    def add(self, chunk: str) -> None:
        if self._guard is None:
            self._show(chunk)
            return
        is_long = len("".join(self._paragraph).split()) >= MOST_WORDS
        if (is_long and chunk.startswith(" ")) or chunk.startswith("\n\n"):
            self._end_paragraph()
        self._paragraph.append(chunk)

    def check(self) -> None:
        """Raises Withheld once the guard has stopped a paragraph."""
        if self._withheld:
            raise self._withheld

    async def settle(self) -> None:
        """Waits until all that was added is shown. Raises Withheld."""
        self._end_paragraph()
        await self._waiting.join()
        self.check()

    def take_back(self) -> None:
        """Forgets what is not shown."""
        self._paragraph = []
        while not self._waiting.empty():
            self._waiting.get_nowait()
            self._waiting.task_done()
        self._withheld = None

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
        verdict = await guard.examine(Passage(text, self.shown[-_BEFORE_CHARACTERS:]))
        if verdict.approved:
            for chunk in chunks:
                self._show(chunk)
        else:
            self._withheld = Withheld(text.strip(), verdict)

    def _end_paragraph(self) -> None:
        if self._paragraph:
            self._waiting.put_nowait(self._paragraph)
            self._paragraph = []

    def _show(self, chunk: str) -> None:
        self.shown += chunk
        self._emit(Content(chunk=chunk, is_complete=False))
