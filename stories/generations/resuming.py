"""From a run's log back to the workflow's own words: the point to go on from."""

from collections.abc import Iterable
from typing import Any

from stories.safety.judge import Judgement
from stories.vocabulary.events import RESYNC
from stories.vocabulary.nodes import Node, version_in
from stories.vocabulary.pseudonym import Pseudonym
from stories.workflow.resume import Resume


def resume_from(events: Iterable[tuple[str, dict[str, Any]]], text: str, name: Pseudonym) -> Resume:
    """The state after these events (type and data), with `text` approved and shown so far.

    The log has the family's names; a model that is told of a judgement is not to hear them.
    """
    is_whole = is_of_text = False
    resets = 0
    judged: Judgement | None = None
    begun: set[tuple[Node, int]] = set()
    ended: set[tuple[Node, int]] = set()
    for type_, data in events:
        match type_, data.get("status"):
            case "content_reset", _ if data["reason"] == RESYNC:
                pass  # the same version stands, but for what was only glimpsed of it
            case "content_reset", _:
                resets += 1
                is_whole = is_of_text = False
            case "content", _:
                is_whole = bool(data["is_complete"])
            case "safety_check", _:
                judged, is_of_text = _judgement(data, name), True
            case "node_event", "started":
                # A rewrite begins before it resets the text.
                node = Node(data["node"])
                begun.add((node, version_in(node, resets)))
            case "node_event", "completed":
                ended.add((Node(data["node"]), resets))
    return Resume(text, is_whole, resets, judged, is_of_text, frozenset(begun), frozenset(ended))


def _judgement(data: dict[str, Any], name: Pseudonym) -> Judgement:
    return Judgement(
        approved=data["approved"],
        score=data["score"],
        issues=tuple(map(name.hide, data["issues"])),
    )
