"""The stand-ins' own chapters are as long as the app wants them, and nothing is wrong with them."""

import pytest

from children.profiles import ReadingLevel
from stories.safety.gate import Gate
from stories.safety.prose import sentences_of
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.languages import stand_ins
from stories.workflow.asked import Asked
from stories.workflow.lengths import most_words, target_words
from stories.workflow.outcome import all_found_in
from stories.workflow.prompts.request import request
from testkit import storyteller

MIN_SHARE = 0.6


@pytest.mark.parametrize("language", ["en", "es", "he"])
@pytest.mark.parametrize("age", [4, 7, 11])
@pytest.mark.parametrize("level", [*ReadingLevel])
def test_a_chapter_that_nobody_scripted_is_what_was_asked_for(
    language: str, age: int, level: ReadingLevel
) -> None:
    name = {"en": "English", "es": "Spanish", "he": "Hebrew"}[language]
    for number in range(8):
        brief = StoryBrief(
            theme=f"a fox who finds {number} lanterns",
            language=language,
            age=age,
            reading_level=level,
            hero=stand_ins(language)[0],
        )
        asked = request(brief, most_tokens=4000)
        words = target_words(brief)
        text = storyteller.chapter(f"Write in {name}. {asked}\nabout {words} words", [])
        assert MIN_SHARE * words <= len(text.split()) <= most_words(brief, "prose")
        assert all_found_in(text, Asked(brief)) == ()
        gate = Gate(language, brief.checked_as)
        assert all(gate.check(sentence).approved for sentence in sentences_of(text, language))
