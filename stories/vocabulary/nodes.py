"""The steps of a chapter's workflow: their names, and the ways from one to the next."""

from collections.abc import Mapping
from enum import StrEnum


class Node(StrEnum):
    """A step of the graph, and WORKFLOW for all of them together; the value stands in the log."""

    WORKFLOW = "workflow"
    GENERATE_CONTENT = "generate_content"
    SAFETY_CHECK = "safety_check"
    ENHANCE_CONTENT = "enhance_content"
    CALCULATE_METRICS = "calculate_metrics"


FIRST = Node.GENERATE_CONTENT
# An approved text goes on to its metrics, another one is written anew.
WHEN_APPROVED, WHEN_REJECTED = Node.CALCULATE_METRICS, Node.ENHANCE_CONTENT
AFTER: Mapping[Node, tuple[Node, ...]] = {
    Node.GENERATE_CONTENT: (Node.SAFETY_CHECK,),
    Node.SAFETY_CHECK: (WHEN_APPROVED, WHEN_REJECTED),
    Node.ENHANCE_CONTENT: (Node.SAFETY_CHECK,),
    Node.CALCULATE_METRICS: (),
}
# Of a chapter that is approved at once.
STRAIGHT_PATH = (Node.GENERATE_CONTENT, Node.SAFETY_CHECK, Node.CALCULATE_METRICS)


def writer_of(version: int) -> Node:
    """The step that writes this version of the text; 0 is the first."""
    return Node.ENHANCE_CONTENT if version else Node.GENERATE_CONTENT


def version_in(node: Node, version: int) -> int:
    """The version of a step's text, given the newest `version` at its beginning."""
    return version + (node is Node.ENHANCE_CONTENT)


def done_before(following: Node | None, version: int) -> Node | None:
    """The step that ended before this one, with this version of the text; None stands for the
    graph's end in `following`, and for its beginning in the answer."""
    if following is Node.SAFETY_CHECK:
        return writer_of(version)
    for node, ways in AFTER.items():
        if following in ways or (following is None and not ways):
            return node
    return None
