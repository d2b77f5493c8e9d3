"""From a finished text and the editor's notes to a chapter ready to be stored: every part checked,
and replaced by words of ours if it is missing or did not pass."""

import re
from collections.abc import Collection
from functools import cache
from typing import Any

from stories.reading import explained, measure, words
from stories.safety.judge import Judgement
from stories.safety.sentences import split
from stories.vocabulary.brief import StoryBrief, hero_of
from stories.vocabulary.languages import Language, language_of, languages
from stories.vocabulary.memory import ChapterMemory
from stories.vocabulary.note_lengths import (
    CHOICE,
    CHOICE_DESCRIPTION,
    LEARNING,
    MEANING,
    QUESTION,
    SUMMARY,
    TITLE,
    WORD,
    NoteLength,
)
from stories.workflow import repair
from stories.workflow.echo import Echo
from stories.workflow.prompts.defaults import Defaults, defaults_of
from stories.workflow.prompts.notes import EXAMPLE
from stories.workflow.remembering import memory_in, scene_in
from stories.workflow.resources import ChapterResources
from stories.workflow.state import Emit
from stories.workflow.steps import ChapterDraft, DraftChoice, DraftWord, HeldBack

MIN_CHOICES, MAX_CHOICES = 2, 4
_SAMPLE_TEXTS = frozenset(re.findall(r'(?<=": ")[^"]+|(?<=\[")[^"]+', EXAMPLE.casefold()))
_MIN_WORDS_EXPLAINED, _MAX_WORDS_EXPLAINED = 2, 4


@cache
def _title_wrapping(rows: tuple[Language, ...]) -> re.Pattern[str]:
    """ "Chapter 3:" and the like, in any language, before a chapter's title."""
    words = "|".join(word for row in rows for word in row.labels.chapter)
    return re.compile(rf"^(?:{words})\s*\S{{1,4}}\s*[:.\-\u2013\u2014]\s*", re.IGNORECASE)


