"""The turns in which a chapter is written: one for all of it, or one for each paragraph of its
plan."""

import sys
from dataclasses import dataclass

from stories.safety.sentences import split
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.chapter_plan import PlannedBeat
from stories.vocabulary.languages import primary_language
from stories.workflow.lengths import least_words, most_words, target_words
from stories.workflow.prompts.beats import instruction, paragraphs
from stories.workflow.prompts.request import chapter_task
from stories.workflow.resources import ModelProfile

_MAX_ADDED_WORDS = 40
_SENTENCES_OF_A_DEED = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """A request to the model and the bounds of its answer.

    A chapter that has fewer than `least_words` after this turn is written on.
    `opening` is a sentence of ours that is shown first and asks for the model's. What it adds to
    that is welcome, not needed: what does not pass is left out, and nothing is asked again.
    """

    instruction: str
    most_words: int
    most_sentences: int = sys.maxsize
    least_words: int = 0
    opening: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`turns` are still to be written; `continues` says that the first of them has text already.

    `first_instruction` is what the text so far counts as the answer to.
    """

    turns: tuple[Turn, ...]
    first_instruction: str
    continues: bool


def plan_chapter(
    brief: StoryBrief,
    profile: ModelProfile,
    written: str,
    *,
    is_rewrite: bool,
    min_length_percent: int = 0,
) -> Plan:
    """The turns left once `written` is part of the chapter.

    A chapter that follows the story's plan is rewritten without what the model added.
    """
    least = least_words(brief, profile.writing, min_length_percent)
    if profile.writing == "prose":
        task, most = chapter_task(brief, target_words(brief)), most_words(brief, "prose")
        turns = [Turn(task, most, least_words=least)]
        return Plan(tuple(turns), turns[0].instruction, continues=bool(written))
    adds = not is_rewrite and primary_language(brief.language) not in profile.plan_only
    turns = _planned_turns(brief, adds=adds)
    done = _turns_done(turns, written, brief.language)
    return Plan(tuple(turns[done:]), turns[0].instruction, continues=False)


def _planned_turns(brief: StoryBrief, *, adds: bool) -> list[Turn]:
    """A turn for each paragraph of the plan; without additions by the model (`adds`), the plan
    alone."""
    beats = paragraphs(brief)
    return [
        Turn(
            instruction(beat),
            _MAX_ADDED_WORDS,
            _sentences_asked(beat) if adds else 0,
            opening=beat.lead,
        )
        for beat in beats
    ]


def _sentences_asked(beat: PlannedBeat) -> int:
    if not beat.ask:
        return 0
    return _SENTENCES_OF_A_DEED if beat.invites else 1


def _turns_done(turns: list[Turn], written: str, language: str) -> int:
    """How many turns the text covers: those whose paragraph stands in it to its last sentence."""
    told, done, at = written.split("\n\n"), 0, 0
    for number, turn in enumerate(turns, 1):
        sentences = [sentence.strip() for sentence in split(turn.opening, language)]
        begun = (index for index in range(at, len(told)) if told[index].startswith(sentences[0]))
        if (found := next(begun, None)) is not None:
            at = found + 1
            done = number if sentences[-1] in told[found] else number - 1
    return done
