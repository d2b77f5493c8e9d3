"""The draw of a story's cards: what is left out, what comes first, and that nothing repeats."""

from dataclasses import replace
from typing import Any

import pytest

from stories.plotting.decks import deck_of
from stories.plotting.draw import Drawing, draw, friend_text, plot_text
from stories.themes import THEMES
from stories.vocabulary.brief import AgeBand

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
