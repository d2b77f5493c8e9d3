"""The plan of a story: drawn once, kept with it, fit for the family, never the last one again."""

import json
from pathlib import Path
from typing import Any

import pytest

from children.models import Child, User
from stories import themes
from stories.generations import NewStory, start_story
from stories.generations.briefs import brief_for
from stories.generations.friends import friend_of
from stories.models import Story
from stories.vocabulary.brief import stored_brief
from tests.factories.callers import caller
from tests.factories.families import THIS_YEAR
from tests.factories.stories import make_chapter, make_story

pytestmark = pytest.mark.django_db

# A plan as release 0.2.0 stored it, of the English deck for ages 6 to 8.
OF_RELEASE_0_2_0 = Path(__file__).parents[2] / "fixtures" / "plans" / "release_0_2_0.json"


def idea_of(tile: str, language: str = "en") -> str:
    theme = themes.find(tile)
    assert theme is not None
    return theme.idea_in(language)


def planned_story(child: Child, tile: str = "dragon", **fields: object) -> Story:
    theme = fields.pop("theme", idea_of(tile))
    story = make_story(child, str(theme), tile=tile, title="", **fields)
    brief_for(story, None)
    return story


def test_the_plan_is_drawn_once_and_every_chapter_goes_by_it(mia: Child) -> None:
    story = planned_story(mia)
    kept = story.plan
    plans = [brief_for(Story.objects.get(pk=story.pk), None).plan for _ in range(3)]
    assert Story.objects.get(pk=story.pk).plan == kept
    assert plans[0] == plans[1] == plans[2]
    assert plans[0]
    assert plans[0].card.startswith(kept["plot"]["key"])


def test_a_picture_has_its_own_plot_and_a_wish_beside_it_has_one_for_wishes(mia: Child) -> None:
    assert planned_story(mia).plan["plot"]["tiles"] == ["dragon"]
    wished = planned_story(mia, theme=f"{idea_of('dragon')}: with my cat Muffin")
    assert wished.plan["plot"]["tiles"] == []
    plan = brief_for(wished, None).plan
    assert plan
    assert "Muffin" in " ".join(beat.lead for beat in plan.beats)


def test_a_child_does_not_meet_the_cards_of_its_last_stories_again(mia: Child) -> None:
    stories = [planned_story(mia, "forest") for _ in range(3)]
    assert len({story.plan["plot"]["key"] for story in stories}) == 3
    assert len({story.plan["friend"]["key"] for story in stories}) == 3


def test_nothing_that_the_family_avoids_is_planned(mia: Child) -> None:
    mia.avoid = ["ducks", "frogs", "bubbles"]
    mia.save()
    for _ in range(6):
        plan = planned_story(mia).plan
        text = str(plan["plot"]).casefold() + str(plan["friend"]).casefold()
        told = text.replace("'contains'", "")
        assert " duck" not in told
        assert " frog" not in told


def test_what_the_child_likes_chooses_the_friend(mia: Child) -> None:
    mia.interests = ["Hedgehogs"]
    mia.save()
    assert "hedgehog" in planned_story(mia).plan["friend"]["contains"]


def test_a_plan_tells_no_name_of_the_family(mia: Child, alice: User) -> None:
    new = NewStory(child=mia, theme="Mia finds a lantern")
    story = start_story(caller(alice), new).generation.story
    brief = brief_for(story, None)
    assert brief.plan
    assert "Mia" not in brief.model_dump_json()
    assert "Mia" not in str(story.plan)


def test_a_story_of_an_earlier_release_gets_a_plan_when_it_goes_on(mia: Child) -> None:
    story = make_story(mia, "A wolf at the bakery")
    assert story.plan == {}
    assert brief_for(story, None).plan
    assert Story.objects.get(pk=story.pk).plan["plot"]["tiles"] == []


def stored(**changes: Any) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(OF_RELEASE_0_2_0.read_text("utf-8"))
    return plan | changes


def gone_on_with(mia: Child, plan: Any) -> tuple[str, Story]:
    """The card that the next chapter of a story with this stored plan is told by."""
    story = make_story(mia, idea_of("dragon"), tile="dragon", plan=plan)
    told = brief_for(story, None).plan
    assert told
    return told.card, Story.objects.get(pk=story.pk)


def test_a_plan_of_release_0_2_0_is_told_as_it_was_stored(mia: Child) -> None:
    plan = stored()
    card, story = gone_on_with(mia, plan)
    assert card == "letters-with-brown-corners/opening"
    assert story.plan == plan


def test_fields_that_a_release_dropped_are_left_out(mia: Child) -> None:
    plan = stored(mood="dropped since")
    plan["plot"] = plan["plot"] | {"sequel": {"title": "dropped since"}}
    plan["plot"]["opening"]["choices"][0]["picture"] = "dropped since"
    card, story = gone_on_with(mia, plan)
    assert card == "letters-with-brown-corners/opening"
    assert story.plan == plan, "nothing of it is lost"


def test_fields_that_a_release_added_have_their_defaults(mia: Child) -> None:
    plan = stored()
    del plan["plot"]["contains"], plan["friend"]["contains"]
    assert gone_on_with(mia, plan)[0] == "letters-with-brown-corners/opening"


def test_a_plan_that_cannot_be_read_is_drawn_anew_by_the_same_cards(
    mia: Child, caplog: pytest.LogCaptureFixture
) -> None:
    mia.birth_year, mia.birth_month = THIS_YEAR - 7, 1
    mia.save()
    plan = stored()
    plan["plot"]["opening"]["place"] = "a place that no list has"
    card, story = gone_on_with(mia, plan)
    assert card == "letters-with-brown-corners/opening"
    assert story.plan["friend"]["key"] == stored()["friend"]["key"]
    assert story.plan["plot"]["opening"]["place"] != "a place that no list has"
    assert str(story.pk) in caplog.text
    assert "no list has" not in caplog.text


@pytest.mark.parametrize(
    "plan",
    [
        ["a list"],
        "a text",
        {"plot": None},
        {"plot": {"key": 3}, "friend": "Pim", "episodes": 7},
        {"episodes": [None, {"key": "gone-since"}]},
        {"met_again": True, "friend": {"key": "pim", "shape": "of a later release"}},
    ],
)
def test_a_plan_that_is_none_at_all_loses_no_story(mia: Child, plan: Any) -> None:
    card, story = gone_on_with(mia, plan)
    assert card.endswith("/opening")
    assert story.plan["plot"]["tiles"] == ["dragon"]


def test_a_brief_of_a_later_release_is_read_by_what_is_known_of_it(mia: Child) -> None:
    brief = brief_for(make_story(mia), None)
    later = brief.model_dump(mode="json") | {"weather": "of a later release"}
    later["plan"] = later["plan"] | {"music": "of a later release"}
    assert stored_brief(later) == brief


def test_a_friend_of_another_releases_plan_is_kept_as_far_as_it_is_known(mia: Child) -> None:
    plan = stored()
    plan["friend"]["song"] = "of a later release"
    plan["plot"] = {"key": "cannot-be-read"}
    story = make_story(mia, idea_of("dragon"), tile="dragon", plan=plan)
    make_chapter(story, "The end.", is_ending=True)
    friend = friend_of(story)
    assert friend
    assert friend.key == plan["friend"]["key"]
    Story.objects.filter(pk=story.pk).update(plan={"friend": "no card"})
    assert friend_of(Story.objects.get(pk=story.pk)) is None
