"""Another wording for one sentence that nearly passed, asked of the model in a small call."""

import asyncio
import logging
from contextlib import aclosing

from stories.safety.prose import ProseStream
from stories.vocabulary.errors import StoryError
from stories.vocabulary.nodes import Node
from stories.workflow.calls import metered, stream_text
from stories.workflow.faults import Ending, Fault
from stories.workflow.prompts.rewording import rewording_prompt
from stories.workflow.resources import ChapterResources
from stories.workflow.state import Emit

log = logging.getLogger(__name__)

# The chapter stands still meanwhile, and a host with one slot answers only when it is written.
MAX_SECONDS = 20.0
_MAX_RAW_CHARACTERS = 1000


class Rewording:
    """Asks for as long as the host answers in time."""

    def __init__(self, resources: ChapterResources, language: str, step: Node, emit: Emit) -> None:
        self._editor = metered(resources.editor, step, emit)
        self._resources = resources
        self._language = language
        self._is_of_use = resources.profile.writing == "prose"

    async def of(self, sentence: str, before: str, note: str) -> str:
        """A sentence, unchecked, to replace this one, changed as the `note` says; "" without an
        answer."""
        if not self._is_of_use:
            return ""
        try:
            async with asyncio.timeout(MAX_SECONDS):
                return await self._ask(sentence, before, note)
        except (Fault, StoryError, TimeoutError) as error:
            log.info("no other wording: %s", type(error).__name__)
            self._is_of_use = False
            return ""

    async def _ask(self, sentence: str, before: str, note: str) -> str:
        prose = ProseStream(self._language)
        prompt = rewording_prompt(sentence, before, note, self._language)
        characters = 0
        async with aclosing(stream_text(self._editor, prompt, self._resources)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Ending):
                    break
                if sentences := prose.feed(piece):
                    return sentences[0].strip()
                characters += len(piece)
                if characters > _MAX_RAW_CHARACTERS:
                    return ""
        return next(iter(prose.finish()), "").strip()
