"""The promises of a story that its text can be compared with: what was chosen, and the find.

Like every comparison with the brief they are kept where that is unsure.
"""

from stories.safety.sentences import split
from stories.vocabulary.brief import StoryBrief, hero_of
from stories.vocabulary.folding import words_of
from stories.vocabulary.languages import language_of
from stories.vocabulary.mentions import mentions, says_anything
from stories.workflow.asked import outcome_words

EARLY_WORDS = 80
"""A choice is to be honoured in so many words of the chapter."""


def keeps_choice(text: str, brief: StoryBrief) -> bool:
    """True when the beginning of a chapter tells what was chosen, or what was promised of it: by a
    word of either, or by the card's own sentence."""
    choice, language = brief.choice, brief.language
    if choice is None:
        return True
    start = " ".join(text.split()[:EARLY_WORDS])
    if brief.plan and brief.plan.beats:
        done = split(brief.plan.beats[0].lead, language)
        if done and " ".join(done[0].split()) in start:
            return True
    said = f"{choice.text} {choice.description}"
    usual = {*outcome_words(language_of(language)).function_words, *words_of(hero_of(brief))}
    is_telling = says_anything(said, language, ignoring=usual)
    return not is_telling or mentions(said, start, language, ignoring=usual) > 0


def uses_find(text: str, find: str, language: str) -> bool:
    """True when a text tells of the story's find."""
    usual = outcome_words(language_of(language)).function_words
    is_telling = says_anything(find, language, ignoring=usual)
    return not is_telling or mentions(find, text, language, ignoring=usual) > 0
