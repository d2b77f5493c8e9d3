"""How long a chapter is, by the child's age: the one place with these numbers. It has as many
sentences for each level, so its words go with the level's words a sentence."""

from children.profiles import ReadingLevel
from stories.reading import Target, target
from stories.vocabulary.brief import AgeBand, StoryBrief
from stories.workflow.resources import Writing

_WORDS = {AgeBand.YOUNG: 170, AgeBand.MIDDLE: 280, AgeBand.OLDER: 380}
# A model that was asked for a number of words seldom hits it; from here on it is rambling.
_TOLERANCE = {"prose": 1.4, "beats": 1.5}
# Of the percentage that is asked of a free hand: a plan is whole without the model.
_MIN_SHARE = {"prose": 1.0, "beats": 0.0}

MIN_LENGTH_SHARE, MAX_LENGTH_SHARE = 0.6, 1.4
"""Of the words asked for, as many as hit the length."""


def level_target(brief: StoryBrief) -> Target:
    """The band of the brief's level, at the child's age and in the story's language."""
    return target(brief.age, brief.reading_level, brief.language)


def target_words(brief: StoryBrief) -> int:
    usual = target(brief.age, ReadingLevel.INTERMEDIATE, brief.language)
    return round(_WORDS[brief.band] * level_target(brief).words / usual.words)


def most_words(brief: StoryBrief, writing: Writing) -> int:
    """The word count at which a chapter is ended after the sentence at hand, whatever the model has
    left to say."""
    return round(target_words(brief) * _TOLERANCE[writing])


def least_words(brief: StoryBrief, writing: Writing, percent: int) -> int:
    """The word count below which a chapter has stopped too early."""
    return round(target_words(brief) * _MIN_SHARE[writing] * percent / 100)
