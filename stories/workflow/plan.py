"""The turns in which a chapter is written: one, one per beat, or one per sentence of a spine."""

import sys
from dataclasses import dataclass, replace

from stories.safety.sentences import has_end, split
from stories.vocabulary.brief import StoryBrief
from stories.workflow.lengths import least_words, most_words, target_words
from stories.workflow.prompts.beats import MAX_SENTENCES, beats
from stories.workflow.prompts.request import chapter_task
from stories.workflow.prompts.spine import spine
from stories.workflow.resources import ModelProfile

_MAX_ADDED_WORDS = 30


@dataclass(frozen=True, slots=True)
class Turn:
    """One request to the model and what may come of it.

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
    """The turns that are left where `written` is already part of the chapter.

    A spine is rewritten without what the model added to it.
    """
    least = least_words(brief, profile.writing, min_length_percent)
    if profile.writing == "prose":
        task, most = chapter_task(brief, target_words(brief)), most_words(brief, "prose")
        turns = [Turn(task, most, least_words=least)]
        return Plan(tuple(turns), turns[0].instruction, continues=bool(written))
    if profile.writing == "beats":
        turns = _beat_turns(brief)
        turns[-1] = replace(turns[-1], least_words=least)
    else:
        turns = _spine_turns(brief, most_sentences=0 if is_rewrite else 1)
    done = _turns_done(turns, written, brief.language)
    return Plan(tuple(turns[done:]), turns[0].instruction, continues=False)


def _beat_turns(brief: StoryBrief) -> list[Turn]:
    tasks = beats(brief)
    share = most_words(brief, "beats") // len(tasks)
    return [Turn(task, share, MAX_SENTENCES[brief.band]) for task in tasks]


def _spine_turns(brief: StoryBrief, most_sentences: int) -> list[Turn]:
    return [Turn(line, _MAX_ADDED_WORDS, most_sentences, opening=line) for line in spine(brief)]


def _turns_done(turns: list[Turn], written: str, language: str) -> int:
    """How many turns the text covers: those whose own words are in it, else by its sentences."""
    if not written:
        return 0
    if turns[0].opening:
        return sum(1 for turn in turns if turn.opening in written)
    sentences = sum(map(has_end, split(written, language)))
    return min(len(turns) - 1, max(1, round(sentences / turns[0].most_sentences)))
