"""How far a chapter is, in words for a parent and a percentage that never falls."""

import time
from collections import deque
from collections.abc import Callable

from stories.workflow.steps import Advanced

THINKING = "Thinking up the next part"
WRITING = "Writing"
CHECKING = "Checking it"
FINISHING = "Nearly there"

EVENTS_PER_SECOND = 4
# The rest is for the stages, which a fast model's words must not swallow.
_OF_THEM_FOR_WORDS = 2
_WRITTEN_PERCENT = 80
_STAGE_PERCENT = {THINKING: 1, WRITING: 4, CHECKING: 82, FINISHING: 90}
# After the text: the judgement and the structured call, as a share of the time for writing.
_AFTERWARDS = 0.3


class ProgressMeter:
    """Reports progress worth telling, at most `EVENTS_PER_SECOND` times a second."""

    def __init__(self, target_words: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._target_words = target_words
        self._clock = clock
        self._percent = 0
        self._stage = ""
        self._sent_at: deque[float] = deque(maxlen=EVENTS_PER_SECOND)
        self._writing_since: float | None = None

    def enter(self, stage: str) -> Advanced | None:
        """A new stage begins."""
        if stage == self._stage:
            return None
        self._stage = stage
        return self._say(_STAGE_PERCENT[stage], None, most_recent=EVENTS_PER_SECOND)

    def wrote(self, words: int) -> Advanced | None:
        """`words` of the chapter are written."""
        if self._writing_since is None:
            self._writing_since = self._clock()
        self._stage = WRITING
        share = min(1.0, words / self._target_words)
        percent = round(_STAGE_PERCENT[WRITING] + share * (_WRITTEN_PERCENT - 4))
        return self._say(percent, self._eta_seconds(words), most_recent=_OF_THEM_FOR_WORDS)

    def _eta_seconds(self, words: int) -> float | None:
        elapsed = self._clock() - (self._writing_since or self._clock())
        if not words or elapsed < 1.0:
            return None
        whole = elapsed * self._target_words / words
        return round(max(whole - elapsed, 0.0) + whole * _AFTERWARDS, 1)

    def _say(self, percent: int, eta_seconds: float | None, most_recent: int) -> Advanced | None:
        """Nothing where `most_recent` events went out within the last second."""
        now = self._clock()
        if sum(1 for sent_at in self._sent_at if now - sent_at < 1.0) >= most_recent:
            return None
        self._percent = max(percent, self._percent)
        self._sent_at.append(now)
        return Advanced(percent=self._percent, stage=self._stage, eta_seconds=eta_seconds)
