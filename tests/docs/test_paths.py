"""Every path that ARCHITECTURE and CONTRIBUTING name in their tables is there."""

import re

import pytest

from testkit.app import ROOT

MAX_ARCHITECTURE_LINES = 200
_PATH = re.compile(r"`([\w.<>-]+(?:/[\w.<>-]*)+)`")


def named_in(document: str) -> list[str]:
    rows = [line for line in (ROOT / document).read_text().splitlines() if line[:1] == "|"]
    return sorted({path for row in rows for path in _PATH.findall(row)})


@pytest.mark.parametrize(
    ("document", "path"),
    [(name, path) for name in ("ARCHITECTURE.md", "CONTRIBUTING.md") for path in named_in(name)],
)
def test_a_path_in_a_table_is_there(document: str, path: str) -> None:
    """`<code>` stands for any language, and other words in such brackets for any name."""
    assert list(ROOT.glob(re.sub(r"<\w+>", "*", path).rstrip("/"))), f"{document}: {path}"


def test_the_architecture_names_every_room() -> None:
    rooms = {f"stories/{found.parent.name}/" for found in ROOT.glob("stories/*/__init__.py")}
    assert rooms - {"stories/migrations/", "stories/templatetags/"} <= {
        *named_in("ARCHITECTURE.md")
    }


def test_the_architecture_is_short_and_repeats_no_layers() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    assert len(text.splitlines()) <= MAX_ARCHITECTURE_LINES
    assert text.count("```mermaid") == 1
