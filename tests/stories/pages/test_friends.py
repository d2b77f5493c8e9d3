"""Kept friends on the family's pages: kept, chosen, forgotten, and nobody else's."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from children.models import Child, User
from stories.generations import MAX_KEPT_FRIENDS
from stories.generations.briefs import brief_for
from stories.models import Generation, KeptFriend, Story
from tests.factories.families import make_child
from tests.factories.stories import make_kept_friend, make_read_story, story_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def ended_story(child: Child) -> Story:
    story = make_read_story(child, chapters=3)
    brief_for(story, None)
    return Story.objects.get(pk=story.pk)


def name_in(story: Story) -> str:
    return str(story.plan["friend"]["name"])


def text_at(page: Client, url: str) -> str:
    return str(page.get(url).content.decode())


def test_an_ended_story_offers_its_friend_and_keeps_it_at_a_press(page: Client, mia: Child) -> None:
    story = ended_story(mia)
    url, name = reverse("stories:story", args=[story.pk]), name_in(story)
    assert f"Keep {name} for other stories" in text_at(page, url)
    answer = page.post(reverse("stories:story_friend", args=[story.pk]), follow=True)
    assert f"{name} is kept, and can be in another story." in answer.content.decode()
    assert KeptFriend.objects.get().child == mia
    assert f"Forget {name}" in text_at(page, url)
    page.post(reverse("stories:story_friend", args=[story.pk]), {"forget": "on"})
    assert not KeptFriend.objects.exists()


def test_a_story_that_goes_on_offers_no_friend_yet(page: Client, mia: Child) -> None:
    story = make_read_story(mia, chapters=2)
    brief_for(story, None)
    assert "for other stories" not in text_at(page, reverse("stories:story", args=[story.pk]))
    answer = page.post(reverse("stories:story_friend", args=[story.pk]), follow=True)
    assert "when the story has come to its end" in answer.content.decode()
    assert not KeptFriend.objects.exists()


def test_a_story_of_an_earlier_release_offers_none(page: Client, mia: Child) -> None:
    story = make_read_story(mia, chapters=3)
    assert "for other stories" not in text_at(page, reverse("stories:story", args=[story.pk]))


def test_a_full_list_of_friends_says_so(page: Client, mia: Child) -> None:
    story = ended_story(mia)
    for number in range(MAX_KEPT_FRIENDS):
        make_kept_friend(mia, "pim", key=f"friend-{number}")
    answer = page.post(reverse("stories:story_friend", args=[story.pk]), follow=True)
    assert "At most 12 friends can be kept" in answer.content.decode()


def test_the_page_of_a_new_story_has_the_kept_friends_and_forgets_them(
    page: Client, mia: Child
) -> None:
    friend = make_kept_friend(mia, "pim")
    url = reverse("stories:new", args=[mia.pk])
    assert "Pim the hedgehog" in text_at(page, url)
    answer = page.post(reverse("stories:forget_friend", args=[friend.pk]))
    assert answer["Location"] == url
    assert "Pim the hedgehog" not in text_at(page, url)


@pytest.mark.usefixtures("ollama")
def test_a_friend_that_was_forgotten_meanwhile_is_said_and_nothing_is_lost(
    page: Client, alice: User, mia: Child
) -> None:
    leo = make_child(alice.family, "Leo")
    friend = make_kept_friend(mia, "pim")
    data = story_form(wish="with a kite", title="Up", tone="funny") | {
        "friend": str(friend.pk),
        "companions": [str(leo.pk)],
    }
    friend.delete()
    answer = page.post(reverse("stories:new", args=[mia.pk]), data)
    body = answer.content.decode()
    assert "That friend is not kept any more." in body
    assert 'value="with a kite"' in body
    assert 'value="Up"' in body
    form = answer.context["form"]
    assert (form["companions"].value(), form["tone"].value()) == ([str(leo.pk)], "funny")
    assert not Story.objects.exists()


@pytest.mark.usefixtures("ollama")
@pytest.mark.parametrize("surprise", ["", "on"])
def test_a_story_begins_with_the_cast_and_the_tone_that_were_chosen(
    page: Client, alice: User, mia: Child, surprise: str
) -> None:
    leo = make_child(alice.family, "Leonid")
    friend = make_kept_friend(mia, "pim")
    data = story_form(tone="mystery", surprise=surprise) | {
        "friend": str(friend.pk),
        "companions": [str(leo.pk)],
    }
    page.post(reverse("stories:new", args=[mia.pk]), data)
    story = Story.objects.get()
    assert (story.siblings, story.friend, story.tone) == ([str(leo.pk)], friend, "mystery")
    assert story.plan["friend"]["name"] == "Pim"
    assert "Leonid" not in str(Generation.objects.get().brief)


def test_a_child_without_siblings_and_friends_is_asked_for_the_tone_alone(
    page: Client, mia: Child
) -> None:
    body = text_at(page, reverse("stories:new", args=[mia.pk]))
    assert "Who comes along" not in body
    assert "A friend from an earlier story" not in body
    assert "a mystery" in body


def test_another_family_neither_keeps_nor_chooses_nor_forgets(
    client: Client, charlie: User, mia: Child
) -> None:
    story, friend = ended_story(mia), make_kept_friend(mia, "pim")
    zoe = make_child(charlie.family, "Zoe")
    client.force_login(charlie)
    for url in (
        reverse("stories:story_friend", args=[story.pk]),
        reverse("stories:forget_friend", args=[friend.pk]),
    ):
        assert client.post(url).status_code == 404
    assert KeptFriend.objects.get() == friend
    assert "Pim" not in text_at(client, reverse("stories:new", args=[zoe.pk]))


def test_keeping_and_forgetting_take_a_post(page: Client, mia: Child) -> None:
    story, friend = ended_story(mia), make_kept_friend(mia, "plu")
    for url in (
        reverse("stories:story_friend", args=[story.pk]),
        reverse("stories:forget_friend", args=[friend.pk]),
    ):
        assert page.get(url).status_code == 405
    enforced = Client(enforce_csrf_checks=True)
    enforced.force_login(mia.family.members.get())
    assert enforced.post(reverse("stories:forget_friend", args=[friend.pk])).status_code == 403
    assert KeptFriend.objects.exists()


@pytest.mark.parametrize(
    ("language", "label"),
    [("es", "Una amistad de otro cuento"), ("he", "חבר מסיפור קודם")],
)
def test_the_pages_speak_of_friends_in_the_familys_language(
    page: Client, mia: Child, language: str, label: str
) -> None:
    make_kept_friend(mia, "pim")
    url = reverse("stories:new", args=[mia.pk])
    with override(language):
        body = page.get(url, headers={"accept-language": language}).content.decode()
    assert label in body
    assert '<bdi lang="en">Pim the hedgehog</bdi>' in body
