"""Every word of the interface, in every language that it is offered in."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
# msgid, or msgid and plural form, and what it is translated to
Entry = tuple[str, dict[str, str]]

_FIELD = re.compile(r'^(msg\w+(?:\[\d\])?) (".*")$|^(".*")$', re.MULTILINE)
_CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
_IN_TEMPLATE = re.compile(r"""\bn?gettext\(u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


def entries(path: Path) -> Iterator[dict[str, str]]:
    """The entries of a .po file, each as its fields; the header has an empty `msgid`."""
    for block in path.read_text("utf-8").split("\n\n"):
        entry: dict[str, str] = {}
        name = ""
        for field, value, more in _FIELD.findall(block):
            name = field or name
            entry[name] = entry.get(name, "") + ast.literal_eval(value or more)
        if "msgid" in entry:
            yield entry


def catalog(language: str, suffix: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / f"django.{suffix}"


def strings_in_code() -> Iterator[str]:
    for package in ("storyteller", "stories", "children"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _CALLS:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield first.value


def strings_in_templates() -> Iterator[str]:
    for path in (ROOT / "templates").rglob("*.*"):
        for literal in _IN_TEMPLATE.findall(templatize(path.read_text("utf-8"))):
            yield ast.literal_eval(literal)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_of_the_interface_is_translated(language: str) -> None:
    translated = {
        entry["msgid"]
        for entry in entries(catalog(language, "po"))
        if all(text for field, text in entry.items() if field.startswith("msgstr"))
    }
    assert {*strings_in_code(), *strings_in_templates()} - translated == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_empty_or_only_a_guess(language: str) -> None:
    po = catalog(language, "po")
    assert "fuzzy" not in po.read_text("utf-8")
    empty = [
        entry["msgid"]
        for entry in entries(po)
        for field, text in entry.items()
        if field.startswith("msgstr") and not text
    ]
    assert empty == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalog_says_what_the_source_says(language: str) -> None:
    with catalog(language, "mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in entries(catalog(language, "po")):
        if not entry["msgid"]:
            continue
        if "msgid_plural" not in entry:
            assert compiled.gettext(entry["msgid"]) == entry["msgstr"]
            continue
        for count in (1, 2, 20, 7, 1_000_000):
            form = compiled.ngettext(entry["msgid"], entry["msgid_plural"], count)
            assert form in [text for field, text in entry.items() if field[:7] == "msgstr["]


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_placeholders_of_names_and_numbers(language: str) -> None:
    placeholders = re.compile(r"%\(\w+\)s|%\(\w+\)d|%d|%s|\{\w+\}")
    for entry in entries(catalog(language, "po")):
        wanted = set(placeholders.findall(entry["msgid"]))
        for field, text in entry.items():
            if field.startswith("msgstr") and entry["msgid"]:
                assert set(placeholders.findall(text)) == wanted, text
