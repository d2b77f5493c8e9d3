"""The steps of the workflow and their order are known in one place."""

import itertools

import pytest

from stories.vocabulary.nodes import AFTER, FIRST, STRAIGHT_PATH, Node, done_before, writer_of
from testkit.app import ROOT


def test_every_step_is_reached_and_leads_to_the_end() -> None:
    assert {*AFTER} == {*Node} - {Node.WORKFLOW}
    assert {FIRST, *(way for ways in AFTER.values() for way in ways)} == {*AFTER}
    assert STRAIGHT_PATH[0] is FIRST
    for node, following in itertools.pairwise(STRAIGHT_PATH):
        assert following in AFTER[node]
    assert AFTER[STRAIGHT_PATH[-1]] == ()


@pytest.mark.parametrize("version", [0, 1, 2])
def test_what_was_done_last_follows_from_what_comes_next(version: int) -> None:
    assert done_before(FIRST, version) is None
    assert done_before(Node.SAFETY_CHECK, version) is writer_of(version)
    assert done_before(Node.ENHANCE_CONTENT, version) is Node.SAFETY_CHECK
    assert done_before(Node.CALCULATE_METRICS, version) is Node.SAFETY_CHECK
    assert done_before(None, version) is Node.CALCULATE_METRICS


def test_no_other_module_spells_a_step_out() -> None:
    names = {f'"{node}"' for node in Node} - {'"safety_check"', '"workflow"'}
    for module in (ROOT / "stories").rglob("*.py"):
        if module.name != "nodes.py":
            assert not {name for name in names if name in module.read_text()}, module
