"""A chapter's plan: the right card, its slots filled, and the consequences of what was chosen."""

import re
from typing import Any

import pytest

from children.profiles import ReadingLevel
from stories.plotting.decks import Company, deck_of
from stories.plotting.draw import Drawing, StoryPlan, draw
from stories.plotting.telling import chapter_of
from stories.vocabulary.brief import AgeBand, ChoiceTaken, Companion, PastChapter, StoryBrief
from stories.vocabulary.chapter_plan import ChapterPlan
from stories.vocabulary.languages import codes, other_stand_ins, stand_ins
from stories.vocabulary.tones import Tone

BAND_AGES = {AgeBand.YOUNG: 4, AgeBand.MIDDLE: 7, AgeBand.OLDER: 11}
WISH = 'a "duck" <who> lost {her} red boot.'


def plan_for(language: str, band: AgeBand, *, total: int = 5, **changes: Any) -> StoryPlan:
    fields: dict[str, Any] = {"seed": 5, "total_chapters": total, "passes": lambda _: True}
    return draw(deck_of(language, band), Drawing(**fields | changes))


def brief_of(
    plan: StoryPlan,
    taken: list[ChoiceTaken | None],
    *,
    language: str,
    age: int,
    total: int,
    companions: int = 0,
) -> StoryBrief:
    path = tuple(
        PastChapter(number=number, title="T", summary="S.", text="X.", choice=choice)
        for number, choice in enumerate(taken, 1)
    )
    return StoryBrief(
        theme=WISH,
        language=language,
        age=age,
        reading_level=ReadingLevel.INTERMEDIATE,
        hero=stand_ins(language)[0],
        companions=tuple(Companion(name=name) for name in along(language, companions)),
        chapter_number=len(taken) + 1,
        total_chapters=total,
        path=path,
    )


def along(language: str, count: int) -> tuple[str, ...]:
    """The stand-ins of those who go along."""
    return other_stand_ins(language)[:count]


def told(
    language: str, band: AgeBand, *, total: int, pick: int = 0, **changes: Any
) -> list[ChapterPlan]:
    """A whole story's chapters, the choice `pick` taken after each."""
    companions = changes.get("companions", 0)
    plan = plan_for(language, band, total=total, **changes)
    taken: list[ChoiceTaken | None] = []
    chapters = []
    for _ in range(total):
        brief = brief_of(
            plan, taken, language=language, age=BAND_AGES[band], total=total, companions=companions
        )
        chapters.append(chapter_of(plan, brief))
        if choices := chapters[-1].choices:
            taken.append(ChoiceTaken(text=choices[pick].text))
    return chapters


def all_text(chapter: ChapterPlan) -> str:
    leads = [beat.lead for beat in chapter.beats]
    choices = [part for each in chapter.choices for part in (each.text, each.promise)]
    return "\n".join([chapter.title, chapter.summary, *leads, chapter.question, *choices])


@pytest.mark.parametrize("language", codes())
@pytest.mark.parametrize("band", AgeBand)
@pytest.mark.parametrize("total", [1, 2, 3, 4, 5, 7, 12])
def test_no_slot_and_no_mark_of_ours_is_left_in_any_chapter(
    language: str, band: AgeBand, total: int
) -> None:
    for pick in range(3):
        for chapter in told(language, band, total=total, pick=pick):
            assert not re.search(r"[{}\[\]<>|]|  ", all_text(chapter)), chapter.card


@pytest.mark.parametrize("total", [1, 2, 3, 5, 12])
def test_every_story_begins_with_its_opening_and_ends_with_its_end(total: int) -> None:
    plan = plan_for("en", AgeBand.MIDDLE, total=total)
    chapters = told("en", AgeBand.MIDDLE, total=total)
    assert len(chapters) == total
    assert plan.plot.find.split()[-1] in all_text(chapters[0])
    assert chapters[-1].choices == ()
    assert chapters[-1].question == ""
    assert all(len(chapter.choices) == 3 for chapter in chapters[:-1])
    ending = re.split(r"[{<]", plan.plot.finale.beats[-1].lead)[0]
    assert ending in all_text(chapters[-1])


def test_no_chapter_of_a_long_story_is_told_twice() -> None:
    cards = [chapter.card for chapter in told("en", AgeBand.OLDER, total=12)]
    assert len(set(cards)) == 12


@pytest.mark.parametrize("band", AgeBand)
def test_what_was_chosen_is_the_first_thing_that_happens(band: AgeBand) -> None:
    plan = plan_for("en", band)
    first = chapter_of(plan, brief_of(plan, [], language="en", age=BAND_AGES[band], total=5))
    for choice in first.choices:
        taken: list[ChoiceTaken | None] = [ChoiceTaken(text=choice.text)]
        brief = brief_of(plan, taken, language="en", age=BAND_AGES[band], total=5)
        begun = chapter_of(plan, brief).beats[0]
        card = next(
            each
            for each in plan.plot.opening.choices
            if each.text.replace("{friend}", plan.friend.name).replace("{hero}", "Robin")
            == choice.text
        )
        start = re.split(r"[{\[<]", card.then)[0].strip()
        assert start in begun.lead
        assert not begun.invites


def test_an_own_idea_is_told_at_once_and_asks_for_the_deed() -> None:
    plan = plan_for("en", AgeBand.MIDDLE)
    idea = ChoiceTaken(text='Build a "raft" of {corks}!', is_own_idea=True)
    brief = brief_of(plan, [idea], language="en", age=7, total=5)
    begun = chapter_of(plan, brief).beats[0]
    assert "“Build a 'raft' of corks" in begun.lead
    assert begun.invites


