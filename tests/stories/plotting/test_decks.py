"""The decks of each language: whole, fit for their age, and enough of them."""

import pytest

from children.profiles import ReadingLevel
from stories.plotting.decks import Company, deck_of
from stories.reading.glossary import glossary_of
from stories.themes import THEMES
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import codes, language_of
from testkit.decks import cast_problems, deck_problems
from testkit.levels import AGES, CHAPTERS, told
from testkit.word_cards import word_cards

MIN_LEVEL_SHARE, MIN_LEVEL_SHARE_OF_A_BAND = 0.85, 0.55

each_deck = pytest.mark.parametrize("band", AgeBand)
each_language = pytest.mark.parametrize("language", codes())


@each_language
@each_deck
def test_no_card_has_a_problem(language: str, band: AgeBand) -> None:
    assert [*deck_problems(language_of(language), band)] == []


@pytest.mark.parametrize(
    ("language", "line", "says"),
    [
        ("en", "“Here I am,” said {hero}.", "{'sibling'} is missing"),
        ("en", "{sibling} and {other} sang.", "{'other'} may not stand"),
        ("en", "{sibling} sang to herself.", "a pronoun"),
        ("en", "{sibling} counted to 3.", "a digit"),
        ("he", "{sibling} [שר|שרה] שיר.", "without the friend"),
        ("es", "Y {sibling} cantaba.", "“y” before a name"),
        ("en", "{sibling} sang " + "and sang " * 20, "a long sentence"),
    ],
)
def test_a_sentence_for_who_goes_along_that_will_not_do_is_named(
    language: str, line: str, says: str
) -> None:
    cast = deck_of(language, AgeBand.MIDDLE).cast
    one = cast.one.model_copy(update={"helps": (*cast.one.helps, line)})
    bad = cast.model_copy(update={"one": one})
    found = [*cast_problems(bad, language_of(language), AgeBand.MIDDLE)]
    assert len(found) == 1
    assert says in found[0]


def test_too_few_sentences_for_who_goes_along_are_named() -> None:
    cast = deck_of("en", AgeBand.MIDDLE).cast
    few = Company(joins=cast.one.joins, helps=cast.one.helps[:11], ends=cast.one.ends[:2])
    bad = cast.model_copy(update={"one": few})
    found = " ".join(cast_problems(bad, language_of("en"), AgeBand.MIDDLE))
    assert "11 sentences of help, not 12" in found
    assert "too few different sentences" in found


def test_the_words_that_a_chapter_explains_are_listed_with_their_sentences() -> None:
    deck = deck_of("en", AgeBand.YOUNG)
    plot, friend = deck.plots[0], deck.friends[0]
    told = plot.opening.model_copy(
        update={
            "title": "The Cellar",
            "beats": (plot.opening.beats[0].model_copy(update={"lead": "Two lanterns swung."}),),
            "choices": (plot.opening.choices[0].model_copy(update={"then": "The gate creaked."}),),
        }
    )
    few = deck.model_copy(
        update={
            "plots": (plot.model_copy(update={"key": "cellar", "opening": told}),),
            "friends": (friend.model_copy(update={"asides": ("{friend} yelped.",) * 5}),),
        }
    )
    lines = [*word_cards(few, language_of("en"))]
    opening = lines[: lines.index(next(line for line in lines[1:] if line[0] != " "))]
    assert opening[0] == "cellar, “The Cellar” (1 of 2 word cards)"
    assert "    creaked = creak: to make the sound of an old door | The gate creaked." in opening
    assert "    lanterns = lantern: a lamp that you can carry | Two lanterns swung." in opening
    assert [line.split(":")[0] for line in lines if "{friend}" in line][-1] == "    yelped = yelp"


@each_language
@each_deck
def test_every_picture_tile_and_every_wish_has_a_plot(language: str, band: AgeBand) -> None:
    plots = deck_of(language, band).plots
    assert {tile for plot in plots for tile in plot.tiles} == {theme.key for theme in THEMES}
    assert any(not plot.tiles for plot in plots)


@each_deck
def test_every_language_has_the_cards_of_the_english_deck(band: AgeBand) -> None:
    english = deck_of("en", band)
    for language in codes():
        deck = deck_of(language, band)
        assert {plot.key for plot in deck.plots} <= {plot.key for plot in english.plots}
        assert {each.key for each in deck.episodes} == {each.key for each in english.episodes}
        assert {each.key for each in deck.friends} == {each.key for each in english.friends}


@each_language
def test_no_meaning_in_the_glossary_holds_its_own_word(language: str) -> None:
    for word, meaning in glossary_of(language_of(language)).items():
        assert word not in meaning.casefold().split(), word
        assert len(meaning.split()) <= 15, word


@each_language
def test_the_level_asked_for_is_the_level_told(language: str) -> None:
    shares = []
    for age in AGES.values():
        for level in ReadingLevel:
            chapters = [*told(language, age, level)]
            shares.append(sum(chapter.got is level for chapter in chapters) / len(chapters))
    assert min(shares) >= MIN_LEVEL_SHARE_OF_A_BAND
    assert sum(shares) / len(shares) >= MIN_LEVEL_SHARE


@each_language
@each_deck
def test_twenty_stories_in_a_row_differ_at_every_level(language: str, band: AgeBand) -> None:
    for level in ReadingLevel:
        plots = [chapter.card.split("/")[0] for chapter in told(language, AGES[band], level)]
        stories = plots[::CHAPTERS]
        assert len(set(stories)) >= 18
