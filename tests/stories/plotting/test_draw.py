"""The draw of a story's cards: what is left out, what comes first, and that nothing repeats."""

from dataclasses import replace
from typing import Any

import pytest

from stories.plotting.decks import deck_of
from stories.plotting.draw import Drawing, draw, friend_text, plot_text, tiles_of
from stories.themes import THEMES
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.tones import Tone

TWENTY = range(20)


def drawing(seed: int = 1, **changes: Any) -> Drawing:
    return replace(Drawing(seed, total_chapters=5, passes=lambda _: True), **changes)


@pytest.mark.parametrize("tile", [theme.key for theme in THEMES])
@pytest.mark.parametrize("band", AgeBand)
def test_a_tile_is_told_by_a_plot_of_its_own(band: AgeBand, tile: str) -> None:
    plots = [draw(deck_of("en", band), drawing(seed, tile=tile)).plot for seed in TWENTY]
    assert all(tile in plot.tiles for plot in plots)
    assert len({plot.key for plot in plots}) > 1


def test_a_typed_wish_is_told_by_a_plot_for_any() -> None:
    for seed in TWENTY:
        assert draw(deck_of("en", AgeBand.MIDDLE), drawing(seed)).plot.tiles == ()


def test_the_same_seed_draws_the_same_cards() -> None:
    deck = deck_of("en", AgeBand.MIDDLE)
    assert draw(deck, drawing(7)) == draw(deck, drawing(7))


@pytest.mark.parametrize("avoided", ["duck", "bear", "dog", "mouse", "frog"])
def test_nothing_that_the_family_avoids_is_drawn(avoided: str) -> None:
    def passes(text: str) -> bool:
        return avoided not in text.casefold()

    for band in AgeBand:
        for seed in TWENTY:
            plan = draw(deck_of("en", band), drawing(seed, passes=passes))
            assert avoided not in friend_text(plan.friend).casefold()
            assert avoided not in plot_text(plan.plot).casefold()


def test_the_friend_goes_with_what_the_child_likes() -> None:
    deck = deck_of("en", AgeBand.YOUNG)
    kinds = {draw(deck, drawing(seed, interests=("ducks",))).friend.contains for seed in TWENTY}
    assert all("duck" in kind for kind in kinds)


def test_a_friend_never_bears_a_name_of_the_family() -> None:
    deck = deck_of("en", AgeBand.YOUNG)
    usual = draw(deck, drawing(3)).friend
    assert draw(deck, drawing(3, names=(usual.name.upper(), "Mia"))).friend != usual


def test_a_child_does_not_get_the_cards_of_its_last_stories_again() -> None:
    deck = deck_of("en", AgeBand.MIDDLE)
    told: list[str] = []
    wishes = [plot for plot in deck.plots if not plot.tiles]
    for seed in range(len(wishes)):
        plan = draw(deck, drawing(seed, recent=tuple(told)))
        assert not {plan.plot.key, plan.friend.key} & {*told}
        told = [plan.plot.key, plan.friend.key, *told]
    oldest = wishes[0].key if told[-2] == wishes[0].key else told[-2]
    assert draw(deck, drawing(99, recent=tuple(told))).plot.key == oldest


def test_where_nothing_may_be_shown_there_is_a_plan_all_the_same() -> None:
    plan = draw(deck_of("en", AgeBand.OLDER), drawing(passes=lambda _: False))
    assert plan.plot.key
    assert plan.episodes == ()


# Who is in it, and the tone ----------------------------------------------------------------------

TONES = [tone for tone in Tone if tone]


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("band", AgeBand)
def test_the_tone_that_was_chosen_comes_first_where_there_is_a_plot_of_it(
    band: AgeBand, tone: Tone
) -> None:
    deck = deck_of("en", band)
    for theme in THEMES:
        plot = draw(deck, drawing(tile=theme.key, tone=tone)).plot
        assert theme.key in plot.tiles, "a tone never takes the picture away"
        assert (plot.tone == tone) == (theme.key in tiles_of(deck, tone))


def test_a_tone_does_not_bring_back_a_plot_of_the_last_stories() -> None:
    deck = deck_of("en", AgeBand.MIDDLE)
    asked = drawing(tile="dragon", tone=Tone.MYSTERY)
    first = draw(deck, asked)
    second = draw(deck, replace(asked, recent=(first.plot.key, first.friend.key)))
    assert first.plot.tone == Tone.MYSTERY
    assert second.plot != first.plot
    long_ago = tuple(f"card-{number}" for number in range(6))
    third = draw(deck, replace(asked, recent=(*long_ago, first.plot.key, first.friend.key)))
    assert third.plot == first.plot


def test_a_kept_friend_takes_the_place_of_a_new_one() -> None:
    deck = deck_of("en", AgeBand.MIDDLE)
    kept = deck_of("en", AgeBand.OLDER).friends[0]
    plan = draw(deck, drawing(friend=kept, recent=(kept.key,)))
    assert plan.friend == kept
    assert plan.met_again in deck.cast.met_again


def test_no_sentence_of_those_who_go_along_is_told_against_the_gate() -> None:
    plan = draw(
        deck_of("en", AgeBand.MIDDLE),
        drawing(companions=2, passes=lambda text: "breakfast" not in text),
    )
    assert plan.company
    assert not any("breakfast" in line for line in plan.company.helps)
    assert len(plan.company.helps) == 11


def test_every_story_has_its_own_order_of_their_sentences() -> None:
    deck = deck_of("en", AgeBand.MIDDLE)
    orders = {str(draw(deck, drawing(seed, companions=1)).company) for seed in TWENTY}
    assert len(orders) == len(TWENTY)
