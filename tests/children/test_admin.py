"""The staff desk for families: accounts for superusers, children to look at, tokens to revoke."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from children import tokens
from children.models import ApiToken, Child, Family, User
from tests.desk import get
from tests.factories.families import make_child, owner_of

ADD = "admin:children_user_add"
TOKENS = "admin:children_apitoken_changelist"
PASSWORDS = {"usable_password": "true", "password1": "lantern-77-up", "password2": "lantern-77-up"}


@pytest.fixture
def ada(db: None) -> User:
    """A superuser."""
    return User.objects.create_superuser("ada@example.org")


@pytest.fixture
def desk(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def staff(*codenames: str) -> User:
    user = User.objects.create_user("staff@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def edit_form(user: User, **changes: Any) -> dict[str, Any]:
    form = {"email": user.email, "family": user.family_id or "", "is_active": "on"}
    return form | changes


# Accounts -----------------------------------------------------------------------------------------


def test_a_parent_added_by_staff_can_log_in_and_has_a_family(desk: Client) -> None:
    assert desk.post(reverse(ADD), {"email": "New@Example.org", **PASSWORDS}).status_code == 302
    parent = User.objects.get(email="new@example.org")
    assert parent.check_password(PASSWORDS["password1"])
    assert parent.family is not None


def test_a_member_of_staff_has_no_family(desk: Client) -> None:
    desk.post(reverse(ADD), {"email": "mod@example.org", "is_staff": "on", **PASSWORDS})
    assert User.objects.get(email="mod@example.org").family is None
    assert not Family.objects.exists()


def test_an_address_is_taken_whatever_its_case(desk: Client, alice: User) -> None:
    response = desk.post(reverse(ADD), {"email": alice.email.upper(), **PASSWORDS})
    assert response.status_code == 200
    assert User.objects.filter(email__iexact=alice.email).count() == 1


def test_staff_who_become_parents_get_a_family(desk: Client) -> None:
    user = staff()
    url = reverse("admin:children_user_change", args=[user.pk])
    assert desk.post(url, edit_form(user)).status_code == 302
    user.refresh_from_db()
    assert not user.is_staff
    assert user.family is not None


def test_nobody_but_a_superuser_changes_accounts(client: Client, alice: User) -> None:
    user = staff("add_user", "change_user", "delete_user", "view_user")
    client.force_login(user)
    own_page = reverse("admin:children_user_change", args=[user.pk])
    assert client.post(own_page, edit_form(user, is_superuser="on")).status_code == 403
    for name in ("auth_user_password_change", "children_user_delete"):
        url = reverse(f"admin:{name}", args=[alice.pk])
        assert client.post(url, {"post": "yes", **PASSWORDS}).status_code == 403
    assert client.get(reverse(ADD)).status_code == 403
    user.refresh_from_db()
    assert not user.is_superuser
    assert User.objects.get(pk=alice.pk).password == alice.password


# Families and children ----------------------------------------------------------------------------


def test_a_family_goes_only_when_no_account_belongs_to_it(
    desk: Client, alice: User, mia: Child
) -> None:
    family = mia.family
    url = reverse("admin:children_family_delete", args=[family.pk])
    assert desk.post(url, {"post": "yes"}).status_code == 403
    alice.delete()
    assert "Children: 1" in get(desk, url)
    assert desk.post(url, {"post": "yes"}).status_code == 302
    assert not Child.objects.exists()


def test_a_family_page_shows_its_members_and_children(
    desk: Client, alice: User, mia: Child
) -> None:
    html = get(desk, reverse("admin:children_family_change", args=[mia.family_id]))
    assert alice.email in html
    assert mia.name in html


def test_children_are_filtered_by_the_language_of_their_stories(desk: Client, mia: Child) -> None:
    Child.objects.create(
        family=mia.family, name="Noa", birth_year=2018, birth_month=1, languages=["he", "en"]
    )
    html = get(desk, reverse("admin:children_child_changelist"), language="he")
    assert "Noa" in html
    assert mia.name not in html


# Tokens -------------------------------------------------------------------------------------------


def test_a_token_can_be_revoked_and_nothing_of_it_is_shown(desk: Client, alice: User) -> None:
    secret = tokens.create(alice, "Kitchen tablet")
    token = ApiToken.objects.get()
    page = reverse("admin:children_apitoken_change", args=[token.pk])
    for html in (get(desk, reverse(TOKENS)), get(desk, page)):
        assert "Kitchen tablet" in html
        assert token.digest not in html
    desk.post(reverse(TOKENS), {"action": "revoke", "_selected_action": [token.pk]})
    assert owner_of(secret) is None


def test_revoking_needs_the_permission_to_change_tokens(client: Client, alice: User) -> None:
    secret = tokens.create(alice, "Kitchen tablet")
    client.force_login(staff("view_apitoken"))
    chosen = {"action": "revoke", "_selected_action": [ApiToken.objects.get().pk]}
    client.post(reverse(TOKENS), chosen)
    assert owner_of(secret) == alice


def test_tokens_are_filtered_by_state(desk: Client, alice: User) -> None:
    for name in ("Old phone", "New phone"):
        tokens.create(alice, name)
    tokens.revoke(ApiToken.objects.get(name="Old phone"))
    revoked, valid = (get(desk, reverse(TOKENS), state=state) for state in ("revoked", "valid"))
    assert "Old phone" in revoked
    assert "New phone" not in revoked
    assert "New phone" in valid
    assert "Old phone" not in valid


@pytest.mark.parametrize("name", ["child", "family", "user", "apitoken"])
def test_every_column_sorts_and_every_filter_counts(desk: Client, name: str) -> None:
    grow(2)
    url = reverse(f"admin:children_{name}_changelist")
    for column in range(7):
        get(desk, url, o=str(column), _facets="True", q="a")


# Speed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["child", "family", "user", "apitoken"])
def test_a_list_makes_as_many_queries_for_many_rows_as_for_few(
    desk: Client, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    url = reverse(f"admin:children_{name}_changelist")
    grow(2)
    with CaptureQueriesContext(connection) as few:
        get(desk, url)
    grow(15)
    with django_assert_max_num_queries(len(few)):
        get(desk, url)


def test_a_family_page_makes_as_many_queries_for_a_large_family(
    desk: Client, alice: User, mia: Child, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    url = reverse("admin:children_family_change", args=[mia.family_id])
    with CaptureQueriesContext(connection) as few:
        get(desk, url)
    for number in range(9):
        User.objects.create_user(f"aunt{number}@example.org", family=alice.family)
        make_child(alice.family, f"Kid {number}")
    with django_assert_max_num_queries(len(few)):
        get(desk, url)


def grow(count: int) -> None:
    """`count` more families of one parent, one child and one token."""
    taken = User.objects.count()
    for number in range(taken, taken + count):
        parent = User.objects.create_user(f"parent{number}@example.org")
        make_child(parent.family, "Kid")
        tokens.create(parent, "Tablet")
