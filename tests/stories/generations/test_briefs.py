"""The brief for the storyteller: never a name, and otherwise the family's typed words."""

from typing import Any

import pytest

from children.models import Child, User
from stories.generations import NewStory, Wish, next_chapter, pseudonym_of, start_story
from stories.generations.briefs import brief_for
from stories.models import ReadingSession, Story
from stories.vocabulary.brief import StoryBrief
from tests.factories.callers import caller
from tests.factories.families import make_child
from tests.factories.stories import make_chapter, make_story


@pytest.fixture
def lena(mia: Child) -> Child:
    return make_child(mia.family, "Lena")


def brief_of(story: Story) -> StoryBrief:
    story.refresh_from_db()
    return brief_for(story, None)


def begun(child: Child, by: User, theme: str, **fields: Any) -> Story:
    return start_story(caller(by), NewStory(child=child, theme=theme, **fields)).generation.story


def test_siblings_are_hidden_wherever_a_family_types_and_put_in_again(
    mia: Child, lena: Child, alice: User
) -> None:
    make_child(mia.family, "Tom")
    mia.interests, mia.avoid = ["Lena's songs"], ["quarrels with Tom"]
    mia.save()
    story = begun(mia, alice, "Mia and her sister Lena", title="Tom's Key")
    brief = brief_of(story)
    assert (brief.theme, brief.title) == ("Robin and her sister Corin", "Merrin's Key")
    assert (brief.interests, brief.avoid) == (("Corin's songs",), ("quarrels with Merrin",))
    assert pseudonym_of(story).reveal("Robin, Corin, Merrin") == "Mia, Lena, Tom"


def test_a_sibling_in_an_own_idea_is_hidden_from_then_on(
    mia: Child, lena: Child, alice: User
) -> None:
    first = make_chapter(make_story(mia), "The fox slept.", source="Corin slept.")
    idea = Wish(own_idea="ask Lena")
    session = ReadingSession.objects.get(story=first.story)
    run = next_chapter(caller(alice), session, idea).generation
    assert "Lena" not in str(run.brief)
    assert run.brief["path"][-1]["choice"]["text"] == "ask Merrin", "Corin is somebody else"
    assert pseudonym_of(run.story).reveal("Merrin and Corin") == "Lena and Corin"


def test_whom_nobody_named_the_story_does_not_know(mia: Child, lena: Child, alice: User) -> None:
    story = begun(mia, alice, "a boat for Mia")
    assert pseudonym_of(story).reveal("Corin sang to Robin") == "Corin sang to Mia"
    assert story.companions == []


def test_names_that_somebody_typed_are_nobodys_stand_ins(
    mia: Child, lena: Child, alice: User
) -> None:
    make_child(mia.family, "Merrin")
    story = begun(mia, alice, "Lena and our dog Corin")
    assert brief_of(story).theme == "Tavin and our dog Corin"


def test_a_sibling_keeps_the_stand_in_through_new_names_and_goes_by_it_when_gone(
    mia: Child, lena: Child, alice: User
) -> None:
    story = begun(mia, alice, "a kite for Lena")
    lena.name = "Leonie"
    lena.save()
    make_child(mia.family, "Ada")
    assert brief_of(story).theme == "a kite for Corin"
    assert pseudonym_of(story).reveal("Corin ran") == "Leonie ran"
    lena.delete()
    assert brief_of(story).theme == "a kite for Corin"
    assert pseudonym_of(story).reveal("Corin ran") == "Leonie ran"


def test_another_familys_children_are_words_like_others(
    mia: Child, alice: User, charlie: User
) -> None:
    make_child(charlie.family, "Lena")
    assert brief_of(begun(mia, alice, "a kite for Lena")).theme == "a kite for Lena"


