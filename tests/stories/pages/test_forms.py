"""Choices of a family for a new story."""

import uuid
from typing import Any

import pytest

from children.models import Child, User
from stories import themes
from stories.generations import MAX_COMPANIONS, Cast
from stories.models import THEME_LENGTH
from stories.pages.forms import WISH_LENGTH, NewStoryForm, languages_for
from stories.plotting.decks import deck_of
from stories.plotting.draw import tiles_of
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.tones import Tone
from tests.factories.families import UNKNOWN, make_child
from tests.factories.stories import make_kept_friend, make_story, story_form

pytestmark = pytest.mark.django_db

CHILD = Child(name="Mia", birth_year=2019, birth_month=3, languages=["en", "he"])


def chosen(**changes: Any) -> NewStoryForm:
    data = {
        "theme": "dragon",
        "wish": "",
        "title": "",
        "total_chapters": "3",
        "language": "en",
        "key": str(uuid.uuid4()),
    } | changes
    return NewStoryForm(data, child=CHILD, languages=["en", "he"])


def test_a_picture_is_told_in_the_language_of_the_story() -> None:
    form = chosen(language="he")
    assert form.is_valid()
    dragon = themes.find("dragon")
    assert dragon
    assert form.new_story().theme == dragon.idea_in("he")
    assert dragon.idea_in("he") != dragon.idea_in("en")


def test_a_wish_joins_the_picture_and_the_cover_stays() -> None:
    form = chosen(wish="with my cat Muffin")
    assert form.is_valid()
    story = form.new_story()
    assert story.theme.endswith("with my cat Muffin")
    assert story.tile == "dragon"


def test_a_wish_is_enough() -> None:
    form = chosen(theme="", wish="A cat who can fly")
    assert form.is_valid()
    story = form.new_story()
    assert (story.theme, story.tile) == ("A cat who can fly", "")
    assert themes.cover_of(story.tile, story.theme).key == "wish"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"theme": "", "wish": ""}, "theme"),
        ({"theme": "", "wish": "   "}, "theme"),
        ({"theme": "zombies"}, "theme"),
        ({"theme": "", "wish": "?!"}, "wish"),
        ({"wish": "x" * (WISH_LENGTH + 1)}, "wish"),
        ({"wish": "a \x00 b"}, "wish"),
        ({"title": "x" * 121}, "title"),
        ({"total_chapters": "4"}, "total_chapters"),
        ({"total_chapters": "-5"}, "total_chapters"),
        ({"total_chapters": ""}, "total_chapters"),
        ({"language": "es"}, "language"),
        ({"tone": "frightening"}, "tone"),
        ({"companions": [UNKNOWN]}, "companions"),
        ({"companions": ["Leo"]}, "companions"),
        ({"friend": UNKNOWN}, "friend"),
        ({"friend": "Pim"}, "friend"),
        ({"key": "not a key"}, "key"),
        ({"key": ""}, "key"),
    ],
)
def test_a_bad_choice_is_named_at_its_field(changes: dict[str, str], field: str) -> None:
    assert list(chosen(**changes).errors) == [field]


@pytest.mark.parametrize("theme", themes.THEMES, ids=lambda theme: str(theme.key))
@pytest.mark.parametrize("language", ["en", "es", "he"])
def test_every_picture_leaves_room_for_a_wish(theme: themes.Theme, language: str) -> None:
    idea = theme.idea_in(language)
    assert len(idea) + len(themes.SEPARATOR) + WISH_LENGTH <= THEME_LENGTH


def test_every_form_has_a_key_of_its_own() -> None:
    first, second = (NewStoryForm(child=CHILD, languages=["en"]) for _ in range(2))
    assert first["key"].value() != second["key"].value()


def test_only_languages_that_the_storyteller_writes_are_offered() -> None:
    assert languages_for(CHILD, ("en", "es")) == ["en"]
    assert languages_for(CHILD, ("es",)) == ["es"]
    british = Child(languages=["en-GB"])
    assert languages_for(british, ("en", "he")) == ["en-GB"]


def test_a_surprise_is_a_picture_that_the_child_has_not_had_lately(mia: Child) -> None:
    had = [theme.key for theme in themes.THEMES[:5]]
    for tile in had:
        make_story(mia, tile=tile)
    tiles = set()
    for number in range(60):
        data = {
            "surprise": "on",
            "total_chapters": "3",
            "language": "en",
            "key": uuid.UUID(int=number),
        }
        form, again = (NewStoryForm(data, child=mia, languages=["en"]) for _ in range(2))
        assert form.is_valid()
        assert again.is_valid()
        assert form.request_key() == again.request_key()
        assert form.new_story().tile == again.new_story().tile
        tiles.add(form.new_story().tile)
    assert tiles == {theme.key for theme in themes.THEMES} - {*had}


