"""Every link between the documents leads to a file, and to a heading of it."""

import re
from pathlib import Path

import pytest

from testkit.app import ROOT

_LINK = re.compile(r"\]\(([^):\s]*)\)|<img src=\"([^\":]+)\"")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def documents() -> list[str]:
    patterns = ("*.md", "docs/**/*.md", "benchmarks/*.md")
    found = [path for pattern in patterns for path in ROOT.glob(pattern)]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def headings(document: Path) -> set[str]:
    """The anchors of a document, as repository hosts make them."""
    text = _FENCE.sub("", document.read_text())
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in _HEADING.findall(text)
    }


@pytest.mark.parametrize("path", documents())
def test_its_links_lead_somewhere(path: str) -> None:
    document = ROOT / path
    for link, picture in _LINK.findall(document.read_text()):
        target, _, anchor = (link or picture).partition("#")
        found = document.parent / target if target else document
        assert found.exists(), target
        assert not anchor or anchor in headings(found), f"{target}#{anchor}"
