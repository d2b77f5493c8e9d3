"""docs/hosts.md lists the quirks that a stand-in shows, with their reports, and plays them all."""

import re

from benchmarks.hosts import END, START
from testkit.app import ROOT
from testkit.hosts import Quirk

HOSTS = (ROOT / "docs/hosts.md").read_text()
LIST = HOSTS.partition("## Quirks\n")[2].partition("\n## ")[0]
MATRIX = HOSTS.partition(START)[2].partition(END)[0]


def rows() -> dict[str, str]:
    return dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", LIST, re.MULTILINE))


def test_every_quirk_is_listed_once_and_nothing_else() -> None:
    listed = re.findall(r"^\| `([^`]+)`", LIST, re.MULTILINE)
    assert listed == [quirk.label for quirk in Quirk]


def test_a_quirk_is_told_as_in_the_registry() -> None:
    for quirk in Quirk:
        says, seen, does = rows()[quirk.label].split(" | ")
        assert says == quirk.says
        assert tuple(re.findall(r"[\w.-]+/[\w.-]+#\d+", seen)) == quirk.reports, quirk.label
        assert does


def test_the_matrix_has_every_quirk() -> None:
    played = set(re.findall(r"`([a-z\d-]+)`", MATRIX))
    assert {quirk.label for quirk in Quirk} <= played
