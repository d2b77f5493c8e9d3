"""Profiles and connected apps: what they do, and who may not come near them."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from children import tokens
from children.models import ApiToken, Child, Family, Preview, User
from tests.factories.families import PASSWORD, owner_of, profile_form


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.mark.parametrize("name", ["children:create", "children:family", "children:tokens"])
def test_family_pages_ask_a_visitor_to_log_in(client: Client, db: None, name: str) -> None:
    answer = client.get(reverse(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_a_new_child_belongs_to_the_family_and_goes_on_to_a_first_story(
    page: Client, alice: User
) -> None:
    answer = page.post(reverse("children:create"), profile_form(interests="foxes, the sea"))
    child = Child.objects.get()
    assert answer["Location"] == reverse("stories:new", args=[child.pk])
    assert child.family == alice.family
    assert child.interests == ["foxes", "the sea"]


def test_a_refused_profile_says_why_and_keeps_what_was_typed(page: Client) -> None:
    answer = page.post(reverse("children:create"), profile_form(birth_month="", name="Zoë"))
    body = answer.content.decode()
    assert "Please choose the month of birth." in body
    assert 'value="Zoë"' in body
    assert not Child.objects.exists()


def test_the_other_parent_changes_a_profile(client: Client, bob: User, mia: Child) -> None:
    client.force_login(bob)
    client.post(reverse("children:edit", args=[mia.pk]), profile_form(name="Mia Rose"))
    mia.refresh_from_db()
    assert mia.name == "Mia Rose"


def test_a_bad_change_leaves_the_profile_as_it_was(page: Client, mia: Child) -> None:
    answer = page.post(
        reverse("children:edit", args=[mia.pk]), profile_form(name="", language="xx")
    )
    assert answer.status_code == 200
    mia.refresh_from_db()
    assert (mia.name, mia.languages) == ("Mia", ["en"])


def test_a_child_is_deleted_only_after_being_asked(page: Client, mia: Child) -> None:
    url = reverse("children:delete", args=[mia.pk])
    assert "Delete Mia?" in page.get(url).content.decode()
    assert Child.objects.exists()
    page.post(url)
    assert not Child.objects.exists()


@pytest.mark.parametrize("name", ["children:edit", "children:delete"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_another_familys_child_does_not_exist(
    client: Client, charlie: User, mia: Child, name: str, method: str
) -> None:
    client.force_login(charlie)
    answer = getattr(client, method)(reverse(name, args=[mia.pk]), profile_form(name="Other"))
    assert answer.status_code == 404
    assert "Mia" not in answer.content.decode()
    assert Child.objects.get().name == "Mia"


def test_a_parent_decides_what_the_family_looks_at_first(
    page: Client, alice: User, charlie: User
) -> None:
    url = reverse("children:family")
    assert url in page.get(reverse("home")).content.decode()
    page.post(url, {"preview": "first"})
    assert Family.objects.get(members=alice).preview == Preview.FIRST
    assert Family.objects.get(members=charlie).preview == Preview.NEVER
    answer = page.post(url, {"preview": "sometimes"})
    assert "Please choose what you look at first." in answer.content.decode()
    assert Family.objects.get(members=alice).preview == Preview.FIRST


def test_staff_without_a_family_have_no_family_pages(client: Client, db: None) -> None:
    client.force_login(User.objects.create_superuser("staff@example.org", PASSWORD))
    assert client.get(reverse("children:create")).status_code == 404
    assert client.get(reverse("children:tokens")).status_code == 404
    assert client.get(reverse("children:family")).status_code == 404
    assert client.get(reverse("home"))["Location"] == reverse("admin:index")


def test_a_key_is_shown_once_works_and_is_stored_only_as_a_digest(
    page: Client, alice: User
) -> None:
    answer = page.post(reverse("children:tokens"), {"name": "Bedroom tablet"})
    found = re.search(r'value="(stt_[^"]+)"', answer.content.decode())
    assert found
    assert "no-store" in answer["Cache-Control"]
    assert owner_of(found[1]) == alice
    assert found[1] not in str(list(ApiToken.objects.values_list()))
    again = page.get(reverse("children:tokens")).content.decode()
    assert "Bedroom tablet" in again
    assert "stt_" not in again


def test_a_disconnected_app_is_locked_out_and_off_the_list(page: Client, alice: User) -> None:
    key = tokens.create(alice, "Old tablet")
    page.post(reverse("children:revoke", args=[ApiToken.objects.get().pk]))
    assert owner_of(key) is None
    page.get(reverse("children:tokens"))  # where the farewell is shown
    assert "Old tablet" not in page.get(reverse("children:tokens")).content.decode()


def test_nobody_else_disconnects_an_app(client: Client, alice: User, charlie: User) -> None:
    key = tokens.create(alice, "Tablet")
    client.force_login(charlie)
    answer = client.post(reverse("children:revoke", args=[ApiToken.objects.get().pk]))
    assert answer.status_code == 404
    assert owner_of(key) == alice


def test_following_a_link_never_disconnects_an_app(page: Client, alice: User) -> None:
    key = tokens.create(alice, "Tablet")
    assert page.get(reverse("children:revoke", args=[ApiToken.objects.get().pk])).status_code == 405
    assert owner_of(key) == alice
