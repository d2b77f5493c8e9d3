"""Writing a chapter's text with a model: turn by turn, and again where a try came to nothing.

What is approved is never withdrawn here. A try that ended early (unsafe text, a connection cut) is
followed by one that goes on from the approved text. A sentence that nearly passed is worded anew.
"""

import logging
from collections.abc import Callable
from contextlib import aclosing
from enum import Enum

from langchain_core.messages import BaseMessage

from stories.safety.prose import ProseStream
from stories.safety.sentences import has_end, split
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.errors import (
    ContextTooLong,
    EmptyContent,
    ModelTimeout,
    ModelUnavailable,
    SafetyRejected,
)
from stories.vocabulary.nodes import Node
from stories.workflow.additions import Additions
from stories.workflow.calls import Retries, metered, stream_text
from stories.workflow.conversation import Conversation
from stories.workflow.faults import Fault
from stories.workflow.manuscript import Manuscript
from stories.workflow.output import Withheld
from stories.workflow.plan import Plan, Turn
from stories.workflow.prompts.request import avoid_note
from stories.workflow.prompts.tokens import conversation_tokens, tokens_for_words, was_cut
from stories.workflow.resources import ChapterResources
from stories.workflow.rewording import Rewording
from stories.workflow.state import Emit
from stories.workflow.steps import ModelUse

log = logging.getLogger(__name__)

MAX_RESTARTS = 2
_MAX_SOFT_HITS = 3
_LONG_SENTENCE_WORDS = 4
# The category of a layer that could not answer: no concern of the story's.
_FAILURE = "failure"
# A host that sends nothing that is prose, for ever: thoughts, markup, white space.
_MAX_RAW_CHARACTERS = 30_000


class Ended(Enum):
    WHOLE = "the model said all it had to say"
    FULL = "the turn has all the text it may have"
    HELD = "what came was not fit to be shown"


