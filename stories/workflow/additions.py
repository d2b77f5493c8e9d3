"""Additions: the sentences that a small model may put behind a paragraph of the plan, and which of
them are fit to stand there."""

import re
from functools import cache

from stories.plotting.telling import planned
from stories.reading import is_everyday, rare_words, words
from stories.vocabulary.brief import hero_of
from stories.workflow.asked import Asked, without_speech
from stories.workflow.echo import Echo, content_words
from stories.workflow.lengths import level_target
from stories.workflow.prompts.beats import SAMPLE

_MIN_NEW_WORDS = 2
_MARKUP = re.compile(r"[\[\](){}*_#:;]")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")


class Additions:
    """Judges what a model adds to the plan of one chapter, by form alone."""

    def __init__(self, asked: Asked) -> None:
        brief = asked.brief
        plan = planned(brief)
        leads = [beat.lead for beat in plan.beats]
        self._wrong_pronouns = asked.wrong_pronouns
        self._max_words = level_target(brief).longest
        told_by = asked.words.additions
        self._talk = _any_of(told_by.talk)
        self._moves_on = _any_of(told_by.moves_on)
        self._vague = _any_of(told_by.vague)
        self._hollow = _whole(told_by.hollow)
        self._row = asked.row
        self._language = brief.language
        self._known = {word for lead in leads for word in re.findall(r"\w+", lead)}
        self._told = {word.casefold() for word in self._known}
        self._known |= {hero_of(brief), plan.friend_name, *re.findall(r"\w+", plan.friend)}
        self._known |= {each.name for each in brief.companions}
        asks = [beat.ask for beat in plan.beats]
        earlier = [chapter.text for chapter in brief.path]
        self._echo = Echo([*leads, *asks, *earlier, *(part for turn in SAMPLE for part in turn)])

    def fit(self, sentence: str, before: str) -> bool:
        """Whether a sentence may follow the chapter's text so far."""
        told = without_speech(sentence)
        return (
            len(sentence.split()) <= self._max_words
            and not self._talk.search(told)
            and not self._moves_on.match(sentence)
            and not _MARKUP.search(told)
            and not self._vague.search(sentence)
            and not self._hollow.match(told)
            and self._is_in_easy_words(sentence)
            and all(name in self._known for name in self._names(told))
            and self._names_hero_rightly(told)
            and not self._echo.is_in(sentence)
            and _says_something_new(sentence, before)
        )

    def _is_in_easy_words(self, sentence: str) -> bool:
        """True when a sentence has no rarer words: with those a small model leaves the story's
        world."""
        rare = rare_words(sentence, self._language, self._max_words)
        return all(word in self._told for word in rare)

    def _names(self, told: str) -> list[str]:
        """Words with a capital within a sentence, and its first one if that is no ordinary word."""
        first = next(iter(words(told, self._language)), "")
        is_name = first[:1].isupper() and not is_everyday(first.casefold(), self._row)
        return [*_NAME.findall(told), *([first] if is_name else [])]

    def _names_hero_rightly(self, told: str) -> bool:
        """No "he" or "she" that could mean the hero, unless it is the hero's."""
        said = {word.casefold() for word in words(told, self._language)}
        return self._wrong_pronouns.isdisjoint(said)


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Any of these as whole words, behind a mark or none; nothing matches where there are none."""
    return re.compile(rf"(?i)\W*\b(?:{'|'.join(patterns)})\b" if patterns else r"(?!)")


@cache
def _whole(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Any of these from a sentence's first word to its end."""
    return re.compile(rf"(?i)\W*(?:{'|'.join(patterns)})\W*$" if patterns else r"(?!)")


def _says_something_new(sentence: str, before: str) -> bool:
    said = set(content_words(sentence))
    new = said - set(content_words(before.rsplit("\n\n", 1)[-1]))
    return len(new) >= _MIN_NEW_WORDS and 2 * len(new) >= len(said)