def test_a_surprise_leaves_the_wish_aside(mia: Child) -> None:
    data = {"surprise": "on", "wish": "a cat", "theme": "", "total_chapters": "3", "language": "en"}
    form = NewStoryForm(data | {"key": uuid.uuid4()}, child=mia, languages=["en"])
    assert form.is_valid()
    assert "a cat" not in form.new_story().theme


# Who is in it -------------------------------------------------------------------------------------


def form_of(child: Child, **changes: Any) -> NewStoryForm:
    return NewStoryForm(story_form() | changes, child=child, languages=["en"])


def offered(form: NewStoryForm, field: str) -> list[str]:
    return [option.data["value"] for option in form[field]]


def test_a_form_offers_the_familys_other_children_and_the_childs_own_friends(
    alice: User, charlie: User, mia: Child
) -> None:
    leo, theirs = make_child(alice.family, "Leo"), make_child(charlie.family, "Zoe")
    pim, of_leo = make_kept_friend(mia, "pim"), make_kept_friend(leo, "plu")
    form = form_of(mia)
    assert offered(form, "companions") == [str(leo.pk)]
    assert offered(form, "friend") == ["", str(pim.pk)]
    assert form_of(mia, companions=[str(leo.pk)], friend=str(pim.pk)).is_valid()
    for stranger in (theirs, mia):
        assert list(form_of(mia, companions=[str(stranger.pk)]).errors) == ["companions"]
    assert list(form_of(mia, friend=str(of_leo.pk)).errors) == ["friend"]


def test_a_form_that_says_nothing_of_it_means_nobody_a_new_friend_and_any_tone(mia: Child) -> None:
    form = form_of(mia)
    assert form.is_valid()
    new = form.new_story()
    assert new.cast == Cast()
    assert new.tone == Tone.ANY


def test_the_cast_and_the_tone_are_the_storys(alice: User, mia: Child) -> None:
    leo, pim = make_child(alice.family, "Leo"), make_kept_friend(mia, "pim")
    form = form_of(mia, companions=[str(leo.pk)], friend=str(pim.pk), tone="mystery")
    assert form.is_valid()
    new = form.new_story()
    assert new.cast == Cast(companions=(leo,), friend=pim)
    assert new.tone == Tone.MYSTERY


def test_as_many_come_along_as_a_cast_of_four_holds(alice: User, mia: Child) -> None:
    names = ("Leo", "Ida", "Ben")
    along = [str(make_child(alice.family, name).pk) for name in names]
    assert form_of(mia, companions=along[:MAX_COMPANIONS]).is_valid()
    form = form_of(mia, companions=along)
    assert form.errors["companions"] == ["At most 2 can come along."]


def test_another_cast_is_another_request(alice: User, mia: Child) -> None:
    leo, pim = make_child(alice.family, "Leo"), make_kept_friend(mia, "pim")
    sent = story_form()
    ways: list[dict[str, Any]] = [
        {},
        {"companions": [str(leo.pk)]},
        {"friend": str(pim.pk)},
        {"tone": "funny"},
    ]
    keys = set()
    for way in ways:
        form = NewStoryForm(sent | way, child=mia, languages=["en"])
        assert form.is_valid()
        keys.add(form.request_key())
    assert len(keys) == len(ways)


@pytest.mark.parametrize("tone", ["cosy", "funny", "adventure", "mystery"])
def test_a_surprise_keeps_to_the_cast_and_to_pictures_with_a_plot_of_the_tone(
    alice: User, mia: Child, tone: str
) -> None:
    leo = make_child(alice.family, "Leo")
    fitting = tiles_of(deck_of("en", AgeBand.for_age(mia.age)), Tone(tone))
    assert fitting < {theme.key for theme in themes.THEMES}
    for number in range(20):
        key = str(uuid.UUID(int=number))
        form = form_of(mia, surprise="on", theme="", tone=tone, companions=[str(leo.pk)], key=key)
        assert form.is_valid()
        new = form.new_story()
        assert new.tile in fitting
        assert new.cast == Cast(companions=(leo,))
