"""A child's name is exchanged on the way to the model however it is typed, and put in again."""

import pytest

from children.models import Child, User
from stories.brief import STAND_INS, Pseudonym
from stories.generations import Caller, NewStory, start_story
from stories.generations.briefs import brief_for

APOSTROPHE = "\u2019"


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
@pytest.mark.parametrize("language", STAND_INS)
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


@pytest.mark.django_db
def test_a_child_that_is_renamed_in_mid_story_stays_unnamed(mia: Child, alice: User) -> None:
    story = start_story(Caller(user=alice), NewStory(child=mia, theme="a boat for Mia"))
    mia.name = "Zoë"
    mia.save()
    mia.name = "Mia Zoë"
    mia.save()
    assert mia.former_names == ["Mia", "Zoë"]
    story.generation.story.refresh_from_db()
    brief = brief_for(story.generation.story, None)
    assert "Mia" not in brief.model_dump_json()
    assert brief.theme == f"a boat for {brief.hero}"
