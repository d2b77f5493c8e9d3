"""A child's name is exchanged on the way to the model however it is typed, and put in again."""

from typing import Any

import pytest

from children.models import Child, User
from stories.generations import NewStory, Wish, next_chapter, pseudonym_of, start_story
from stories.generations.briefs import brief_for
from stories.models import ReadingSession, Story
from stories.vocabulary.brief import Alias, Pseudonym, StoryBrief
from stories.vocabulary.languages import codes
from tests.factories.callers import caller
from tests.factories.families import make_child
from tests.factories.stories import make_chapter, make_story

APOSTROPHE = "\u2019"
QUINCES = Pseudonym.for_child(
    "Mia Quince",
    "en",
    others=[
        Alias(("Lena", "Leni"), "Corin"),
        Alias(("Tom Quince",), "Merrin"),
        Alias(("רוני",), "ליאור"),
    ],
)


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("Mia", "Mia and MIA, mia's cat", "Robin and Robin, Robin's cat"),
        ("Mia", "Miami is no name, nor is Amia", "Miami is no name, nor is Amia"),
        ("Mia", "_Mia_ and Mia7", "_Robin_ and Robin7"),
        ("Mia", "M\u200bia waits", "Robin waits"),
        ("Zoë", "Zoe, Zoe\u0308 and ZOË", "Robin, Robin and Robin"),
        ("Zoe", "Zoë waits", "Robin waits"),
        ("D'Arcy", f"D{APOSTROPHE}Arcy, DArcy and Arcy", "Robin, Robin and Robin"),
        ("Anne-Marie", "Anne Marie, AnneMarie, Marie", "Robin, Robin, Robin"),
        ("Bo Li Quince", "Bo or Quince", "Robin or Robin"),
        ("נועה", "כלב לנועה ושל נועה", "כלב לRobin ושל Robin"),
        ("Mia", "כלב לMia ול-Mia", "כלב לRobin ול-Robin"),
    ],
)
def test_a_name_is_hidden_however_it_is_typed(name: str, typed: str, told: str) -> None:
    assert Pseudonym.for_child(name, "en").hide(typed) == told


def test_a_hebrew_name_is_hidden_with_its_points() -> None:
    assert Pseudonym.for_child("נועה", "he").hide("לְנוֹעָה יש כלב") == "לְנועם יש כלב"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Robin's hat", "Zoë's hat"),
        ('"ROBIN!" they called', '"ZOË!" they called'),
        ("a robin sang", "a robin sang"),
        ("Robinson sang, and *Robin*", "Robinson sang, and *Zoë*"),
    ],
)
def test_the_name_is_put_in_where_the_stand_in_stands(written: str, shown: str) -> None:
    assert Pseudonym.for_child("Zoë", "en").reveal(written) == shown


def test_the_name_is_put_in_after_hebrew_prefixes() -> None:
    assert Pseudonym.for_child("נועה", "he").reveal("ולנועם היה כלב") == "ולנועה היה כלב"


@pytest.mark.parametrize("name", ["Robín", "ROBIN Alex", "Robin Alex Charlie"])
@pytest.mark.parametrize("language", codes())
def test_nobody_goes_by_a_part_of_their_own_name(name: str, language: str) -> None:
    pseudonym = Pseudonym.for_child(name, language)
    assert pseudonym.stand_in.casefold() not in name.casefold().replace("í", "i")
    assert pseudonym.hide(name) == pseudonym.stand_in


def test_what_was_hidden_comes_back() -> None:
    pseudonym = Pseudonym.for_child("Will", "en")
    assert pseudonym.reveal(pseudonym.hide("Will's kite, and Will")) == "Will's kite, and Will"


def test_a_name_that_the_child_had_before_is_hidden_as_well() -> None:
    renamed = Pseudonym.for_child("Zoë", "en", ["Mia", "Kit"])
    assert renamed.hide("Mia's kite, Kit and Zoe") == "Robin's kite, Robin and Robin"
    assert renamed.reveal("Robin waits") == "Zoë waits"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("Mia, LENA's kite and leni", "Robin, Corin's kite and Corin"),
        ("Tom Quince and the Quinces, Mia Quince", "Merrin and the Quinces, Robin"),
        ("Quince means all of them", "Robin means all of them"),
        ("Lenas are no Lena-Marie, nor Tomas", "Lenas are no Corin-Marie, nor Tomas"),
        ("ולרוני יש כלב, לLena", "ולליאור יש כלב, לCorin"),
    ],
)
def test_everybody_of_the_family_is_hidden_under_a_name_of_their_own(typed: str, told: str) -> None:
    assert QUINCES.hide(typed) == told


def test_everybody_of_the_family_comes_back() -> None:
    written = "Corin's hat! ROBIN and MERRIN, and a corin; ולליאור"
    shown = "Lena's hat! MIA QUINCE and TOM QUINCE, and a corin; ולרוני"
    assert QUINCES.reveal(written) == shown
    assert QUINCES.reveal(QUINCES.hide("Lena, Tom Quince")) == "Lena, Tom Quince"


def test_a_sibling_may_bear_the_heros_stand_in() -> None:
    pseudonym = Pseudonym.for_child("Mia", "en", others=[Alias(("Robin",), "Corin")])
    assert pseudonym.hide("Mia and Robin") == "Robin and Corin"
    assert pseudonym.reveal("Robin and Corin") == "Mia and Robin"


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