@pytest.mark.django_db
def test_a_child_that_is_renamed_in_mid_story_stays_unnamed(mia: Child, alice: User) -> None:
    story = start_story(caller(alice), NewStory(child=mia, theme="a boat for Mia"))
    mia.name = "Zoë"
    mia.save()
    mia.name = "Mia Zoë"
    mia.save()
    assert mia.former_names == ["Mia", "Zoë"]
    story.generation.story.refresh_from_db()
    brief = brief_for(story.generation.story, None)
    assert "Mia" not in brief.model_dump_json()
    assert brief.theme == f"a boat for {brief.hero}"


@pytest.mark.parametrize(
    ("name", "theme", "told"),
    [
        ("A.J.", "a fox who finds a lantern", "a fox who finds a lantern"),
        ("Will", "what will happen in the wood", "what will happen in the wood"),
        (
            "Will",
            "what Will finds when Will's boat sinks",
            "what Robin finds when Robin's boat sinks",
        ),
    ],
)
def test_a_child_whose_name_is_a_word_gets_the_story_that_was_wished_for(
    alice: User, name: str, theme: str, told: str
) -> None:
    child = make_child(alice.family, name)
    child.interests, child.avoid = [theme], [f"quarrels with {name}"]
    child.save()
    brief = brief_of(begun(child, alice, theme, title=f"{name}'s Day"))
    assert (brief.theme, brief.interests) == (told, (told,))
    assert (brief.title, brief.avoid) == ("Robin's Day", ("quarrels with Robin",))


def test_a_sister_whose_name_is_a_flower_is_told_from_it(mia: Child, alice: User) -> None:
    make_child(mia.family, "Rose")
    story = begun(mia, alice, "a garden with a rose")
    assert brief_of(story).theme == "a garden with a rose"
    assert story.companions == []
    assert brief_of(begun(mia, alice, "a rose for Rose")).theme == "a rose for Corin"


def test_nobody_goes_by_the_name_of_somebody_famous_in_the_wish(alice: User) -> None:
    ruth = make_child(alice.family, "Ruth")
    story = begun(ruth, alice, "Robin Hood shares his apples")
    brief = brief_of(story)
    assert (brief.theme, brief.hero) == ("Robin Hood shares his apples", "Alex")
    assert (
        pseudonym_of(story).reveal('"I am Robin Hood," said Alex.')
        == '"I am Robin Hood," said Ruth.'
    )
    assert brief_of(begun(ruth, alice, "an archer in Sherwood")).hero == "Alex"


def test_somebody_who_is_typed_later_by_the_name_of_a_stand_in_is_another_person(
    mia: Child, alice: User
) -> None:
    first = make_chapter(make_story(mia), "Mia sailed.", source="Robin sailed.")
    session = ReadingSession.objects.get(story=first.story)
    run = next_chapter(caller(alice), session, Wish(own_idea="Mia meets Robin Hood")).generation
    choice = run.brief["path"][-1]["choice"]["text"]
    assert (run.brief["hero"], choice) == ("Robin", "Robin meets Corin Hood")
    revealed = pseudonym_of(run.story).reveal("Robin met Corin Hood. Corin smiled.")
    assert revealed == "Mia met Robin Hood. Robin smiled."


def test_a_story_keeps_its_heros_stand_in_whatever_is_typed_and_named_later(
    mia: Child, alice: User
) -> None:
    story = begun(mia, alice, "a boat")
    mia.name, mia.interests = "Robin", ["robins"]
    mia.save()
    story.refresh_from_db()
    assert brief_of(story).hero == "Robin"
    assert brief_of(begun(mia, alice, "another boat")).hero == "Alex"


def test_a_hebrew_child_whose_name_is_a_word_keeps_the_light_of_the_wish(alice: User) -> None:
    child = make_child(alice.family, "אור", "he")
    story = begun(child, alice, "הפנס מאיר את האור של אור", language="he")
    assert brief_of(story).theme == "הפנס מאיר את האור של דניאל"
    assert pseudonym_of(story).reveal("דניאל ודניאל") == "אור ואור"
