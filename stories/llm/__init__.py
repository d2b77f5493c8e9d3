"""From settings to chat models: which provider, which model, and what that model can be asked for.

The only package that names a provider. Clients are kept as long as their event loop and the
settings last, and no connection of theirs between two calls.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from django.conf import settings

from stories.embedded.server import CannotStart
from stories.safety.guard import Guard, dialect_of, said_by_user
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.errors import ModelRefused, ModelUnavailable
from stories.vocabulary.languages import codes
from stories.workflow.resources import ModelProfile

from . import hosts
from .host import Host, Misconfigured, NoModel
from .hosts import configured, guard_problem, places_elsewhere, settings_that_matter
from .known import Key, Trial, forget_trials, key_of, remember
from .profiles import profile_of
from .support import Support

__all__ = [
    "STATUS_SECONDS",
    "CannotStart",
    "Host",
    "Key",
    "Models",
    "NoModel",
    "Status",
    "Support",
    "Trial",
    "configured",
    "examine",
    "forget_trials",
    "guard_problem",
    "key_of",
    "open_models",
    "places_elsewhere",
    "profile_of",
    "remember",
    "status",
    "traced",
]

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

T = TypeVar("T")

STATUS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Models:
    """One chapter's models: `writer` streams prose, `editor` answers judgements and schemas, and
    `guard`, where one is configured, says of each paragraph whether it may be shown.

    `concurrency` is how many chapters the model's host takes at once.
    """

    host: Host
    trial: Trial
    profile: ModelProfile
    writer: "BaseChatModel"
    editor: "BaseChatModel"
    guard: "BaseChatModel | None"
    name: str
    concurrency: int

    def guard_for(self, band: AgeBand) -> Guard | None:
        dialect = dialect_of(settings.GUARD_MODEL)
        if self.guard is None or dialect is None:
            return None
        return Guard(
            self.guard,
            dialect if self.host.provider == "ollama" else said_by_user(dialect),
            band,
            seconds=settings.GUARD_TIMEOUT_SECONDS,
            is_advisory=settings.GUARD_IS_ADVISORY,
        )


@dataclass(frozen=True, slots=True)
class Status:
    """The storyteller's state for pages; `problem` is for staff.

    `elsewhere` is the place where stories are written, if that is outside this machine and its
    network. `key` names the model's trial.

    `concurrency` is how many chapters all processes together may write at once, and at least one:
    where the model is away, a run has to say so.
    """

    available: bool
    name: str
    provider: str
    is_demo: bool
    languages: tuple[str, ...]
    concurrency: int
    problem: str = ""
    notes: tuple[str, ...] = ()
    elsewhere: str = ""
    key: Key | None = None
    is_turned_off: bool = False
    is_out_of_use: bool = False

    @property
    def is_configured(self) -> bool:
        """True when a chapter may be asked for: an Ollama that is named may only be away."""
        return not self.is_turned_off and (self.available or self.provider == "ollama")


async def open_models() -> Models:
    """The models for one chapter; the embedded server is started where it is needed.

    Takes milliseconds on a warm host, and finds a host again that was away; one that was there some
    seconds ago is not asked whether it still is. Raises ModelUnavailable, or ModelRefused where
    time changes nothing, with the reason for staff as its cause.
    """
    from .clients import clients_of, guard_of  # noqa: PLC0415 - for those who write, not for all
    from .trial import trial_of  # noqa: PLC0415

    try:
        host = await hosts.started(await _host.lately())
    except Misconfigured as reason:
        raise ModelRefused from reason
    except (NoModel, CannotStart) as reason:
        raise ModelUnavailable from reason
    trial = await trial_of(host, clients_of)
    model = await clients_of(host, trial.support)
    return Models(
        host=host,
        trial=trial,
        profile=host.profile,
        writer=model.writer,
        editor=model.editor,
        guard=guard_of(host.profile, model),
        name=host.profile.name,
        concurrency=host.concurrency,
    )


async def examine() -> tuple[Host, Trial]:
    """The host as it is now, and a new trial of its model. Raises NoModel or CannotStart."""
    from .clients import clients_of  # noqa: PLC0415 - as above
    from .trial import tried  # noqa: PLC0415

    host = await hosts.started(await hosts.find())
    trial = await tried(host, clients_of)
    remember(key_of(host), trial)
    return host, trial


async def status() -> Status:
    """True when a story could be told now, without starting anything; some seconds old at most."""
    return await _status.lately()


async def _look() -> Status:
    try:
        host = await _host.now()
    except NoModel as reason:
        return Status(
            available=False,
            name="",
            provider=settings.LLM_PROVIDER,
            is_demo=False,
            languages=codes("capable"),
            concurrency=settings.MAX_CONCURRENT or 1,
            problem=str(reason),
        )
    profile = host.profile
    return Status(
        available=True,
        name=profile.name,
        provider=host.provider,
        is_demo=profile.is_demo,
        languages=profile.languages,
        concurrency=host.concurrency,
        notes=host.notes,
        elsewhere=host.elsewhere,
        key=key_of(host),
    )


class _Recent(Generic[T]):
    """The whole process's last answer to a question, of use for some seconds while the settings
    stay."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._last: tuple[float, object, T] | None = None

    async def lately(self) -> T:
        if self._last is not None:
            until, asked, answer = self._last
            if asked == settings_that_matter() and time.monotonic() < until:
                return answer
        return await self.now()

    async def now(self) -> T:
        asked = settings_that_matter()
        answer = await self._ask()
        self._last = (time.monotonic() + STATUS_SECONDS, asked, answer)
        return answer


_host = _Recent(hosts.find)
_status = _Recent(_look)


@contextmanager
def traced() -> Iterator[None]:
    """Within it, LangSmith is sent what models are told and say if IS_TRACED, and nothing if not,
    whatever other variables its client finds."""
    from langsmith import tracing_context  # noqa: PLC0415 - slow to import

    with tracing_context(enabled=settings.IS_TRACED):
        yield
