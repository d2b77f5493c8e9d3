"""Environment variables: a bad value is named, and an old name is still understood."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from storyteller import env

SHOW = ("STORYTELLER_SHOW", "sentences", ("sentences", "words"))


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, renamed in env.RENAMED.items():
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(renamed.old, raising=False)


def test_the_new_name_is_read_without_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.choice(*SHOW) == "sentences"
    monkeypatch.setenv("STORYTELLER_SHOW", "words")
    assert env.choice(*SHOW) == "words"


@pytest.mark.parametrize(("old", "new"), [("sentence", "sentences"), (" Token ", "words")])
def test_the_old_name_is_read_with_a_warning_that_names_the_new_one(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    monkeypatch.setenv("STORYTELLER_RELEASE", old)
    with pytest.warns(FutureWarning, match=f"STORYTELLER_RELEASE.*set STORYTELLER_SHOW={new}"):
        assert env.choice(*SHOW) == new


def test_both_names_may_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYTELLER_SHOW", "words")
    monkeypatch.setenv("STORYTELLER_RELEASE", "token")
    with pytest.warns(FutureWarning, match="STORYTELLER_RELEASE"):
        assert env.choice(*SHOW) == "words"


def test_both_names_with_different_meanings_are_an_error_that_names_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORYTELLER_SHOW", "sentences")
    monkeypatch.setenv("STORYTELLER_RELEASE", "token")
    said = re.escape("STORYTELLER_SHOW='sentences' and STORYTELLER_RELEASE='token' differ")
    with pytest.raises(ImproperlyConfigured, match=said):
        env.choice(*SHOW)


def test_a_value_that_the_old_name_never_had_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORYTELLER_RELEASE", "letter")
    with pytest.raises(ImproperlyConfigured, match=r"'letter'.*STORYTELLER_SHOW.*sentences, words"):
        env.choice(*SHOW)


def test_another_value_of_the_new_name_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORYTELLER_SHOW", "letters")
    with pytest.raises(ImproperlyConfigured, match="'letters': allowed are sentences, words"):
        env.choice(*SHOW)


@pytest.mark.parametrize("value", ["7", " 7 "])
def test_a_variable_of_any_kind_may_be_renamed(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setitem(env.RENAMED, "NEW_SECONDS", env.Renamed("OLD_SECONDS"))
    monkeypatch.setenv("OLD_SECONDS", value)
    with pytest.warns(FutureWarning, match="set NEW_SECONDS=7"):
        assert env.integer("NEW_SECONDS", 5, low=1, high=9) == 7
    monkeypatch.setitem(env.RENAMED, "IS_NEW", env.Renamed("IS_OLD"))
    monkeypatch.setenv("IS_OLD", "1")
    with pytest.warns(FutureWarning, match="set IS_NEW=1"):
        assert env.boolean("IS_NEW")


def test_pairs_are_read_with_their_blanks_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYTELLER_VOICES", "es = /a/es.onnx, he=/b/x=y.onnx ,")
    assert env.pairs("STORYTELLER_VOICES") == {"es": "/a/es.onnx", "he": "/b/x=y.onnx"}
    monkeypatch.delenv("STORYTELLER_VOICES")
    assert env.pairs("STORYTELLER_VOICES") == {}


@pytest.mark.parametrize("value", ["es", "=/a", "es=", "es=/a,es=/b"])
def test_what_is_no_pair_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("STORYTELLER_VOICES", value)
    with pytest.raises(ImproperlyConfigured, match="STORYTELLER_VOICES: allowed is KEY=VALUE"):
        env.pairs("STORYTELLER_VOICES")
