"""Who is in a story: children of the family who go along, a friend met again, and the tone."""

from typing import Any

import pytest

from children.models import Child, User
from children.profiles import Pronoun
from stories.generations import (
    MAX_KEPT_FRIENDS,
    Cast,
    InvalidRequest,
    NewStory,
    Requested,
    WrongPlace,
    keep_friend,
    pseudonym_of,
    start_story,
)
from stories.generations.briefs import brief_for
from stories.models import KeptFriend, Story
from stories.plotting.decks import Friend, deck_of
from stories.vocabulary.brief import AgeBand, StoryBrief
from stories.vocabulary.tones import Tone
from tests.factories.callers import caller
from tests.factories.families import make_child
from tests.factories.stories import make_kept_friend, make_read_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def leo(alice: User) -> Child:
    return make_child(alice.family, "Leonid")


@pytest.fixture
def ida(alice: User) -> Child:
    child = make_child(alice.family, "Ida Zebulon")
    child.pronoun = Pronoun.SHE
    child.save()
    return child


def ask(
    user: User, child: Child, *companions: Child, theme: str = "a fox", **new: Any
) -> Requested:
    cast = Cast(companions=companions, friend=new.pop("friend", None))
    asker = caller(user, capacity=9)
    return start_story(asker, NewStory(child=child, theme=theme, cast=cast, **new))


def brief_of(requested: Requested) -> StoryBrief:
    return StoryBrief.model_validate(requested.generation.brief)


# Those who go along -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "es", "he"])
def test_a_model_knows_who_goes_along_by_stand_ins_and_the_reader_by_name(
    alice: User, mia: Child, leo: Child, ida: Child, language: str
) -> None:
    asked = ask(alice, mia, leo, ida, language=language)
    brief = brief_of(asked)
    assert {each.pronoun for each in brief.companions} == {Pronoun.OPEN, Pronoun.SHE}
    told = brief.model_dump_json() + str(asked.generation.story.plan)
    assert not any(name in told for name in ("Leonid", "Ida", "Zebulon", "Mia"))
    assert brief.plan
    leads = " ".join(beat.lead for beat in brief.plan.beats)
    assert all(each.name in leads for each in brief.companions)
    shown = pseudonym_of(asked.generation.story).reveal(leads)
    assert "Leonid" in shown
    assert "Ida Zebulon" in shown
    assert not any(each.name in shown for each in brief.companions)


def test_a_sibling_who_is_chosen_and_typed_is_one_person(
    alice: User, mia: Child, leo: Child
) -> None:
    asked = ask(alice, mia, leo, theme="Leonid finds a lantern")
    brief = brief_of(asked)
    assert [other["child"] for other in asked.generation.story.companions] == [str(leo.pk)]
    assert brief.theme == f"{brief.companions[0].name} finds a lantern"


def test_a_sibling_who_is_only_typed_does_not_go_along(alice: User, mia: Child, leo: Child) -> None:
    brief = brief_of(ask(alice, mia, theme="Leonid finds a lantern"))
    assert brief.companions == ()


def test_a_story_keeps_who_goes_along_when_a_profile_is_erased(
    alice: User, mia: Child, leo: Child
) -> None:
    story = ask(alice, mia, leo).generation.story
    before = brief_for(story, None)
    leo.delete()
    story = Story.objects.get(pk=story.pk)
    assert brief_for(story, None).companions == before.companions
    assert "Leonid" in pseudonym_of(story).reveal(before.companions[0].name)


def test_more_than_two_cannot_come_along(alice: User, mia: Child, leo: Child, ida: Child) -> None:
    ben = make_child(alice.family, "Ben")
    with pytest.raises(InvalidRequest, match="At most 2") as refusal:
        ask(alice, mia, leo, ida, ben)
    assert refusal.value.field == "companions"
    assert not Story.objects.exists()


def test_who_was_erased_meanwhile_is_named_and_nothing_begins(
    alice: User, mia: Child, leo: Child
) -> None:
    Child.objects.filter(pk=leo.pk).delete()
    with pytest.raises(InvalidRequest, match="not there any more") as refusal:
        ask(alice, mia, leo)
    assert refusal.value.field == "companions"
    assert not Story.objects.exists()


# A friend who is met again ------------------------------------------------------------------------


def test_a_kept_friend_is_the_friend_of_the_story_and_known_of_old(alice: User, mia: Child) -> None:
    friend = make_kept_friend(mia, "pim")
    asked = ask(alice, mia, friend=friend)
    plan = asked.generation.story.plan
    assert plan["friend"]["key"] == "pim"
    brief = brief_of(asked)
    assert brief.plan
    met_again = plan["met_again"].replace("{friend}", "Pim").replace("{hero}", brief.hero)
    assert met_again in " ".join(beat.lead for beat in brief.plan.beats)


def test_in_another_language_a_kept_friend_goes_by_the_card_of_that_language(
    alice: User, mia: Child
) -> None:
    asked = ask(alice, mia, friend=make_kept_friend(mia, "pim"), language="he")
    assert asked.generation.story.plan["friend"]["name"] == "פים"


def test_a_friend_whom_the_language_does_not_know_is_refused(alice: User, mia: Child) -> None:
    friend = make_kept_friend(mia, "pim")
    KeptFriend.objects.update(key="nobody-else")
    friend.refresh_from_db()
    with pytest.raises(InvalidRequest, match="Pim does not know the language") as refusal:
        ask(alice, mia, friend=friend, language="es")
    assert refusal.value.field == "friend"


