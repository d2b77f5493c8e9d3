"""Two wordings of a place, and how many of them a chapter has."""

import pytest

from children.profiles import ReadingLevel
from stories.plotting.wordings import both, can_reach, fitted, plain, rich
from stories.reading import difficulty, target

LEAD = "The cat sat on the mat<. It|, and it> was red. The hat was big<. It|, and it> was old."
LEADS = [LEAD] * 6


def mean_words(texts: list[str]) -> float:
    return difficulty("\n\n".join(texts), "en").words


def test_a_place_has_two_wordings() -> None:
    text = "One hat<. It|, and it> was red<| and old>."
    assert plain(text) == "One hat. It was red."
    assert rich(text) == "One hat, and it was red and old."
    assert both(text) == [plain(text), rich(text)]
    assert both("One hat.") == ["One hat."]


@pytest.mark.parametrize("age", [4, 7])
@pytest.mark.parametrize("level", ReadingLevel)
def test_a_chapter_comes_as_near_to_its_level_as_it_can(age: int, level: ReadingLevel) -> None:
    wanted = target(age, level, "en")
    told = fitted(LEADS, wanted, "en", seed=1)
    assert not any("<" in text for text in told)
    ends = [mean_words([worded(lead) for lead in LEADS]) for worded in (plain, rich)]
    nearest = min(max(wanted.words, ends[0]), ends[1])
    assert abs(mean_words(told) - nearest) < 0.3


def test_the_seed_decides_which_places_are_rich() -> None:
    wanted = target(4, ReadingLevel.ADVANCED, "en")
    tellings = {tuple(fitted(LEADS, wanted, "en", seed=seed)) for seed in range(9)}
    assert len(tellings) > 1
    assert fitted(LEADS, wanted, "en", seed=3) == fitted(LEADS, wanted, "en", seed=3)


def test_a_chapter_is_said_to_reach_a_level_only_if_it_can() -> None:
    reached = [can_reach(tuple(LEADS), target(4, level, "en"), "en") for level in ReadingLevel]
    assert reached == [True, True, True]
    assert not can_reach(tuple(LEADS), target(10, ReadingLevel.ADVANCED, "en"), "en")
    assert not can_reach(
        ("The quixotic zygote vexes.",), target(4, ReadingLevel.BEGINNER, "en"), "en"
    )
