"""A moderator, and the desk as one sees it."""

import pytest
from django.test import Client

from children.models import User
from tests.factories.moderation import make_moderator


@pytest.fixture
def mod(db: None) -> User:
    return make_moderator()


@pytest.fixture
def desk(client: Client, mod: User) -> Client:
    client.force_login(mod)
    return client
