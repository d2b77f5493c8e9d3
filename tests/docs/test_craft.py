"""A table of `make craft` that is worse than the kept one is told from noise."""

import pytest

from benchmarks.craft import MEASURES, RESULTS, worse

LEVEL, SLIPS = "level asked is level got", "pronoun slips"


def table(level: str, slips: str = "0", name: str = "small") -> str:
    return f"| measure | {name} |\n|---|---|\n| {LEVEL} | {level} |\n| {SLIPS} | {slips} |"


def test_what_is_compared_is_measured() -> None:
    titles = {title for title, _ in MEASURES}
    assert {LEVEL, SLIPS} <= titles
    assert worse(RESULTS.read_text(), RESULTS.read_text()) == []


@pytest.mark.parametrize("level", ["90 % of 38", "80 % of 38", "100 % of 38", "-"])
def test_noise_is_no_loss(level: str) -> None:
    assert worse(table("90 % of 38"), table(level)) == []


def test_a_loss_beyond_noise_is_named() -> None:
    (level,) = worse(table("90 % of 38"), table("47 % of 38"))
    assert level == f"{LEVEL}: 47 % of 38, kept is 90 % of 38"
    (slips,) = worse(table("90 % of 38"), table("90 % of 38", slips="3"))
    assert slips.startswith(SLIPS)
    assert len(worse(table("100 % of 38"), table("80 % of 38"))) == 1


def test_another_storyteller_is_not_compared() -> None:
    assert worse(table("90 % of 38"), table("20 % of 38", name="other")) == []


def test_without_a_kept_table_nothing_is_worse() -> None:
    assert worse("", table("20 % of 38")) == []
