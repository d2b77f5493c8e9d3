"""The rubric of words measured: which whole chapters it stops, and which it lets through."""

import pytest

from stories.safety.gate import Gate
from stories.safety.judge import Judgement
from stories.safety.prose import sentences_of
from stories.safety.rubric import judge_by_words
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import codes
from tests.stories.safety.chapters import Chapter, read
from tests.stories.safety.corpus import Part

MAX_HARMLESS_STOPPED = {Part.TUNE: 0.0, Part.HELD: 0.03}
MIN_DARK_CAUGHT = {Part.TUNE: 2 / 3, Part.HELD: 0.45}

each_language = pytest.mark.parametrize("language", codes())
each_part = pytest.mark.parametrize("part", Part)


def judged(text: str, band: AgeBand = AgeBand.YOUNG, language: str = "en") -> Judgement:
    return judge_by_words(text, band=band, language=language)


def chapters(language: str, part: Part, *, harmless: bool) -> list[tuple[Chapter, AgeBand]]:
    """Each with every age that its label speaks of."""
    return [
        (chapter, band)
        for chapter in read(language)
        if chapter.part is part and chapter.is_harmless is harmless
        for band in chapter.bands
    ]


@each_language
def test_there_are_enough_chapters_to_mean_something(language: str) -> None:
    told = read(language)
    assert sum(chapter.is_harmless for chapter in told) >= 30
    assert sum(not chapter.is_harmless for chapter in told) >= 15
    assert all(120 <= len(chapter.text.split()) <= 250 for chapter in told)
    assert {chapter.part for chapter in told} == set(Part)


@each_language
def test_a_dark_chapter_has_no_sentence_that_the_gate_stops(language: str) -> None:
    dark = [x for part in Part for x in chapters(language, part, harmless=False)]
    for chapter, band in dark:
        gate, before = Gate(language, band), ""
        for sentence in sentences_of(chapter.text, language):
            assert gate.check(sentence, before=before).approved, (chapter.name, sentence)
            before += sentence


@each_language
@each_part
def test_no_harmless_chapter_is_stopped_at_any_age_it_is_fit_for(language: str, part: Part) -> None:
    harmless = chapters(language, part, harmless=True)
    stopped = [
        (chapter.name, band)
        for chapter, band in harmless
        if not judged(chapter.text, band, language).approved
    ]
    assert len(stopped) <= MAX_HARMLESS_STOPPED[part] * len(harmless), stopped


@each_language
@each_part
def test_most_chapters_that_are_dark_as_a_whole_are_stopped(language: str, part: Part) -> None:
    dark = chapters(language, part, harmless=False)
    missed = [
        (chapter.name, band)
        for chapter, band in dark
        if judged(chapter.text, band, language).approved
    ]
    assert len(dark) - len(missed) >= MIN_DARK_CAUGHT[part] * len(dark), missed


SAD = "The kitten was alone. It cried. Nobody came. It was cold and hungry. It wept all night. "
MEAN = "They laughed at him. They called him ugly. They mocked his ears. They teased him again. "
GIRLS = "Girls can't sail. Girls are weak. Girls don't understand knots. Boys don't cry. "
FRIGHT = (
    "It growled. Two red eyes glowed in the dark. The girl screamed. The monster crept closer. "
)


@pytest.mark.parametrize(
    ("dark", "remedy", "name"),
    [
        (SAD, "Then a girl took the kitten home and hugged it.", "sad"),
        (FRIGHT, "Then Dad came, and she was safe.", "frightening"),
        (MEAN, 'Then they said, "We are sorry."', "mean"),
        (GIRLS, '"I was wrong," said the boy.', "group of people"),
    ],
)
def test_what_is_put_right_at_the_end_passes_and_what_is_left_open_does_not(
    dark: str, remedy: str, name: str
) -> None:
    left = judged(dark)
    assert (left.approved, left.layers) == (False, ("rubric",))
    assert name in left.issues[0].lower()
    righted = judged(f"{dark}{remedy}")
    assert righted.approved
    assert righted.score < 1


def test_a_comfort_that_comes_too_early_or_not_at_all_puts_nothing_right() -> None:
    assert not judged(f"A girl hugged the kitten. {SAD}{SAD}").approved
    assert not judged(f"{SAD}Nobody hugged the kitten.").approved


def test_what_is_only_half_dark_is_for_the_older_ones() -> None:
    half = f"{SAD}{'It walked on through the wide and quiet street. ' * 7}"
    assert [judged(half, band).approved for band in AgeBand] == [False, True, True]
    assert [judged(SAD, band).approved for band in AgeBand] == [False, False, False]


def test_a_wolf_a_tear_and_a_fight_are_what_stories_are_made_of() -> None:
    for moment in (SAD, FRIGHT, MEAN):
        start = moment.partition(". ")[0]
        calm = f"{start}. {'They walked on over the sunny hill. ' * 8}"
        assert judged(calm) == Judgement(True, 1.0, (), ("rubric",))


@each_language
def test_an_empty_chapter_is_nothing_to_object_to(language: str) -> None:
    assert judged("", language=language).approved
