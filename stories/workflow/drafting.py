"""Writing a chapter's text with a model: turn by turn, and again where a try came to nothing.

What is approved is never withdrawn here. A try that ended early (unsafe text, a connection cut) is
followed by one that goes on from the approved text. A sentence that nearly passed, or is not what
was asked for, is worded anew. A chapter is whole when the host says so and it is long enough.
"""

import logging
from collections.abc import Callable
from contextlib import aclosing
from enum import Enum
from functools import cached_property

from langchain_core.messages import BaseMessage

from stories.safety.prose import ProseStream
from stories.safety.sentences import has_end, split
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.errors import (
    ContextTooLong,
    Declined,
    EmptyContent,
    ModelTimeout,
    ModelUnavailable,
    SafetyRejected,
    TooShort,
)
from stories.vocabulary.nodes import Node
from stories.workflow.additions import Additions
from stories.workflow.asked import Asked
from stories.workflow.calls import Retries, metered, stream_text
from stories.workflow.conversation import Conversation
from stories.workflow.echo import Echo
from stories.workflow.faults import Ending, Fault
from stories.workflow.manuscript import Manuscript
from stories.workflow.outcome import NAME, Kind, found_in, note_on, refuses
from stories.workflow.output import Withheld
from stories.workflow.plan import Plan, Turn
from stories.workflow.promises import keeps_choice
from stories.workflow.prompts.leveling import level_note
from stories.workflow.prompts.request import avoid_note, story_wished_for
from stories.workflow.prompts.system import samples_of
from stories.workflow.prompts.tokens import conversation_tokens, tokens_for_words, was_cut
from stories.workflow.resources import ChapterResources
from stories.workflow.rewording import Rewording
from stories.workflow.state import Emit
from stories.workflow.steps import ModelUse
from stories.workflow.thoughts import aside_in

log = logging.getLogger(__name__)

MAX_RESTARTS = 2
_MAX_SOFT_HITS = 3
# Per chapter. A safe sentence beside the wish is a flaw, and each call for another one is a wait.
_MAX_MENDS = 3
# A chapter that ended too early, by its host's limit of tokens or by its model's own will, is gone
# on with so often: it may cost twice the calls of a good one.
_MAX_FURTHER = 3
# Of these, one that ended by itself is asked for more, and then tried anew.
_MAX_MORE = 2
# By then what was chosen happens. Where it does not, there is still time for it in the beginning.
_CHOICE_WITHIN_WORDS = 50
# A refusal comes first, perhaps after a polite word.
_REFUSAL_WITHIN_SENTENCES = 2
_LONG_SENTENCE_WORDS = 4
# The category of a layer that could not answer: no concern of the story's.
_FAILURE = "failure"
# That of text about the task, such as thoughts without a mark: the model's fault, and not unsafe.
_LEFTOVER = "leftover"
_UNSAID = "…"
# The error after the last try, by its concern; any other concern was one of safety.
_GIVEN_UP = {
    _FAILURE: ModelUnavailable,
    _LEFTOVER: EmptyContent,
    Kind.REFUSAL: Declined,
    Kind.REPETITION: TooShort,
}
# Ends the answer of a host that sends thoughts, markup or white space for ever.
_MAX_RAW_CHARACTERS = 30_000


