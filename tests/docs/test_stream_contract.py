"""docs/stream-contract.md and the conformance suite know of each other, in both directions."""

import re

import pytest

from testkit.app import ROOT
from testkit.conformance.requirements import all_requirements

CONTRACT = (ROOT / "docs" / "stream-contract.md").read_text()
_REQUIREMENT = re.compile(r"^- \*\*C(\d+)\*\* (.*?)(?=\n- |\n\n|\Z)", re.MULTILINE | re.DOTALL)


def requirements() -> list[tuple[str, str]]:
    """Number and text, as one line."""
    return [(number, " ".join(text.split())) for number, text in _REQUIREMENT.findall(CONTRACT)]


def holders(text: str) -> list[str]:
    """The contents of the brackets at a requirement's end."""
    found = re.search(r"\[([^\[\]]+)\]$", text)
    return re.split(r"[,;] ", found[1]) if found else []


def test_the_requirements_are_numbered_without_a_gap() -> None:
    numbers = [int(number) for number, _ in requirements()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == CONTRACT.count("**C")


@pytest.mark.parametrize(("number", "text"), requirements())
def test_a_requirement_says_what_must_be_and_what_holds_it(number: str, text: str) -> None:
    assert re.search(r"\b(MUST|SHOULD|MAY)\b", text), f"C{number}"
    checks = {each.id for each in all_requirements()}
    assert holders(text), f"C{number} names no check"
    for holder in holders(text):
        is_test = holder.startswith("test_") and any((ROOT / "tests").rglob(holder))
        is_known = holder in checks or is_test or holder == "no check"
        is_known = is_known or "no check" in holders(text)
        assert is_known, f"C{number}: {holder}"


def test_every_check_of_the_suite_holds_a_requirement() -> None:
    named = {holder for _, text in requirements() for holder in holders(text)}
    assert {each.id for each in all_requirements()} <= named


def test_the_table_of_checks_is_that_of_the_suite() -> None:
    rows = re.findall(r"^\| (R\d+) \| (.*) \|$", CONTRACT, re.MULTILINE)
    assert rows == [(each.id, each.what) for each in all_requirements()]
    assert f"([R1 to {rows[-1][0]}](#checking-a-server))" in " ".join(CONTRACT.split())
