"""Resumption: the text and steps already in a chapter's log, so that nothing is said twice.

LangGraph's checkpoint names the step to go on with. The log may be ahead of it, by all that the
interrupted step had said; never behind, since a step ends only when what it said is stored. So
each step asks here what is left of it to do, and a chapter goes on correctly even where there is
no checkpoint at all, as after a move to another database.
"""

from dataclasses import dataclass, replace

from stories.safety.judge import Judgement
from stories.vocabulary.nodes import Node

Pass = tuple[Node, int]


@dataclass(frozen=True, slots=True)
class Resume:
    """The default is a chapter of which nothing was said yet.

    `text` is the current version in stand-in form; it has been shown. `resets` is that version's
    number: how many were judged and withdrawn before it. `judged` is the last
    judgement, and `is_of_text` says that it is about this version. `begun` and `ended`
    are passes through a step: it, and the version that it was to make or to look at.
    """

    text: str = ""
    is_whole: bool = False
    resets: int = 0
    judged: Judgement | None = None
    is_of_text: bool = False
    begun: frozenset[Pass] = frozenset()
    ended: frozenset[Pass] = frozenset()

    @property
    def is_rejected(self) -> bool:
        """True when this version of the text was judged, and must not be read."""
        judgement = self.judgement_of(self.resets)
        return judgement is not None and not judgement.approved

    def text_of(self, version: int) -> str:
        """The text of this version; "" where it was withdrawn or not begun."""
        return self.text if self.resets == version else ""

    def is_written(self, version: int) -> bool:
        """True when this version of the text is whole."""
        return self.resets > version or (self.resets == version and self.is_whole)

    def judgement_of(self, version: int) -> Judgement | None:
        """The judgement of this version, where there was one; a version that was reset failed."""
        is_past = self.resets > version
        if self.judged is None or not (is_past or (self.resets == version and self.is_of_text)):
            return None
        return replace(self.judged, approved=self.judged.approved and not is_past)
