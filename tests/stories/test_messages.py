"""Sentences for parents: one for each code, translated, and the same to every reader."""

from typing import Any

import pytest
from django.utils.translation import gettext, override

from children.models import Child, User
from stories import eventlog
from stories.generations import FamilyBusy, NewStory, QueueFull, request_stop, start_story
from stories.messages import MESSAGES, failed_event, message_of
from stories.vocabulary import errors
from stories.vocabulary.errors import (
    Cancelled,
    ErrorCode,
    StoryError,
    Withdrawn,
)
from tests.factories.callers import caller


def all_errors(kind: type[StoryError] = StoryError) -> list[type[StoryError]]:
    return [kind, *(one for sub in kind.__subclasses__() for one in all_errors(sub))]


def test_there_is_one_sentence_for_each_code_and_no_other() -> None:
    put_off = {FamilyBusy.code, QueueFull.code}
    closer = {Withdrawn().message_key}
    assert set(MESSAGES) == set(ErrorCode) | closer | put_off
    assert {kind().message_key for kind in all_errors()} == set(ErrorCode) | closer
    assert {kind.code for kind in all_errors()} == set(ErrorCode)
    assert {errors.of_code(code).code for code in ErrorCode} == set(ErrorCode)


@pytest.mark.parametrize("language", ["es", "he"])
@pytest.mark.parametrize("key", MESSAGES)
def test_each_sentence_is_translated(key: str, language: str) -> None:
    with override("en"):
        english = message_of(key)
    with override(language):
        assert message_of(key) not in ("", english)


@pytest.mark.parametrize("active", ["en", "he"])
def test_the_event_is_in_the_storys_language_whichever_is_active(active: str) -> None:
    with override("es"):
        spanish = gettext("The story was stopped. What was written so far is kept.")
    with override(active):
        event = failed_event(Cancelled(), "es-MX")
    assert event.data == {"message": spanish, "code": "CANCELLED", "retryable": True}


@pytest.mark.parametrize("is_pruned", [False, True])
def test_the_log_of_a_spanish_story_ends_in_spanish_and_so_does_its_replay(
    mia: Child, alice: User, is_pruned: bool
) -> None:
    new = NewStory(child=mia, theme="un zorro", language="es")
    generation = start_story(caller(alice), new).generation
    request_stop(generation)
    if is_pruned:
        eventlog.prune([generation.pk])
    last: Any = eventlog.log_after(generation.pk, 0)[-1]
    assert last.data == failed_event(Cancelled(), "es").data
