"""Middleware on the event loop does all that Django's own does."""

import ast
import inspect
import textwrap
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import AsyncClient
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from children.models import User
from tests.factories.families import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

DJANGOS = (
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
LOGIN = "/accounts/login/"
# `MiddlewareMixin.__acall__` of Django 5.2, which `storyteller.middleware` replaces.
REPLACED = """
async def __acall__(self, request):
    response = None
    if hasattr(self, 'process_request'):
        response = await sync_to_async(self.process_request, thread_sensitive=True)(request)
    response = response or await self.get_response(request)
    if hasattr(self, 'process_response'):
        response = await sync_to_async(
            self.process_response, thread_sensitive=True
        )(request, response)
    return response
"""


def test_django_does_what_our_middleware_was_written_to_replace() -> None:
    source = textwrap.dedent(inspect.getsource(MiddlewareMixin.__acall__))
    [function] = ast.parse(source).body
    assert isinstance(function, ast.AsyncFunctionDef)
    function.body = function.body[1:]  # without its docstring
    assert ast.unparse(function) == ast.unparse(ast.parse(REPLACED))


def test_what_stands_in_for_djangos_middleware_is_a_kind_of_it_in_its_order() -> None:
    ours: list[Any] = [import_string(path) for path in settings.MIDDLEWARE]
    positions = [
        next(position for position, own in enumerate(ours) if issubclass(own, import_string(path)))
        for path in DJANGOS
    ]
    assert positions == sorted(positions)


async def test_every_page_carries_the_headers_that_protect_it() -> None:
    response = await AsyncClient().get("/")
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "Accept-Language" in response["Vary"]


async def test_a_form_without_its_token_is_refused_and_one_with_it_logs_in(alice: User) -> None:
    client = AsyncClient(enforce_csrf_checks=True)
    form = {"login": alice.email, "password": PASSWORD}
    assert (await client.post(LOGIN, form)).status_code == 403
    await client.get(LOGIN)
    token = client.cookies["csrftoken"].value
    answer = await client.post(LOGIN, form | {"csrfmiddlewaretoken": token})
    assert answer.status_code == 302
    assert await Session.objects.acount() == 1
    page = await client.get("/")
    assert page.context["user"] == alice


async def test_a_page_comes_in_the_language_that_was_asked_for() -> None:
    spanish = await AsyncClient().get(LOGIN, headers={"accept-language": "es"})
    english = await AsyncClient().get(LOGIN, headers={"accept-language": "en"})
    assert (spanish["Content-Language"], english["Content-Language"]) == ("es", "en")
