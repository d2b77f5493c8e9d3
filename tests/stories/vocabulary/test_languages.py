"""The needs of a language, and the names of missing files."""

import re
import shutil
from pathlib import Path

import pytest

from stories.checks import language_problems
from stories.plotting.decks import read_deck
from stories.reading.glossary import glossary_of
from stories.vocabulary import languages
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.grammar import name_table
from stories.vocabulary.languages import BadLanguage, codes, current_tag, files, missing_files
from stories.workflow.asked import outcome_words
from stories.workflow.prompts.defaults import defaults_of
from stories.workflow.prompts.system import examples

FIXTURES = Path(__file__).parents[2] / "fixtures" / "languages"
LUNARI = FIXTURES / "qaa"
SAFETY_TESTS = Path(__file__).parents[1] / "safety"
OF_LUNARI = [str(file.relative_to(FIXTURES)) for file in files(LUNARI)]


def lacking(folder: Path) -> list[Path]:
    """Files missing from one of the app's own languages and from the data its rules are tested
    by."""
    code = folder.name
    tested = (SAFETY_TESTS / f"corpus/{code}.tsv", SAFETY_TESTS / f"chapters/{code}.txt")
    return [*missing_files(folder), *(file for file in tested if not file.is_file())]


@pytest.mark.parametrize("folder", languages.folders(), ids=lambda folder: folder.name)
def test_no_language_lacks_a_file(folder: Path) -> None:
    assert lacking(folder) == []


@pytest.mark.parametrize("row", languages.languages(), ids=lambda row: row.code)
def test_what_a_language_says_for_us_can_be_read(row: languages.Language) -> None:
    """Each loader refuses what it does not know, and misses what it needs."""
    assert examples(row)
    assert defaults_of(row).choices
    assert name_table(row).words
    assert glossary_of(row)
    assert all(read_deck(row, band).plots for band in AgeBand)
    assert outcome_words(row).function_words


@pytest.mark.parametrize("kept", [None, *OF_LUNARI])
def test_a_new_language_is_told_which_file_it_lacks(kept: str | None, tmp_path: Path) -> None:
    home = tmp_path / "languages"
    shutil.copytree(FIXTURES, home)
    gone = [home / kept] if kept else []
    for file in gone:
        file.unlink()
    assert [*missing_files(home / "qaa")] == gone
    said = [(problem.id, problem.msg) for problem in language_problems([home / "qaa"])]
    assert said == [("stories.E013", f"The language qaa lacks {file}.") for file in gone]


def test_a_language_of_which_there_is_only_a_folder_lacks_everything(tmp_path: Path) -> None:
    (tmp_path / "qaa").mkdir()
    missing = [str(file.relative_to(tmp_path)) for file in missing_files(tmp_path / "qaa")]
    assert missing == OF_LUNARI


@pytest.mark.parametrize(
    ("line", "instead", "problem"),
    [
        ('name = "Lunari"', "", r"qaa/language\.toml.*\n.*name.*\n.*required"),
        ('script = "Latn"', 'scripts = "Latn"', "scripts"),
        ("characters_per_token = 2.0", "characters_per_token = 0", "characters_per_token"),
        ('code = "qaa"', 'code = "qac"', "about qac, and its folder is qaa"),
        ('old_codes = ["qab"]', 'old_codes = ["es"]', "goes by es"),
        ('name = "Lunari"', "name = Lunari", "Invalid value"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_and_changes_nothing(
    line: str, instead: str, problem: str, tmp_path: Path
) -> None:
    home = tmp_path / "languages"
    shutil.copytree(FIXTURES, home)
    row = home / "qaa" / languages.ROW
    row.write_text(row.read_text("utf-8").replace(line, instead, 1), "utf-8")
    known = languages.languages()
    with pytest.raises(BadLanguage, match=problem):
        languages.search(home)
    assert languages.languages() == known


def test_a_folder_of_languages_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadLanguage, match=re.escape(str(tmp_path / "gone"))):
        languages.search(tmp_path / "gone")


@pytest.mark.parametrize(
    ("tag", "primary", "current"),
    [
        ("iw", "he", "he"),
        ("iw-IL", "he", "he-IL"),
        ("IW", "he", "he"),
        ("en-GB", "en", "en-GB"),
        ("fr-CA", "fr", "fr-CA"),
        ("", "", ""),
    ],
)
def test_an_old_code_stands_for_todays(tag: str, primary: str, current: str) -> None:
    assert languages.primary_language(tag) == primary
    assert current_tag(tag) == current


def test_models_write_the_languages_that_rows_trust_them_with() -> None:
    every, capable, all_of_them = codes("every"), codes("capable"), codes("multilingual")
    assert "en" in every
    assert "es" in {*capable} - {*every}
    assert "he" in {*all_of_them} - {*capable}
    assert all_of_them == codes() == tuple(row.code for row in languages.languages())
