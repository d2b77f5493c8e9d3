"""Results of trials, for as long as the process lives."""

import time
from dataclasses import dataclass, field

from stories.infra.addresses import masked

from .host import Host
from .support import Support

_AGAIN_SECONDS = 60.0
_SLOW_TOKENS_PER_SECOND = 5.0
_SLOW_FIRST_WORD_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of a trial. `schema` says how schemas are answered: "honoured", "in the prompt",
    "ignored", or "" where nothing came. `tokens_per_second` is an estimate. `problem` is for staff.
    """

    support: Support = field(default_factory=Support)
    writes: bool = False
    schema: str = ""
    first_word_seconds: float = 0.0
    tokens_per_second: float = 0.0
    problem: str = ""

    @property
    def advice(self) -> tuple[str, ...]:
        """Advice to staff on failed trials."""
        return tuple(
            sentence
            for applies, sentence in (
                (bool(self.problem), "Mend what the host says, and run this again."),
                (
                    self.support.thinks,
                    "Switch thinking off at the host, or use a model that does not think.",
                ),
                (
                    self.schema == "ignored",
                    "Use a model that answers JSON schemas: this one's judgements cannot be read.",
                ),
                (
                    self.schema == "in the prompt",
                    "Switch on structured output at the host, if it has any: that is surer.",
                ),
                (
                    0 < self.tokens_per_second < _SLOW_TOKENS_PER_SECOND,
                    "Use a smaller model or a faster machine: a child waits for each sentence.",
                ),
                (
                    self.first_word_seconds > _SLOW_FIRST_WORD_SECONDS,
                    "Keep the model loaded (OLLAMA_KEEP_ALIVE): the first word took long.",
                ),
            )
            if applies
        )

    @property
    def is_passed(self) -> bool:
        """True when the model wrote, and its answer to a schema could be read."""
        return self.writes and self.schema not in {"", "ignored"}

    @property
    def is_over(self) -> bool:
        """True when it need not be done again."""
        return self.writes and bool(self.schema)


Key = tuple[str, str, str, str]

# Trials, and the monotonic time until which each holds.
_known: dict[Key, tuple[Trial, float]] = {}


def key_of(host: Host) -> Key:
    """Provider, address, model and version."""
    return host.provider, masked(host.url), host.profile.name, host.version


def remember(key: Key, trial: Trial) -> None:
    """Keep a trial's result: for good after a success, for a while after a failure."""
    until = float("inf") if trial.is_over else time.monotonic() + _AGAIN_SECONDS
    _known[key] = (trial, until)


def lately(key: Key) -> Trial | None:
    trial, until = _known.get(key, (None, 0.0))
    return trial if time.monotonic() < until else None


def forget_trials() -> None:
    """Forget the trials after a refusal, or an answer without text: the next chapter tries its
    model out anew."""
    _known.clear()
