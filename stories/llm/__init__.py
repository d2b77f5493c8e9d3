"""From settings to chat models: the provider, the model, and the model's abilities.

The only package that names a provider. Clients are kept as long as their event loop and the
settings last, and no connection of theirs between two calls.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from django.conf import settings

from stories.embedded.server import CannotStart
from stories.safety.guard import Guard, dialect_of, said_by_user
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.errors import ModelRefused, ModelUnavailable
from stories.vocabulary.languages import codes
from stories.workflow.resources import ModelProfile, Writing

from . import background, hosts
from .background import end as end_background
from .host import Host, Misconfigured, NoModel
from .hosts import (
    Found,
    LeftOut,
    addresses_elsewhere,
    configured,
    failures,
    fallback_problem,
    guard_problem,
    settings_that_matter,
)
from .known import Key, Trial, forget_trials, key_of, remember
from .profiles import Provider, profile_of
from .support import Support

__all__ = [
    "STATUS_SECONDS",
    "CannotStart",
    "Host",
    "Key",
    "LeftOut",
    "Models",
    "NoModel",
    "Status",
    "Support",
    "Trial",
    "addresses_elsewhere",
    "begin_warm_up",
    "configured",
    "end_background",
    "examine",
    "fallback_problem",
    "forget_trials",
    "guard_problem",
    "has_other_host",
    "key_of",
    "leave_out",
    "left_out",
    "open_models",
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
    `guard`, if configured, checks each paragraph.

    `concurrency` is how many chapters the model's host takes at once. `left_out` are hosts that
    could not be asked.
    """

    host: Host
    trial: Trial
    profile: ModelProfile
    writer: "BaseChatModel"
    editor: "BaseChatModel"
    guard: "BaseChatModel | None"
    name: str
    concurrency: int
    left_out: tuple[LeftOut, ...] = ()

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

    `elsewhere` has the addresses where stories are written outside this machine and its network,
    and `fallback_elsewhere` those where they are written while the first provider is away. `keys`
    name the models' trials.

    `hosts` are the addresses of those that write, one empty where there is none. `concurrency` is
    how many chapters all processes together may write at once on all of them, and at least one:
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
    fallback_elsewhere: str = ""
    hosts: tuple[str, ...] = ("",)
    writing: Writing | None = None
    keys: tuple[Key, ...] = ()
    is_turned_off: bool = False
    is_out_of_use: bool = False

    @property
    def host_concurrency(self) -> int:
        """How many of the chapters may be written at once on one host."""
        return self.concurrency // len(self.hosts)

    @property
    def may_write_ahead(self) -> bool:
        """True when chapters may be written that nobody has asked for: `near` spares hosts outside
        this machine and its network, where each may cost money."""
        is_near = not self.elsewhere
        return self.available and (
            settings.WRITE_AHEAD == "always" or (settings.WRITE_AHEAD == "near" and is_near)
        )

    @property
    def is_configured(self) -> bool:
        """True when a chapter may be asked for: an Ollama that is named may only be away."""
        return not self.is_turned_off and (self.available or self.provider == "ollama")


async def open_models(address: str = "") -> Models:
    """The models for one chapter at this host, or at the first available one; starts the embedded
    server if need be.

    Takes milliseconds on a warm host, and finds a host again that was away; one that was there some
    seconds ago is not asked whether it still is. Raises ModelUnavailable, or ModelRefused where
    time changes nothing, with the reason for staff as its cause.
    """
    from .clients import clients_of, guard_of  # noqa: PLC0415 - for those who write, not for all
    from .trial import trial_of  # noqa: PLC0415

    try:
        found = await _found.lately()
        host = await hosts.started(_chosen(found, address))
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
        left_out=found.left_out,
    )


def _chosen(found: Found, address: str) -> Host:
    for host in found.hosts:
        if address in {"", host.address}:
            return host
    raise NoModel(f"the host {address} is left out")


def leave_out(address: str, why: str) -> None:
    """Begin no chapter for a while at a host after its failure, if there is another."""
    failures.note(address, NoModel(f"{address} failed a chapter: {why}"))
    _found.forget()
    _status.forget()


async def has_other_host(than: Collection[str], writing: Writing | None) -> bool:
    """True when a chapter can go on at another host: at one that writes in the same way, where some
    of its text is shown (`writing`), else at any."""
    try:
        found = await _found.lately()
    except NoModel:
        return False
    others = [host.profile.writing for host in found.hosts if host.address not in than]
    return bool(others) if writing is None else writing in others


async def begin_warm_up() -> None:
    """Have the hosts load their models, beside the event loop's other work; nobody waits for it."""
    background.begin(_warm_up())


async def _warm_up() -> None:
    from .warming import warm_up  # noqa: PLC0415 - as in `open_models`

    with suppress(NoModel):
        await warm_up((await _found.lately()).hosts)


async def examine() -> tuple[list[tuple[Host, Trial]], tuple[LeftOut, ...]]:
    """The hosts as they are now, each with a new trial of its model, and the hosts left out.

    Raises NoModel or CannotStart.
    """
    from .clients import clients_of  # noqa: PLC0415 - as above
    from .trial import tried  # noqa: PLC0415

    failures.forget()
    found = await hosts.find()
    examined = []
    for one in found.hosts:
        host = await hosts.started(one)
        trial = await tried(host, clients_of)
        remember(key_of(host), trial)
        examined.append((host, trial))
    return examined, found.left_out


async def left_out() -> tuple[LeftOut, ...]:
    """The hosts of the settings that cannot write now; none if no host can."""
    try:
        return (await _found.lately()).left_out
    except NoModel:
        return ()


async def status() -> Status:
    """The storyteller's state, some seconds old at most; starts nothing."""
    return await _status.lately()


async def _current_status() -> Status:
    try:
        found = await _found.now()
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
    first, *others = found.hosts
    return Status(
        available=True,
        name=first.profile.name,
        provider=first.provider,
        is_demo=any(host.profile.is_demo for host in found.hosts),
        languages=tuple(
            code
            for code in first.profile.languages
            if all(code in host.profile.languages for host in others)
        ),
        concurrency=first.concurrency * len(found.hosts),
        notes=found.notes,
        elsewhere=_elsewhere(found),
        fallback_elsewhere=_fallback_elsewhere(first.provider),
        hosts=tuple(host.address for host in found.hosts),
        writing=first.profile.writing,
        keys=tuple(map(key_of, found.hosts)),
    )


def _elsewhere(found: Found) -> str:
    """The addresses of far hosts, also of those left out at this moment."""
    addresses = [host.elsewhere for host in found.hosts]
    addresses += hosts.far_hosts_of(found.hosts[0].provider)
    return ", ".join(dict.fromkeys(filter(None, addresses)))


def _fallback_elsewhere(provider: Provider) -> str:
    then = hosts.fallback()
    if then is None or then == provider:
        return ""
    return ", ".join(dict.fromkeys(address for _, address in hosts.addresses_of(then)))


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

    def forget(self) -> None:
        self._last = None


_found = _Recent(hosts.find)
_status = _Recent(_current_status)


@contextmanager
def traced() -> Iterator[None]:
    """A context in which LangSmith is sent the models' messages if IS_TRACED, and nothing if not,
    whatever other variables its client finds."""
    from langsmith import tracing_context  # noqa: PLC0415 - slow to import

    with tracing_context(enabled=settings.IS_TRACED):
        yield