class Ended(Enum):
    WHOLE = "the model said all it had to say"
    CUT = "the host had no more tokens for it"
    FULL = "the turn has all the text it may have"
    HELD = "what came was not fit to be shown"
    MISSED = "the chapter went on without what was chosen"


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
        asked: Asked,
        step: Node,
        emit: Emit,
        note: str,
    ) -> None:
        self._manuscript = manuscript
        self._begin = begin
        self._conversation = begin()
        self._resources = resources
        self._wanted = asked
        self._language = asked.brief.language
        self._emit = emit
        self._writer = metered(resources.writer, step, self._used)
        self._rewording = Rewording(resources, self._language, step, emit)
        self._retries = Retries(resources)
        self._note = note
        self._concerns: list[str] = []
        self._restarts_left = MAX_RESTARTS
        self._mends_left = _MAX_MENDS
        self._further_left = _MAX_FURTHER
        self._more_left = _MAX_MORE
        self._asked: list[BaseMessage] = []
        self._start = self._sentences = self._soft_hits = self._taken = 0
        self._said_before = ""
        self._samples = Echo(samples_of(asked.brief), wanted=story_wished_for(asked.brief))
        self._leaves_out = False
        self._awaits_choice = manuscript.word_count < _CHOICE_WITHIN_WORDS
        self._has_missed_choice = False
        self._is_answered = True
        self._withheld: list[str] = []

    @cached_property
    def _additions(self) -> Additions:
        return Additions(self._wanted)

    async def write(self, plan_after: Callable[[str], Plan]) -> None:
        """Writes until all of the text is shown; `plan_after` gives the rest of the plan after a
        text."""
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
            # The guard stopped this paragraph of ours: told again, it would be stopped again.
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
        """The sentences of a paragraph without those that end the text already: an earlier runner
        came so far."""
        for told in range(len(sentences), 0, -1):
            if self._manuscript.text.endswith("".join(sentences[:told]).strip()):
                return sentences[told:]
        return sentences

    async def _try_to_add(self, turn: Turn) -> None:
        """Tries to add to the plan's words; a host that is away leaves a chapter of these alone."""
        try:
            await self._try(turn)
        except (ModelUnavailable, ModelTimeout) as error:
            log.warning("the rest of the chapter is the plan's own: %s", error.code)
            self._is_answered = False

    async def _write_until_whole(self, turn: Turn) -> None:
        nothing = self._written
        has_asked_again = False
        while True:
            before = self._written
            ended = await self._try(turn)
            if ended is Ended.MISSED:
                continue
            if ended is Ended.HELD and self._is_needed(turn):
                self._restart()
            elif ended is Ended.CUT and self._written != before and self._further_left:
                self._further_left -= 1
            # An empty answer is mostly chance: the same request, once more, costs no try.
            elif self._written == nothing and not has_asked_again:
                has_asked_again = True
            elif self._is_long_enough(turn):
                break
            else:
                self._ask_for_more()
        self._manuscript.close_speech()
        self._conversation.close(turn.instruction, self._written)

    @property
    def _written(self) -> str:
        """The text of this turn so far."""
        return self._manuscript.text[self._start :].strip()

    def _is_long_enough(self, turn: Turn) -> bool:
        """Raises EmptyContent where there is nothing at all."""
        if not self._manuscript.text:
            raise EmptyContent
        return self._manuscript.word_count >= turn.least_words

    def _is_needed(self, turn: Turn) -> bool:
        """True when a fruitless try has to be followed by another. A chapter that is long enough is
        not lost because its model went round in circles, or wanted no more."""
        is_harmless = self._concerns[-1] in {Kind.REFUSAL, Kind.REPETITION}
        is_chapter = bool(self._manuscript.text) and self._is_long_enough(turn)
        return bool(self._restarts_left) or not (is_harmless and is_chapter)

    def _ask_for_more(self) -> None:
        """Makes way for another try at a chapter that is too short: at first as if it were the same
        one. Raises TooShort."""
        if not (self._more_left and self._further_left):
            raise TooShort(f"the chapter ended after {self._manuscript.word_count} words")
        self._further_left -= 1
        self._more_left -= 1
        self._concerns.append(Kind.SHORT)
        if not self._more_left:
            self._manuscript.attempt += 1

    def _restart(self) -> None:
        if not self._restarts_left:
            raise _GIVEN_UP.get(self._concerns[-1], SafetyRejected)
        self._restarts_left -= 1
        self._manuscript.attempt += 1

    async def _try(self, turn: Turn) -> Ended:
        """Runs one try to its end, anew for as long as its host fails."""
        while True:
            try:
                return await self._one_try(turn)
            except Fault as fault:
                await self._retries.wait(fault)

    async def _one_try(self, turn: Turn) -> Ended:
        if self._is_full(turn):
            return Ended.FULL
        self._soft_hits = self._taken = raw_characters = 0
        self._said_before = self._written
        self._leaves_out = False
        self._asked = self._prompt(turn)
        prose, ending, begun = self._prose(), Ending.WHOLE, ""
        stream = stream_text(self._writer, self._asked, self._resources)
        try:
            async with aclosing(stream) as pieces:
                async for piece in pieces:
                    # Kept from before `finish`: a declined answer is recorded with these words.
                    if isinstance(piece, Ending):
                        ending, begun = piece, prose.begun
                        continue
                    raw_characters += len(piece)
                    if ended := await self._take(prose.feed(piece), turn):
                        return ended
                    if raw_characters > _MAX_RAW_CHARACTERS:
                        return Ended.FULL
                    if self._resources.shows_unchecked_words and not turn.opening:
                        self._show_provisional(prose.begun)
            return await self._take(prose.finish(), turn) or self._ended(ending, begun)
        finally:
            # However the try ended, words shown of an unfinished sentence are no part of the text.
            self._manuscript.retract()

    def _prose(self) -> ProseStream:
        row = self._wanted.row
        return ProseStream(self._language, aside_in=lambda said: aside_in(said, row))

    def _prompt(self, turn: Turn) -> list[BaseMessage]:
        concerns = [each for each in self._concerns if each not in {_FAILURE, *Kind}]
        # Concerns of this version outweigh the feedback on the one before.
        note = avoid_note(concerns) if concerns else self._note
        missed = [Kind.CHOICE] if self._has_missed_choice else []
        faults = note_on([*self._concerns, *missed], self._wanted)
        note = "\n".join(filter(None, [note, faults, self._level_note()]))
        messages = self._conversation.messages(turn.instruction, self._written, note)
        words_left = max(0, turn.most_words - len(self._written.split()))
        answer = tokens_for_words(words_left, self._language)
        needed = conversation_tokens(messages, self._language) + answer
        if needed > self._resources.profile.context_tokens:
            raise ContextTooLong
        return messages

    def _level_note(self) -> str:
        """The text so far as its level is, for a model that can heed it."""
        is_heeded = self._resources.profile.writing == "prose"
        return level_note(self._wanted.brief, self._manuscript.text) if is_heeded else ""

    async def _take(self, sentences: list[str], turn: Turn) -> Ended | None:
        self._manuscript.check()
        for sentence in map(self._manuscript.mended, sentences):
            if not sentence.strip() or self._is_said_already(sentence) or self._skips(sentence):
                continue
            self._taken += 1
            if self._taken <= _REFUSAL_WITHIN_SENTENCES and refuses(sentence, self._wanted):
                return self._decline(sentence, "words")
            verdict = self._manuscript.examine(sentence)
            if verdict.severity is Severity.PASS:
                if turn.opening and not self._additions.fit(sentence, self._manuscript.text):
                    return Ended.FULL
                if not await self._accept(sentence):
                    return Ended.HELD
            elif not await self._mend(sentence, verdict):
                return Ended.HELD
            if ended := self._ended_by(turn):
                return ended
        return None

    def _ended_by(self, turn: Turn) -> Ended | None:
        """The reason to end a try after the sentence that was taken, if there is one."""
        if self._is_full(turn):
            return Ended.FULL
        return Ended.MISSED if not turn.opening and self._misses_choice() else None

    def _misses_choice(self) -> bool:
        """True once in a chapter, where its beginning says nothing of what was chosen: the model is
        told, and goes on from there."""
        is_due = self._manuscript.word_count >= _CHOICE_WITHIN_WORDS
        is_amid = self._manuscript.is_in_speech or self._manuscript.is_in_sentence
        if not self._awaits_choice or not is_due or is_amid:
            return False
        self._awaits_choice = False
        self._has_missed_choice = not keeps_choice(self._manuscript.text, self._wanted.brief)
        return self._has_missed_choice

    async def _accept(self, sentence: str) -> bool:
        """Adds a sentence that passed the gate. One that is not what was asked for is worded anew,
        or left out of a small model's story, as long as that costs no more than it may. False where
        the text has come to a loop, or turned to another language for good: that is tried anew
        once."""
        kind = self._found_in(sentence)
        if kind is None:
            self._add(sentence)
            return True
        self._concerns.append(kind)
        self._manuscript.retract()
        if kind is Kind.REPETITION:
            return False
        if kind is Kind.LANGUAGE and self._mends_left <= 1 and self._restarts_left == MAX_RESTARTS:
            self._mends_left = 0  # the new try takes their place
            return False
        may_mend, self._mends_left = self._mends_left > 0, max(0, self._mends_left - 1)
        if not may_mend:
            self._add(sentence)
        elif self._resources.profile.writing == "prose":
            other = await self._other_wording(sentence, note_on([kind], self._wanted))
            self._add(other or sentence)
        return True

    def _found_in(self, sentence: str) -> Kind | None:
        if self._manuscript.is_in_sentence:
            return None
        return found_in(sentence, self._manuscript.text, self._wanted)

    def _add(self, sentence: str) -> None:
        self._manuscript.add(sentence)
        self._sentences += 1
        self._has_missed_choice = False

    def _decline(self, sentence: str, rule: str) -> Ended:
        """Ends a try in which the model, or its host, would not tell the story."""
        seen = self._manuscript.retract()
        self._concerns.append(Kind.REFUSAL)
        verdict = Verdict(
            Severity.SOFT, NAME, f"{NAME}.{rule}", Kind.REFUSAL, score=1.0, layers=(NAME,)
        )
        self._manuscript.hold_back(sentence, verdict, seen=seen)
        return Ended.HELD

    def _show_provisional(self, sentence: str) -> None:
        """Shows the beginning of an unfinished sentence, as far as it may be shown."""
        if sentence.strip() and not (self._is_left_out(sentence) or self._may_be_said(sentence)):
            self._manuscript.show_provisional(sentence)

    async def _mend(self, sentence: str, verdict: Verdict) -> bool:
        """Replaces a sentence that did not pass by another wording, or leaves it out; True when the
        try may go on."""
        seen = self._manuscript.retract()
        self._concerns.append(verdict.category)
        self._soft_hits += 1
        if verdict.severity is Severity.HARD or self._soft_hits > _MAX_SOFT_HITS:
            self._manuscript.hold_back(sentence, verdict, seen=seen)
            return False
        self._leaves_out = not has_end(sentence)
        # Its first clauses are shown, and another wording would not fit behind them.
        if self._manuscript.is_in_sentence:
            self._manuscript.hold_back(sentence, verdict, seen=seen)
            self._manuscript.close_sentence()
            return True
        other = await self._other_wording(sentence, avoid_note([verdict.category]))
        self._manuscript.hold_back(sentence, verdict, other, seen)
        if other:
            self._add(other)
        return True

    def _skips(self, sentence: str) -> bool:
        """True for the rest of a long sentence after a clause that did not pass."""
        is_rest = self._is_left_out(sentence)
        self._leaves_out = is_rest and not has_end(sentence)
        return is_rest

    def _is_left_out(self, sentence: str) -> bool:
        return self._leaves_out and not sentence.startswith("\n")

    async def _other_wording(self, sentence: str, note: str) -> str:
        """Another wording, passed by the same layers in the same position and as asked for, or
        ""."""
        before = self._manuscript.end(self._language)
        answer = await self._rewording.of(sentence, before, note)
        other = self._manuscript.mended(answer).strip()
        # Half a sentence begins with a small letter, and words told already are no other wording.
        if not other or other[0].islower() or other in f"{self._manuscript.text} {sentence}":
            return ""
        second = self._manuscript.examine(other)
        if second.severity is Severity.PASS:
            return "" if self._found_in(other) or refuses(other, self._wanted) else other
        self._manuscript.hold_back(other, second)
        return ""

    def _is_said_already(self, sentence: str) -> bool:
        """True when a small model begins to go round in circles, or any model to recite its
        samples. A good one repeats on purpose, but not what it was told to go on from."""
        if self._samples.is_in(sentence):
            return True
        is_long = len(sentence.split()) >= _LONG_SENTENCE_WORDS
        return is_long and (sentence.strip() in self._said_before or self._may_be_said(sentence))

    def _may_be_said(self, beginning: str) -> bool:
        """True when a sentence with this beginning may be one of those."""
        is_small = self._resources.profile.writing != "prose"
        said = f"{self._asked[0].text}\n{self._manuscript.text}"
        return is_small and beginning.strip() in said

    def _ended(self, ending: Ending, begun: str) -> Ended:
        if ending is Ending.DECLINED:
            return self._decline(begun.strip() or _UNSAID, "filter")
        if self._soft_hits and not self._written:
            return Ended.HELD
        return Ended.CUT if ending is Ending.LENGTH else Ended.WHOLE

    def _is_full(self, turn: Turn) -> bool:
        if len(self._written.split()) >= turn.most_words:
            return True
        # A quotation is not cut short: its end is waited for.
        return self._sentences >= turn.most_sentences and not self._manuscript.is_in_speech

    def _used(self, use: object) -> None:
        if isinstance(use, ModelUse):
            self._emit(use)
            if was_cut(use.prompt_tokens, self._asked, self._resources.profile.context_tokens):
                log.warning(
                    "the model host read %d tokens, less than it was sent: is its context smaller "
                    "than the %d tokens it is configured with?",
                    use.prompt_tokens,
                    self._resources.profile.context_tokens,
                )
