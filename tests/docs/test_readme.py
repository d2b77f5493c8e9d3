"""README is short, begins with what a newcomer types, and is true."""

import re

from stories.management.commands import demo_family
from testkit.app import ROOT

README = (ROOT / "README.md").read_text()
MAX_LINES = 130
MAX_PICTURE_BYTES = 400_000


def test_it_begins_with_the_two_commands() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert blocks[0].splitlines() == ["make run", "make test"]


def test_it_names_the_demo_accounts() -> None:
    for account in (demo_family.PARENT, demo_family.STAFF):
        assert f"`{account}` | `{demo_family.PASSWORD}`" in README


def test_it_is_read_in_two_minutes() -> None:
    assert len(README.splitlines()) <= MAX_LINES


def test_its_pictures_are_there_described_and_light() -> None:
    pictures = re.findall(r'<img src="([^"]+)"[^>]*\balt="[^"]+"', README)
    assert len(pictures) == README.count("<img") == 2
    assert sum((ROOT / path).stat().st_size for path in pictures) < MAX_PICTURE_BYTES


def test_it_names_the_version_and_the_licence_of_the_project() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    version = re.search(r'^version = "(.+)"$', project, re.MULTILINE)
    assert version is not None
    assert f"Version {version[1]}, under the [Apache License 2.0](LICENSE)." in README
    assert 'license = "Apache-2.0"' in project
    assert f"## [{version[1]}] - " in (ROOT / "CHANGELOG.md").read_text()