class Finishing:
    """Puts one chapter's parts together; `defaulted` gathers the names of those that are ours."""

    def __init__(
        self, brief: StoryBrief, text: str, attempt: int, resources: ChapterResources, emit: Emit
    ) -> None:
        self._brief = brief
        self._text = text
        self._attempt = attempt
        self._gate = resources.gate
        self._emit = emit
        self._ours: Defaults = defaults_of(language_of(brief.language))
        self._hero = hero_of(brief)
        self._held_back: set[str] = set()
        self._sample = Echo(_SAMPLE_TEXTS, wanted=text)
        self._may_be_asked_for = True
        self.defaulted: list[str] = []

    def draft(
        self, notes: dict[str, Any], safety: Judgement, unfit: Collection[str] = ()
    ) -> ChapterDraft:
        """`unfit` are the names of notes in whose place our own words are wanted."""
        brief = self._brief
        notes = {name: note for name, note in notes.items() if name not in unfit}
        self._may_be_asked_for = "title" not in unfit
        self.defaulted.clear()
        return ChapterDraft(
            title=self._title(notes),
            text=self._text,
            question="" if brief.is_ending else self._question(notes),
            choices=() if brief.is_ending else self._choices(notes),
            vocabulary=self._vocabulary(notes),
            summary=self._summary(notes),
            educational_elements=self._learning(notes),
            measures=measure(
                self._text, language=brief.language, age=brief.age, level=brief.reading_level
            ),
            safety=safety,
            used_defaults=tuple(self.defaulted),
            story_title=self._story_title(notes),
            memory=ChapterMemory() if "memory" in unfit else self._memory(notes),
            scene=scene_in(notes),
        )

    def _title(self, notes: dict[str, Any]) -> str:
        is_asked_for = self._may_be_asked_for and self._brief.chapter_number == 1
        asked_for = self._brief.title if is_asked_for else ""
        title = repair.line(notes.get("title")).strip("\"“”'*# ")
        ours = self._ours.ending_title if self._brief.is_ending else self._ours.title
        wanted = asked_for or _title_wrapping(languages()).sub("", title)
        ours = ours.format(number=self._brief.chapter_number)
        return self._checked("title", wanted, ours, TITLE)

    def _story_title(self, notes: dict[str, Any]) -> str:
        title = repair.line(notes.get("story_title"))
        return title if title and self._passes("title", title) else ""

    def _question(self, notes: dict[str, Any]) -> str:
        ours = self._ours.question.format(hero=self._hero)
        return self._checked("question", repair.line(notes.get("question")), ours, QUESTION)

    def _choices(self, notes: dict[str, Any]) -> tuple[DraftChoice, ...]:
        offered = repair.choices(notes.get("choices"))[:MAX_CHOICES]
        passed = [
            (text, about)
            for text, about in offered
            if len(text) <= CHOICE.accepted and len(about) <= CHOICE_DESCRIPTION.accepted
            if not (self._is_of_sample(text) or self._is_of_sample(about))
            if self._passes("choice", ". ".join(filter(None, [text, about])))
        ]
        if len(passed) < MIN_CHOICES:
            self.defaulted.append("choices")
            passed += self._ours.choices[: MIN_CHOICES + 1 - len(passed)]
        promised = _each_once([about for _, about in passed])
        choices = zip([text for text, _ in passed], promised, strict=True)
        return tuple(DraftChoice(text, about, about) for text, about in choices)

    def _vocabulary(self, notes: dict[str, Any]) -> tuple[DraftWord, ...]:
        in_text = {word.casefold() for word in words(self._text, self._brief.language)}
        noted = [
            (word, meaning)
            for word, meaning in repair.vocabulary(notes.get("vocabulary"))
            if word.casefold() in in_text
            and word.casefold() not in {self._hero.casefold(), meaning.casefold()}
            and len(word) <= WORD.accepted
            and len(meaning) <= MEANING.accepted
            and self._passes("vocabulary", f"{word}: {meaning}")
        ]
        listed = explained(self._text, self._brief.language, _MAX_WORDS_EXPLAINED)
        if not noted:
            self.defaulted.append("vocabulary")
        # A word explained by both has the glossary's meaning.
        cards = dict(noted) | {word: about for word, about in listed if word in dict(noted)}
        if len(cards) < _MIN_WORDS_EXPLAINED:
            cards |= dict(listed)
        return tuple(
            DraftWord(word=word, meaning=meaning)
            for word, meaning in list(cards.items())[:_MAX_WORDS_EXPLAINED]
        )

    def _summary(self, notes: dict[str, Any]) -> str:
        noted = repair.line(notes.get("summary"))
        return self._checked("summary", noted, self._ends_of_text(), SUMMARY)

    def _ends_of_text(self) -> str:
        """The first sentence of the chapter and the last two: text that has passed already."""
        sentences = split(self._text, self._brief.language)
        return " ".join(dict.fromkeys([sentences[0], *sentences[-2:]]))

    def _learning(self, notes: dict[str, Any]) -> tuple[str, ...]:
        noted = repair.lines(notes.get("educational_elements"))[:3]
        fitting = [
            text
            for text in dict.fromkeys(noted)
            if len(text) <= LEARNING.accepted and not self._is_of_sample(text)
        ]
        passed = tuple(text for text in fitting if self._passes("learning", text))
        if not passed:
            self.defaulted.append("educational_elements")
        return passed or (self._ours.learning,)

    def _memory(self, notes: dict[str, Any]) -> ChapterMemory:
        def passes(text: str) -> bool:
            return not self._is_of_sample(text) and self._passes("memory", text)

        return memory_in(notes, self._text, self._brief, passes)

    def _checked(self, field: str, text: str, ours: str, length: NoteLength) -> str:
        if (
            0 < len(text) <= length.accepted
            and not self._is_of_sample(text)
            and self._passes(field, text)
        ):
            return text
        self.defaulted.append(field)
        return ours

    def _is_of_sample(self, text: str) -> bool:
        """True for words of the prompt's example that the chapter does not have itself."""
        return text.casefold() in _SAMPLE_TEXTS or self._sample.is_in(text)

    def _passes(self, field: str, text: str) -> bool:
        verdict = self._gate.check(text)
        if not verdict.approved and text not in self._held_back:
            self._held_back.add(text)
            self._emit(HeldBack(self._attempt, field, text, "", verdict))
        return verdict.approved


def _each_once(texts: list[str]) -> list[str]:
    """The texts, with "" for each repetition of an earlier one."""
    return [text if text not in texts[:index] else "" for index, text in enumerate(texts)]