def test_the_ending_remembers_the_first_choice() -> None:
    plan = plan_for("en", AgeBand.MIDDLE, total=3)
    with_idea = [ChoiceTaken(text="fly a kite", is_own_idea=True), None]
    brief = brief_of(plan, with_idea, language="en", age=7, total=3)
    assert "“fly a kite”" in all_text(chapter_of(plan, brief))
    nothing = brief_of(plan, [None, None], language="en", age=7, total=3)
    assert "“fly a kite”" not in all_text(chapter_of(plan, nothing))


def test_the_friend_is_introduced_once_and_shows_the_habit_in_every_chapter() -> None:
    plan = plan_for("en", AgeBand.YOUNG)
    chapters = told("en", AgeBand.YOUNG, total=5)
    introductions = [chapter for chapter in chapters if plan.friend.full in all_text(chapter)]
    assert introductions == chapters[:1]
    starts = [aside.split("<")[0] for aside in plan.friend.asides]
    asides = [start for chapter in chapters for start in starts if start in all_text(chapter)]
    assert len(asides) == len(set(asides)) == 5


# Who else is in it -------------------------------------------------------------------------------


def lines_of(language: str, band: AgeBand, count: int) -> Company:
    cast = deck_of(language, band).cast
    return cast.one if count == 1 else cast.two


@pytest.mark.parametrize("language", codes())
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("total", [1, 3, 12])
def test_those_who_go_along_are_in_every_chapter_and_nothing_of_theirs_comes_twice(
    language: str, count: int, total: int
) -> None:
    band = AgeBand.MIDDLE
    chapters = told(language, band, total=total, companions=count)
    names = along(language, count)
    for chapter in chapters:
        assert all(name in all_text(chapter) for name in names), chapter.card
        assert not re.search(r"[{}\[\]<>|]|  ", all_text(chapter)), chapter.card
    plan = plan_for(language, band, total=total, companions=count)
    assert plan.company
    assert set(plan.company.helps) == set(lines_of(language, band, count).helps)
    leads = [beat.lead for chapter in chapters for beat in chapter.beats]
    heard = [
        sum(filled(line, plan, language) in lead for lead in leads) for line in plan.company.helps
    ]
    assert max(heard) == 1
    assert sum(heard) >= total


def filled(line: str, plan: StoryPlan, language: str) -> str:
    names = dict(zip(("{sibling}", "{other}"), along(language, 2), strict=True))
    slots = names | {"{hero}": stand_ins(language)[0], "{friend}": plan.friend.name}
    for slot, name in slots.items():
        line = line.replace(slot, name)
    return line


def test_who_goes_along_joins_in_the_opening_and_has_a_place_in_the_end() -> None:
    plan = plan_for("en", AgeBand.YOUNG, companions=1)
    assert plan.company
    chapters = told("en", AgeBand.YOUNG, total=5, companions=1)
    joins, ends = (
        filled(line, plan, "en") for line in (plan.company.joins[0], plan.company.ends[0])
    )
    assert [joins in all_text(chapter) for chapter in chapters] == [True, *[False] * 4]
    assert [ends in all_text(chapter) for chapter in chapters] == [*[False] * 4, True]


def test_nobody_goes_along_where_nobody_was_chosen() -> None:
    plan = plan_for("en", AgeBand.MIDDLE)
    assert plan.company is None
    assert not any(name in str(told("en", AgeBand.MIDDLE, total=3)) for name in along("en", 2))


@pytest.mark.parametrize("language", codes())
def test_a_friend_who_is_met_again_is_known_of_old(language: str) -> None:
    friend = deck_of(language, AgeBand.MIDDLE).friends[-1]
    plan = plan_for(language, AgeBand.MIDDLE, friend=friend)
    chapters = told(language, AgeBand.MIDDLE, total=5, friend=friend)
    known = filled(plan.met_again, plan, language)
    assert known
    assert [known in all_text(chapter) for chapter in chapters] == [True, *[False] * 4]
    assert friend.full in all_text(chapters[0])
    assert all(chapter.is_met_again for chapter in chapters)
    assert plan_for(language, AgeBand.MIDDLE).met_again == ""


def test_the_tone_that_was_chosen_is_told_whatever_the_plot_is() -> None:
    assert {chapter.tone for chapter in told("en", AgeBand.OLDER, total=3, tone=Tone.COSY)} == {
        "cosy"
    }


def test_ages_get_different_stories() -> None:
    lengths = {
        band: sum(len(all_text(chapter).split()) for chapter in told("en", band, total=3))
        for band in AgeBand
    }
    assert lengths[AgeBand.YOUNG] < lengths[AgeBand.MIDDLE] < lengths[AgeBand.OLDER]
    keys = [{plot.key for plot in deck_of("en", band).plots} for band in AgeBand]
    assert not keys[0] & keys[1]
    assert not keys[1] & keys[2]


def test_a_branch_knows_nothing_of_another() -> None:
    plan = plan_for("en", AgeBand.MIDDLE)
    first = chapter_of(plan, brief_of(plan, [], language="en", age=7, total=5))
    texts = []
    for choice in first.choices:
        brief = brief_of(plan, [ChoiceTaken(text=choice.text)], language="en", age=7, total=5)
        texts.append(chapter_of(plan, brief).beats[0].lead)
    assert len(set(texts)) == 3