class Drafting:
    """Writes one text. Raises a StoryError where it cannot be brought to an end.

    `begin` makes the conversation before its first turn; `note` is feedback on an earlier version,
    said in every turn.
    """

    def __init__(  # noqa: PLR0913 - keywords all, and one caller
        self,
        manuscript: Manuscript,
        begin: Callable[[], Conversation],
        resources: ChapterResources,
        *,
        language: str,
        step: Node,
        emit: Emit,
        note: str,
        additions: Additions,
    ) -> None:
        self._manuscript = manuscript
        self._additions = additions
        self._begin = begin
        self._conversation = begin()
        self._tools = resources
        self._language = language
        self._emit = emit
        self._writer = metered(resources.writer, step, self._used)
        self._rewording = Rewording(resources, language, step, emit)
        self._retries = Retries(resources)
        self._note = note
        self._concerns: list[str] = []
        self._restarts_left = MAX_RESTARTS
        self._asked: list[BaseMessage] = []
        self._start = self._sentences = self._soft_hits = 0
        self._leaves_out = False
        self._is_answered = True
        self._withheld: list[str] = []

    async def write(self, plan_after: Callable[[str], Plan]) -> None:
        """Until all of the text is shown; `plan_after` says what is left after so much of it."""
        while True:
            try:
                await self._write(plan_after(self._manuscript.text))
                await self._manuscript.settle()
            except Withheld as withheld:
                self._manuscript.take_back(withheld)
                self._withheld.append(withheld.text)
                self._concerns.append(withheld.verdict.category)
                self._restart()
                self._conversation = self._begin()
            else:
                return

    async def _write(self, plan: Plan) -> None:
        if self._manuscript.text and not plan.continues:
            self._conversation.close(plan.first_instruction, self._manuscript.text)
        for number, turn in enumerate(plan.turns):
            if turn.opening and any(turn.opening in text for text in self._withheld):
                continue
            self._start = 0 if plan.continues and number == 0 else len(self._manuscript.text)
            await self._write_turn(turn)
        if not self._manuscript.text:
            raise EmptyContent

    async def _write_turn(self, turn: Turn) -> None:
        self._sentences = 0
        if turn.opening:
            await self._add_to_our_own(turn)
            return
        if not self._written:
            self._manuscript.begin_paragraph()
        await self._write_until_whole(turn)

    async def _add_to_our_own(self, turn: Turn) -> None:
        sentences = split(turn.opening, self._language)
        untold = self._untold(sentences)
        if untold == sentences:
            self._manuscript.begin_paragraph()
        for sentence in untold:
            self._manuscript.offer(sentence)
        self._start = len(self._manuscript.text)
        if self._is_answered:
            await self._try_to_add(turn)
        if self._written:
            self._conversation.close(turn.instruction, self._written)
        else:
            self._conversation.tell(turn.opening)

    def _untold(self, sentences: list[str]) -> list[str]:
        """The sentences of a paragraph without the first ones, where the text ends with them: an
        earlier runner came so far."""
        for told in range(len(sentences), 0, -1):
            if self._manuscript.text.endswith("".join(sentences[:told]).strip()):
                return sentences[told:]
        return sentences

    async def _try_to_add(self, turn: Turn) -> None:
        """A host that is away leaves a chapter of the plan's own words."""
        try:
            await self._try(turn)
        except (ModelUnavailable, ModelTimeout) as error:
            log.warning("the rest of the chapter is the plan's own: %s", error.code)
            self._is_answered = False

    async def _write_until_whole(self, turn: Turn) -> None:
        nothing = self._written
        has_asked_again = False
        while True:
            ended = await self._try(turn)
            if ended is not Ended.HELD and self._written != nothing:
                break
            if ended is Ended.HELD:
                self._restart()
            elif has_asked_again:
                break
            else:
                has_asked_again = True
        if not self._manuscript.text:
            raise EmptyContent
        self._manuscript.close_speech()
        self._conversation.close(turn.instruction, self._written)

    @property
    def _written(self) -> str:
        """The text of this turn so far."""
        return self._manuscript.text[self._start :].strip()

    def _restart(self) -> None:
        if not self._restarts_left:
            raise ModelUnavailable if self._concerns[-1:] == [_FAILURE] else SafetyRejected
        self._restarts_left -= 1
        self._manuscript.attempt += 1

    async def _try(self, turn: Turn) -> Ended:
        """One try, or as many as it takes to get to the end of one with a host that fails."""
        while True:
            try:
                return await self._one_try(turn)
            except Fault as fault:
                await self._retries.wait(fault)

    async def _one_try(self, turn: Turn) -> Ended:
        if self._is_full(turn):
            return Ended.FULL
        self._soft_hits = raw_characters = 0
        self._leaves_out = False
        self._asked = self._prompt(turn)
        prose = ProseStream(self._language)
        stream = stream_text(self._writer, self._asked, self._tools)
        try:
            async with aclosing(stream) as pieces:
                async for piece in pieces:
                    raw_characters += len(piece)
                    if ended := await self._take(prose.feed(piece), turn):
                        return ended
                    if raw_characters > _MAX_RAW_CHARACTERS:
                        return Ended.FULL
                    if self._tools.shows_unchecked_words and not turn.opening:
                        self._glimpse(prose.begun)
            return await self._take(prose.finish(), turn) or self._ended_whole()
        finally:
            self._manuscript.retract()

    def _prompt(self, turn: Turn) -> list[BaseMessage]:
        concerns = [category for category in self._concerns if category != _FAILURE]
        note = avoid_note(concerns) if concerns else self._note
        messages = self._conversation.messages(turn.instruction, self._written, note)
        answer = tokens_for_words(turn.most_words, self._language)
        needed = conversation_tokens(messages, self._language) + answer
        if needed > self._tools.profile.context_tokens:
            raise ContextTooLong
        return messages

    async def _take(self, sentences: list[str], turn: Turn) -> Ended | None:
        self._manuscript.check()
        for sentence in map(self._manuscript.mended, sentences):
            if not sentence.strip() or self._is_said_already(sentence) or self._skips(sentence):
                continue
            verdict = self._manuscript.examine(sentence)
            if verdict.severity is Severity.PASS:
                if turn.opening and not self._additions.fit(sentence, self._manuscript.text):
                    return Ended.FULL
                self._manuscript.add(sentence)
                self._sentences += 1
            elif not await self._mend(sentence, verdict):
                return Ended.HELD
            if self._is_full(turn):
                return Ended.FULL
        return None

    def _glimpse(self, sentence: str) -> None:
        """Shows what may be shown of a sentence that the model has begun."""
        if sentence.strip() and not (self._is_left_out(sentence) or self._may_be_said(sentence)):
            self._manuscript.show_provisional(sentence)

    async def _mend(self, sentence: str, verdict: Verdict) -> bool:
        """Puts another wording in the place of a sentence that did not pass, or leaves it out;
        whether the try may go on."""
        seen = self._manuscript.retract()
        self._concerns.append(verdict.category)
        self._soft_hits += 1
        if verdict.severity is Severity.HARD or self._soft_hits > _MAX_SOFT_HITS:
            self._manuscript.hold_back(sentence, verdict, seen=seen)
            return False
        self._leaves_out = not has_end(sentence)
        if self._manuscript.is_in_sentence:
            self._manuscript.hold_back(sentence, verdict, seen=seen)
            self._manuscript.close_sentence()
            return True
        other = await self._other_wording(sentence, verdict)
        self._manuscript.hold_back(sentence, verdict, other, seen)
        if other:
            self._manuscript.add(other)
            self._sentences += 1
        return True

    def _skips(self, sentence: str) -> bool:
        """True when it is the rest of a long sentence of which a clause did not pass."""
        is_rest = self._is_left_out(sentence)
        self._leaves_out = is_rest and not has_end(sentence)
        return is_rest

    def _is_left_out(self, sentence: str) -> bool:
        return self._leaves_out and not sentence.startswith("\n")

    async def _other_wording(self, sentence: str, verdict: Verdict) -> str:
        """One that passed the same layers in the same place, or ""."""
        before = self._manuscript.end
        answer = await self._rewording.of(sentence, before, verdict.category)
        other = self._manuscript.mended(answer).strip()
        if not other:
            return ""
        second = self._manuscript.examine(other)
        if second.severity is Severity.PASS:
            return other
        self._manuscript.hold_back(other, second)
        return ""

    def _is_said_already(self, sentence: str) -> bool:
        """True when a small model begins to go round in circles, or to recite the examples that it
        was shown first; a good one repeats on purpose."""
        is_long = len(sentence.split()) >= _LONG_SENTENCE_WORDS
        return is_long and self._may_be_said(sentence)

    def _may_be_said(self, beginning: str) -> bool:
        """True when a sentence that begins like this may be one of those."""
        is_small = self._tools.profile.writing != "prose"
        said = f"{self._asked[0].text}\n{self._manuscript.text}"
        return is_small and beginning.strip() in said

    def _ended_whole(self) -> Ended:
        return Ended.HELD if self._soft_hits and not self._written else Ended.WHOLE

    def _is_full(self, turn: Turn) -> bool:
        if len(self._written.split()) >= turn.most_words:
            return True
        return self._sentences >= turn.most_sentences and not self._manuscript.is_in_speech

    def _used(self, use: object) -> None:
        if isinstance(use, ModelUse):
            self._emit(use)
            if was_cut(use.prompt_tokens, self._asked, self._tools.profile.context_tokens):
                log.warning(
                    "the model host read %d tokens, less than it was sent: is its context smaller "
                    "than the %d tokens it is configured with?",
                    use.prompt_tokens,
                    self._tools.profile.context_tokens,
                )
