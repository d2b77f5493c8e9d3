"""Signing up, in and out, and the pages in between."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from children.models import User
from tests.factories.families import PASSWORD


def test_signing_up_makes_a_family_of_ones_own(client: Client, alice: User) -> None:
    answer = client.post(
        reverse("account_signup"), {"email": "Dana@Example.org", "password1": PASSWORD}
    )
    assert answer["Location"] == reverse("home")
    dana = User.objects.get(email="dana@example.org")
    assert dana.family is not None
    assert dana.family != alice.family
    assert client.get(reverse("home")).context["user"] == dana


def test_one_logs_in_by_email_whatever_its_case(client: Client, alice: User) -> None:
    answer = client.post(
        reverse("account_login"), {"login": "ALICE@example.org", "password": PASSWORD}
    )
    assert answer["Location"] == reverse("home")
    assert client.get(reverse("home")).context["user"] == alice


def test_a_wrong_password_lets_nobody_in(client: Client, alice: User) -> None:
    answer = client.post(reverse("account_login"), {"login": alice.email, "password": "lantern"})
    assert answer.status_code == 200
    assert client.get(reverse("home")).context["user"].is_anonymous


def test_logging_out_needs_a_form_and_ends_the_session(client: Client, alice: User) -> None:
    client.force_login(alice)
    client.get(reverse("account_logout"))
    assert client.get(reverse("home")).context["user"] == alice
    client.post(reverse("account_logout"))
    assert client.get(reverse("home")).context["user"].is_anonymous


def test_a_forgotten_password_is_replaced_by_way_of_a_mail(client: Client, alice: User) -> None:
    client.post(reverse("account_reset_password"), {"email": alice.email})
    link = re.search(r"http://testserver(\S+)", str(mail.outbox[-1].body))
    assert link
    form = client.get(link[1])
    new = "candle-on-the-stairs"
    client.post(form["Location"], {"password1": new, "password2": new})
    assert client.login(email=alice.email, password=new)


def test_asking_for_a_password_does_not_tell_who_has_an_account(
    client: Client, alice: User
) -> None:
    url = reverse("account_reset_password")
    known = client.post(url, {"email": alice.email})
    unknown = client.post(url, {"email": "nobody@example.org"})
    assert known["Location"] == unknown["Location"] == reverse("account_reset_password_done")


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_signup",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key_done",
        "account_inactive",
        "account_email_verification_sent",
    ],
)
def test_a_visitors_account_pages_wear_the_look_of_the_product(
    client: Client, db: None, name: str
) -> None:
    answer = client.get(reverse(name), follow=True)
    assert answer.status_code == 200
    assert "stories/base.css" in answer.content.decode()


@pytest.mark.parametrize(
    "name",
    [
        "account_email",
        "account_change_password",
        "account_set_password",
        "account_reauthenticate",
        "account_logout",
    ],
)
def test_a_parents_account_pages_wear_the_look_of_the_product(
    client: Client, alice: User, name: str
) -> None:
    client.force_login(alice)
    answer = client.get(reverse(name), follow=True)
    assert answer.status_code == 200
    assert "stories/base.css" in answer.content.decode()


@pytest.mark.parametrize(
    "path", ["/accounts/password/reset/key/1-abc/", "/accounts/confirm-email/abc/"]
)
def test_a_used_up_link_says_so_and_offers_another(client: Client, db: None, path: str) -> None:
    body = client.get(path).content.decode()
    assert "This link has been used up" in body
    assert "stories/base.css" in body
