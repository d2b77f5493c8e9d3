"""A chapter's text as it grows: text that passed the gate, and nothing else."""

import re
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from stories.safety.layers import worst
from stories.safety.sentences import has_end, starts_of
from stories.safety.verdict import Severity, Verdict
from stories.workflow.output import OutputBuffer, Withheld
from stories.workflow.progress import ProgressMeter
from stories.workflow.resources import ChapterResources
from stories.workflow.state import Emit
from stories.workflow.steps import HeldBack, TextWhole

# Of the approved text, for a model that words a sentence anew.
_END_CHARACTERS = 400
_MIN_PARAGRAPH_WORDS = 20
_OPENING_MARKS = ('"', "\u201c", "\u00ab", "\u2014")
_MARK = r"[\"\u201d]"
_MARK_OUTSIDE_WORD = re.compile(r"(?<!\w)\"|\"(?!\w)")
_STRAY_AT_START = re.compile(rf"\s*{_MARK}(?=\s|$)")
_STRAY = re.compile(rf"(?<=[.!?,\u2026])\s+({_MARK})(?=\s|$)")


class Manuscript:
    """`attempt` counts from 1 and is raised by whoever starts anew. With a guard model the end of
    `text` may still wait for it, and has not been shown."""

    def __init__(
        self,
        text: str,
        attempt: int,
        *,
        resources: ChapterResources,
        progress: ProgressMeter,
        emit: Emit,
    ) -> None:
        self.text = text
        self.attempt = attempt
        self._gate = resources.gate
        self._output = OutputBuffer(
            text, resources.guard, emit, shows_unchecked_words=resources.shows_unchecked_words
        )
        self._progress = progress
        self._emit = emit
        self._shows_unchecked_words = resources.shows_unchecked_words
        self._is_choppy = resources.profile.writing == "beats"
        # A guard lets paragraphs out, so that what is shown ends with one.
        self._begins_paragraph = bool(text) and resources.guard is not None
        self._sentence_at = len(text) if has_end(text) else text.rfind("\n\n") + 1

    @property
    def word_count(self) -> int:
        return len(self.text.split())

    @property
    def is_guarded(self) -> bool:
        """True when a guard is known to have passed all that is shown."""
        return self._output.is_guarded

    def begin_paragraph(self) -> None:
        self._begins_paragraph = True

    def end(self, language: str) -> str:
        """The last whole sentences of the text, as context for the next one."""
        if len(self.text) <= _END_CHARACTERS:
            return self.text
        tail = self.text[-_END_CHARACTERS:]
        return tail[next(starts_of(tail, language), 0) :]

    def offer(self, sentence: str) -> Verdict:
        """Adds the sentence if it passes; keeps a record for staff if it does not."""
        verdict = self.examine(sentence)
        if verdict.severity is Severity.PASS:
            self.add(sentence)
        else:
            self.hold_back(sentence, verdict)
        return verdict

    def examine(self, sentence: str) -> Verdict:
        """The gate's verdict on the sentence as the next one of the text; of a clause, also on the
        sentence as far as it goes with it."""
        breaks = sentence.startswith("\n") and self._may_break_before(sentence)
        self._begins_paragraph = self._begins_paragraph or breaks
        chunk = self._chunk(sentence)
        verdict = self._gate.check(chunk, before=self.text)
        if not self.is_in_sentence:
            return verdict
        start = self._sentence_at
        whole = self._gate.check(self.text[start:] + chunk, before=self.text[:start])
        return worst([verdict, whole])

    @property
    def is_in_sentence(self) -> bool:
        """True when the next text goes on with a sentence too long to wait for."""
        return not self._begins_paragraph and self._sentence_at < len(self.text)

    def show_provisional(self, sentence: str) -> None:
        """Shows as much of the next sentence's first words as no rule can reach any more."""
        if _STRAY_AT_START.match(sentence) or _STRAY.search(sentence):
            return
        breaks = sentence.startswith("\n") and self._may_break_before(sentence)
        chunk = self._chunk(sentence, breaks=breaks)
        goes_on = self.is_in_sentence and not breaks
        start = self._sentence_at if goes_on else len(self.text)
        said = self.text[start:]
        cleared = self._gate.cleared(said + chunk, before=self.text[:start]) - len(said)
        self._output.show_provisional(chunk[: max(0, cleared)])

    def retract(self) -> str:
        """Withdraws the shown part of a sentence outside the text, and returns it."""
        return self._output.retract()

    def _may_break_before(self, sentence: str) -> bool:
        """A small model begins a paragraph with nearly every sentence; only speech may."""
        if not self._is_choppy or sentence.lstrip().startswith(_OPENING_MARKS):
            return True
        paragraph = self.text.rpartition("\n\n")[2]
        return len(paragraph.split()) >= _MIN_PARAGRAPH_WORDS

    def add(self, sentence: str) -> None:
        """Adds a sentence, which must have been examined here and now, and passed."""
        chunk = self._chunk(sentence)
        if not self.is_in_sentence:
            self._sentence_at = len(self.text)
        self._begins_paragraph = False
        self.text += chunk
        if has_end(chunk):
            self._sentence_at = len(self.text)
        self._output.add(chunk)
        if progress := self._progress.wrote(self.word_count):
            self._emit(progress)

    def hold_back(
        self, sentence: str, verdict: Verdict, replacement: str = "", seen: str = ""
    ) -> None:
        """Keeps a record for staff; a replacement is one that passed."""
        text, seen = sentence.strip(), seen.strip()
        ahead = self._waiting + ("\n\n" if self._begins_paragraph and self.text else "")
        self._emit(HeldBack(self.attempt, "prose", text, replacement, verdict, ahead, seen))

    @property
    def _waiting(self) -> str:
        """The end of the text, not passed by the guard yet."""
        return self.text[len(self._output.approved) :]

    def _chunk(self, sentence: str, *, breaks: bool = False) -> str:
        separator = "\n\n" if breaks or self._begins_paragraph else " "
        return (separator if self.text else "") + sentence.strip()

    def mended(self, sentence: str) -> str:
        """The sentence, with stray closing quotation marks put where they belong."""
        stray = _STRAY_AT_START.match(sentence)
        if stray and self.is_in_speech:
            self.close_speech()
            sentence = sentence[stray.end() :]
        return _STRAY.sub(r"\1", sentence) if any(map(str.isalnum, sentence)) else ""

    def close_sentence(self) -> None:
        """Ends a sentence whose rest is left out."""
        if self.is_in_sentence:
            self.text += "…"
            self._sentence_at = len(self.text)
            self._output.add("…")

    @property
    def is_in_speech(self) -> bool:
        """True when the text ends inside a quotation."""
        return bool(self._missing_mark())

    def close_speech(self) -> None:
        """Ends a quotation left open by the model."""
        if mark := self._missing_mark():
            self.text += mark
            self._sentence_at = len(self.text) if has_end(self.text) else self._sentence_at
            self._output.add(mark)

    def _missing_mark(self) -> str:
        paragraph = self.text.rsplit("\n\n", 1)[-1]
        if len(_MARK_OUTSIDE_WORD.findall(paragraph)) % 2:
            return '"'
        return "\u201d" if paragraph.count("\u201c") > paragraph.count("\u201d") else ""

    def guarded(self) -> AbstractAsyncContextManager[None]:
        """A context in which waiting text gets out as the guard passes it."""
        return self._output.asking()

    def check(self) -> None:
        """Raises Withheld once the guard has stopped a part of the text."""
        self._output.check()

    async def settle(self) -> None:
        """Waits until all of the text is shown. Raises Withheld."""
        await self._output.settle()

    def take_back(self, withheld: Withheld) -> None:
        """Goes back to the shown text, with a record for staff of the part stopped by the guard."""
        layers = (*self._gate.layers, *withheld.verdict.layers)
        verdict = replace(withheld.verdict, layers=layers)
        ahead = "\n\n" if self._waiting.startswith("\n\n") else ""
        seen = withheld.text if self._shows_unchecked_words else ""
        self._emit(HeldBack(self.attempt, "prose", withheld.text, "", verdict, ahead, seen))
        self._output.take_back()
        self.text = self._output.approved
        self._sentence_at = len(self.text)
        self._begins_paragraph = bool(self.text)

    def finish(self) -> None:
        self._emit(TextWhole())
