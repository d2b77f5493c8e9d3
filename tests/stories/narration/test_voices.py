"""The voices of an installation, by language."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from stories.narration import voice_for


@pytest.mark.parametrize("language", ["en", "en-GB", "EN-us"])
def test_english_has_the_voice_in_the_box(language: str) -> None:
    voice = voice_for(language)
    assert voice is not None
    assert (voice.name, voice.piper) == ("Heart", ())


@pytest.mark.parametrize("language", ["es", "he", "iw", "xx", ""])
def test_another_language_has_none(language: str) -> None:
    assert voice_for(language) is None


def test_with_no_process_to_make_it_there_is_none(settings: Settings) -> None:
    settings.NARRATION_PROCESSES = 0
    assert voice_for("en") is None


def test_an_operators_voice_reads_its_language(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "he_IL-noa_clear-medium.onnx"
    file.touch()
    settings.VOICES, settings.PIPER = {"he": file}, "true"
    voice = voice_for("iw-IL")
    assert voice is not None
    assert voice.name == "Noa Clear"
    assert voice.piper[1:] == ("--model", str(file))
    assert voice_for("es") is None


def test_an_operators_voice_comes_before_the_one_in_the_box(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "en_GB-alba-medium.onnx"
    file.touch()
    settings.VOICES, settings.PIPER = {"en": file}, "true"
    brought = voice_for("en")
    assert brought is not None
    assert brought.name == "Alba"
    settings.PIPER = "no-such-piper"
    without = voice_for("en")
    assert without is not None
    assert without.name == "Heart"


def test_another_file_of_the_same_name_is_another_voice(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "es.onnx"
    settings.VOICES, settings.PIPER = {"es": file}, "true"
    file.write_text("one")
    first = voice_for("es")
    file.write_text("another")
    second = voice_for("es")
    assert first is not None
    assert second is not None
    assert first.name == "Es"
    assert first.identity != second.identity
