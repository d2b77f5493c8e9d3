"""Scenes of chapters in closed vocabularies, read from the cards in every language alike."""

from typing import Any, get_args

import pytest

from stories.plotting.decks import deck_of
from stories.plotting.draw import Drawing, StoryPlan, draw
from stories.plotting.remembering import named_scenes, scene_of
from stories.plotting.scenery import (
    BEINGS,
    OTHER,
    PLACES,
    SOMEBODY,
    THINGS,
    Being,
    Thing,
    being_in,
    beings_told,
    thing_in,
    things_told,
)
from stories.vocabulary.brief import AgeBand, Companion
from stories.vocabulary.languages import codes
from stories.vocabulary.memory import Scene
from tests.stories.workflow.studio import a_brief

MIN_KNOWN_SHARE = 0.85


@pytest.mark.parametrize(
    ("find", "thing"),
    [
        ("a tin can on a very long string", "can"),
        ("a paper ticket with the word One on it", "ticket"),
        ("an old lantern with a little door", "lamp"),
        ("a pair of old round spectacles", "glasses"),
        ("two tin cups on a long string", "cup"),
        ("a round brass doorknob", "knob"),
        ("something nobody has a word for", OTHER),
    ],
)
def test_a_find_is_the_thing_that_its_phrase_is_about(find: str, thing: str) -> None:
    assert thing_in(find) == thing


def test_a_friend_is_a_being_also_where_its_card_begins_with_something_else() -> None:
    assert being_in(("car", "racing driver")) == "driver"
    assert being_in(("football", "goalkeeper", "girl")) == "girl"
    assert being_in(("lighthouse", "apprentice")) == SOMEBODY


def test_what_is_only_a_comparison_is_not_there() -> None:
    text = "The boat jumped like a goat. The owl sat on a bell. “Hoo,” said the owl. Bell, bell!"
    assert beings_told(text) == ["owl"]
    assert things_told(text) == ["bell"]


@pytest.mark.parametrize("band", AgeBand)
def test_nearly_every_card_of_the_decks_has_a_word_in_the_lists(band: AgeBand) -> None:
    deck = deck_of("en", band)
    things = [thing_in(plot.find) != OTHER for plot in deck.plots]
    beings = [being_in(friend.contains) != SOMEBODY for friend in deck.friends]
    assert sum(things) >= MIN_KNOWN_SHARE * len(things)
    assert sum(beings) >= MIN_KNOWN_SHARE * len(beings)


def test_no_word_stands_twice_in_a_list() -> None:
    for listed in (Being, Thing):
        assert len(set(get_args(listed))) == len(get_args(listed))


def sea_story(language: str, *own_cards: str) -> StoryPlan:
    conditions = Drawing(
        3, total_chapters=5, passes=lambda _: True, tile="sea", own_cards=own_cards
    )
    return draw(deck_of(language, AgeBand.MIDDLE), conditions)


def scenes_of(plan: StoryPlan, **brief: Any) -> list[Scene]:
    return [scene_of(plan, card, name, a_brief(**brief)) for name, card in named_scenes(plan)]


@pytest.mark.parametrize("language", codes())
def test_a_scene_has_the_same_words_in_every_language(language: str) -> None:
    english = sea_story("en")
    episodes = (episode.key for episode in english.episodes)
    plan = sea_story(language, english.plot.key, english.friend.key, *episodes)
    assert plan.plot.key == english.plot.key
    assert scenes_of(plan) == scenes_of(english)
    for scene in scenes_of(plan):
        assert scene.place in PLACES
        assert set(scene.who) <= set(BEINGS)
        assert scene.thing in THINGS


def test_brothers_and_sisters_who_come_along_are_children_in_the_scene() -> None:
    companion = Companion(name="Corin")
    alone, together = (scenes_of(sea_story("en"), companions=each) for each in ((), (companion,)))
    assert not any("child" in scene.who for scene in alone)
    assert all("child" in scene.who for scene in together)


def test_a_friend_of_another_age_is_found_in_its_own_deck() -> None:
    young = next(f for f in deck_of("es", AgeBand.YOUNG).friends if "erizo" in f.contains)
    plan = sea_story("es").model_copy(update={"friend": young})
    assert "hedgehog" in scenes_of(plan)[0].who


def test_a_card_that_the_decks_no_longer_have_says_where_and_when() -> None:
    plan = draw(
        deck_of("en", AgeBand.OLDER),
        Drawing(seed=3, total_chapters=3, passes=lambda _: True),
    )
    gone = plan.model_copy(update={"plot": plan.plot.model_copy(update={"key": "gone-since"})})
    opening = gone.plot.opening
    assert scene_of(gone, opening, "opening", a_brief()) == Scene(
        place=opening.place, time=opening.time, weather=opening.weather, who=("hero",)
    )