def test_a_friend_of_what_the_family_leaves_out_by_now_is_refused(alice: User, mia: Child) -> None:
    friend = make_kept_friend(mia, "pim")
    mia.avoid = ["hedgehogs"]
    mia.save()
    with pytest.raises(InvalidRequest, match="leave out") as refusal:
        ask(alice, mia, friend=friend)
    assert refusal.value.field == "friend"


def test_a_friend_with_the_name_of_a_child_is_refused(alice: User, mia: Child) -> None:
    friend = make_kept_friend(mia, "pim")
    make_child(alice.family, "Pim")
    with pytest.raises(InvalidRequest, match="name of somebody in your family"):
        ask(alice, mia, friend=friend)


def test_a_friend_who_was_forgotten_meanwhile_is_named_and_nothing_begins(
    alice: User, mia: Child
) -> None:
    friend = make_kept_friend(mia, "pim")
    KeptFriend.objects.all().delete()
    with pytest.raises(InvalidRequest, match="not kept any more") as refusal:
        ask(alice, mia, friend=friend)
    assert refusal.value.field == "friend"
    assert not Story.objects.exists()


def test_a_story_keeps_its_friend_when_that_is_forgotten(alice: User, mia: Child) -> None:
    friend = make_kept_friend(mia, "pim")
    story = ask(alice, mia, friend=friend).generation.story
    friend.delete()
    kept = Story.objects.get(pk=story.pk)
    assert kept.friend is None
    plan = brief_for(kept, None).plan
    assert plan
    assert plan.friend_name == "Pim"


# Keeping ------------------------------------------------------------------------------------------


def ended_story(child: Child, key: str = "pim") -> Story:
    story = make_read_story(child, chapters=3)
    brief_for(story, None)
    card = next(each for each in deck_of("en", AgeBand.MIDDLE).friends if each.key == key)
    story.plan |= {"friend": card.model_dump(mode="json")}
    story.save()
    return story


def test_the_friend_of_an_ended_story_is_kept_once(alice: User, mia: Child) -> None:
    story = ended_story(mia)
    kept, is_new = keep_friend(alice, story)
    assert is_new
    assert (kept.key, kept.name, kept.full_name, kept.language) == (
        "pim",
        "Pim",
        "Pim the hedgehog",
        "en",
    )
    assert keep_friend(alice, story) == (kept, False)
    assert Friend.model_validate(kept.card).trait == "counts everything"


def test_a_friend_cannot_be_kept_before_the_storys_end(alice: User, mia: Child) -> None:
    story = make_read_story(mia, chapters=2)
    brief_for(story, None)
    with pytest.raises(WrongPlace, match="come to its end"):
        keep_friend(alice, story)


def test_a_child_keeps_so_many_friends_and_no_more(alice: User, mia: Child) -> None:
    leo = make_child(alice.family, "Leo")
    for number in range(MAX_KEPT_FRIENDS):
        make_kept_friend(mia, "pim", key=f"friend-{number}")
    with pytest.raises(InvalidRequest, match="At most 12") as refusal:
        keep_friend(alice, ended_story(mia))
    assert refusal.value.field == "friend"
    assert keep_friend(alice, ended_story(leo))[1], "another child has its own friends"


def test_a_kept_friend_stays_when_its_story_is_erased(alice: User, mia: Child) -> None:
    story = ended_story(mia)
    kept, _ = keep_friend(alice, story)
    story.delete()
    kept.refresh_from_db()
    assert kept.story is None
    assert ask(alice, mia, friend=kept).is_new


def test_friends_go_with_their_child(alice: User, mia: Child) -> None:
    friend = make_kept_friend(mia, "pim")
    ask(alice, mia, friend=friend)
    mia.delete()
    assert not KeptFriend.objects.exists()


# The same wish ------------------------------------------------------------------------------------


def test_the_same_wish_with_another_cast_or_tone_is_another_story(
    alice: User, mia: Child, leo: Child, ida: Child
) -> None:
    pim = make_kept_friend(mia, "pim")
    wishes: list[dict[str, Any]] = [
        {},
        {"companions": (leo,)},
        {"companions": (leo, ida)},
        {"friend": pim},
        {"friend": pim, "companions": (leo,)},
        {"tone": Tone.MYSTERY},
    ]

    def sent(wish: dict[str, Any]) -> Requested:
        return ask(
            alice,
            mia,
            *wish.get("companions", ()),
            friend=wish.get("friend"),
            tone=wish.get("tone", Tone.ANY),
        )

    first = [sent(wish) for wish in wishes]
    assert all(requested.is_new for requested in first)
    again = [sent(wish) for wish in wishes]
    assert [each.generation for each in again] == [each.generation for each in first]
    swapped = ask(alice, mia, ida, leo, tone=Tone.ANY)
    assert swapped.generation == first[2].generation


def test_who_says_nothing_of_cast_and_tone_joins_what_is_being_written(
    alice: User, mia: Child, leo: Child
) -> None:
    first = ask(alice, mia, leo, tone=Tone.FUNNY)
    asker = caller(alice, capacity=9)
    again = start_story(asker, NewStory(child=mia, theme="a fox"))
    assert (again.generation, again.is_new) == (first.generation, False)


def test_the_tone_is_kept_and_told(alice: User, mia: Child) -> None:
    asked = ask(alice, mia, tone=Tone.MYSTERY)
    assert asked.generation.story.plan["plot"]["tone"] == "mystery"
    brief = brief_of(asked)
    assert brief.plan
    assert brief.plan.tone == "mystery"
