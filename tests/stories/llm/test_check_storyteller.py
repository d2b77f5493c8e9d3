"""The output of `make doctor`, and the row that staff read."""

import io
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from children.models import User
from stories import llm
from stories.controls import trials
from stories.models import ModelTrial
from testkit.hosts import ModelHost, Quirk, Reply
from testkit.openai.server import OpenAIServer

pytestmark = pytest.mark.django_db


def said() -> str:
    out = io.StringIO()
    call_command("check_storyteller", stdout=out)
    return out.getvalue()


def test_it_says_how_the_model_is(any_host: ModelHost[Any]) -> None:
    told = said()
    for part in (any_host.model, any_host.url, "tokens a second", "en, es", "honoured", "8192"):
        assert part in told


def test_a_model_that_thinks_all_the_same_is_told_as_such(any_host: ModelHost[Any]) -> None:
    assert "Thinks all the same:    no" in said()
    any_host.quirks.add(Quirk.THINKS_FIRST)
    told = said()
    assert "Thinks all the same:    yes" in told
    assert "Switch thinking off at the host" in told


def test_what_the_host_refuses_is_named_and_kept_for_staff(
    openai_host: OpenAIServer, client: Client
) -> None:
    openai_host.quirks.add(Quirk.RESPONSE_FORMAT_REFUSED)
    openai_host.quirks.add(Quirk.TEMPERATURE_REFUSED)
    assert "temperature, response_format" in said()
    row = ModelTrial.objects.get()
    assert (row.model, row.schema) == (openai_host.model, "in the prompt")
    assert row.left_out == ["temperature", "response_format"]
    client.force_login(User.objects.create_superuser("staff@example.org", "a-password"))
    page = client.get(reverse("admin:stories_modeltrial_change", args=[row.pk]))
    assert "in the prompt" in page.text
    assert client.get(reverse("admin:stories_modeltrial_changelist")).status_code == 200


def test_a_process_that_starts_later_tries_nothing_out_again(any_host: ModelHost[Any]) -> None:
    any_host.quirks.add(Quirk.THINKS_FIRST)
    said()
    heard = len(any_host.trials)
    llm.forget_trials()
    trials.recall()
    models = async_to_sync(llm.open_models)()
    assert models.trial.is_over
    assert models.trial.support.thinks
    assert len(any_host.trials) == heard


def test_why_it_does_not_write_is_said(any_host: ModelHost[Any]) -> None:
    any_host.script(trial=Reply(status=402, error="no credit left."))
    with pytest.raises(CommandError, match=r"answered 402: no credit left\.$"):
        said()


def test_a_host_that_is_away_is_named_without_its_password(
    any_host: ModelHost[Any], settings: Settings
) -> None:
    any_host.stop()
    settings.OLLAMA_BASE_URL = settings.OLLAMA_BASE_URL.replace("://", "://reader:pw1@")
    settings.OPENAI_BASE_URL = settings.OPENAI_BASE_URL.replace("://", "://reader:pw1@")
    with pytest.raises(CommandError, match="does not answer") as caught:
        said()
    assert "pw1" not in str(caught.value)
