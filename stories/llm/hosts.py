"""The model hosts and models of the settings."""

import asyncio
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from django.conf import settings

from stories.embedded import catalog, server
from stories.infra.addresses import addresses_in, far_host_of
from stories.safety.guard import OWN_MODEL, dialect_of
from stories.workflow.resources import ModelProfile

from . import background
from .failures import Failures
from .host import Host, Misconfigured, NoModel, shown
from .ollama_host import CLOUD, ollama_host, runs_in_cloud
from .openai_host import missing_settings, openai_host
from .profiles import Provider, profile_of

# This process's.
failures = Failures()


def settings_that_matter() -> tuple[object, ...]:
    """The settings with a say in the model, and in how it is asked."""
    names = (
        *("LLM_PROVIDER", "FALLBACK_PROVIDER", "MODEL_PATH", "DATA_DIR", "MAX_CONCURRENT"),
        *("OLLAMA_BASE_URL", "OLLAMA_MODEL", "OLLAMA_NUM_CTX", "OPENAI_BASE_URL", "OPENAI_MODEL"),
        *("OLLAMA_API_KEY", "OPENAI_API_KEY"),
        *("GUARD_MODEL", "GUARD_IS_ADVISORY", "MODEL_TIMEOUT_SECONDS"),
        *("OLLAMA_TEMPERATURE", "OLLAMA_MAX_TOKENS", "OLLAMA_KEEP_ALIVE", "SHOWS_UNCHECKED_WORDS"),
    )
    return tuple(getattr(settings, name) for name in names)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A host out of action now, and the reason."""

    provider: Provider
    address: str
    problem: NoModel


@dataclass(frozen=True, slots=True)
class Found:
    """Hosts of one provider that can write now, in the order of the settings and at least one, and
    those before or beside them that cannot."""

    hosts: tuple[Host, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for staff."""
        notes = [f"left out: {one.problem}" for one in self.left_out]
        notes += [note for host in self.hosts for note in host.notes]
        if len(models := {host.profile.name for host in self.hosts}) > 1:
            notes.append(f"the hosts have different models: {', '.join(sorted(models))}")
        return tuple(notes)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A host that the settings name; `url` as they have it. `is_assumed`: its absence is the
    settings' fault only where they name nothing else."""

    provider: Provider
    url: str = ""
    is_assumed: bool = False

    @property
    def address(self) -> str:
        return self.provider if self.provider == "embedded" else shown(self.url)


async def find() -> Found:
    """The working hosts of the first provider with any.

    A host that failed lately is left out, and asked again beside the caller once that is due; where
    there is no other one, it is asked at once, as it is before `auto` takes the embedded model
    instead. Raises NoModel.
    """
    if problem := guard_problem(settings.LLM_PROVIDER):
        raise Misconfigured(problem)
    left_out: dict[_Candidate, LeftOut] = {}
    for group, is_lately_failed in _rounds():
        asked = [one for one in group if bool(_problem_of(one)) == is_lately_failed]
        asked = [one for one in asked if one not in left_out]
        answers = await asyncio.gather(*map(_ask, asked))
        left_out |= {
            one: answer
            for one, answer in zip(asked, answers, strict=True)
            if isinstance(answer, LeftOut)
        }
        if hosts := tuple(answer for answer in answers if isinstance(answer, Host)):
            return _found(hosts, left_out)
    raise _no_model([one.problem for one in left_out.values()])


def _rounds() -> list[tuple[list[_Candidate], bool]]:
    """The groups in the order in which they are asked, and whether that is for those of it which
    failed lately."""
    groups = [*_groups()]
    if settings.LLM_PROVIDER == "auto":
        return [(group, is_failed) for group in groups for is_failed in (False, True)]
    return [(group, is_failed) for is_failed in (False, True) for group in groups]


def _groups() -> Iterator[list[_Candidate]]:
    """The settings' hosts: the first provider's, what `auto` takes instead, the fallback's."""
    match settings.LLM_PROVIDER:
        case "auto" if not settings.MODEL_PATH:
            yield [*_candidates("ollama")]
            yield [_Candidate("embedded", is_assumed=True)]
        case "auto":
            yield [*_candidates("embedded")]
        case provider:
            yield [*_candidates(cast("Provider", provider))]
    if then := fallback():
        yield [*_candidates(then)]


def fallback() -> Provider | None:
    """The provider to ask while the first is away."""
    return cast("Provider", settings.FALLBACK_PROVIDER) if settings.FALLBACK_PROVIDER else None


def _candidates(provider: Provider) -> Iterator[_Candidate]:
    match provider:
        case "ollama":
            yield from (_Candidate(provider, url) for url in addresses_in(settings.OLLAMA_BASE_URL))
        case "openai":
            yield _Candidate(provider, settings.OPENAI_BASE_URL)
        case "embedded":
            yield _Candidate(provider)


async def _ask(candidate: _Candidate) -> Host | LeftOut:
    try:
        host = await _host_of(candidate)
    except NoModel as problem:
        problem = problem.with_traceback(None)
        failures.note(candidate.address, problem)
        return LeftOut(candidate.provider, candidate.address, problem)
    failures.note_answer(candidate.address)
    return host


async def _host_of(candidate: _Candidate) -> Host:
    if problem := guard_problem(candidate.provider):
        raise Misconfigured(problem)
    match candidate.provider:
        case "ollama":
            return await ollama_host(candidate.url)
        case "openai":
            return await openai_host()
        case "embedded":
            return _embedded_host(is_assumed=candidate.is_assumed)


def _problem_of(candidate: _Candidate) -> NoModel | None:
    return failures.problem_of(candidate.address)


def _found(hosts: tuple[Host, ...], left_out: dict[_Candidate, LeftOut]) -> Found:
    """The hosts that answered, and those before them; these are asked again where that is due."""
    provider = hosts[0].provider
    for group in _groups():
        for one in group:
            if one not in left_out and (why := _problem_of(one)):
                left_out[one] = LeftOut(one.provider, one.address, why)
                if failures.take_due(one.address):
                    background.begin(_ask_again(one))
        if provider in {one.provider for one in group}:
            break
    is_embedded_instead = settings.LLM_PROVIDER == "auto" and provider == "embedded"
    return Found(hosts, () if is_embedded_instead else tuple(left_out.values()))


async def _ask_again(candidate: _Candidate) -> None:
    await _ask(candidate)


def _no_model(problems: list[NoModel]) -> NoModel:
    """One problem for all; time alone changes nothing only where that is so of each."""
    if not problems:
        return Misconfigured("OLLAMA_BASE_URL names no address")
    if len(problems) == 1:
        return problems[0]
    is_permanent = all(isinstance(problem, Misconfigured) for problem in problems)
    told = "; and ".join(map(str, problems))
    return Misconfigured(told) if is_permanent else NoModel(told)


async def started(host: Host) -> Host:
    """The same host, ready to be asked: the embedded server is started if need be.

    Raises `server.CannotStart`.
    """
    return await asyncio.to_thread(_attached, host) if host.provider == "embedded" else host


def configured() -> str:
    """The reason why the settings lead to no model, for staff; empty if they may lead to one.

    Asks no host: whether Ollama has a model shows only when one is needed.
    """
    counts_on_ollama = settings.OLLAMA_MODEL and not settings.MODEL_PATH
    try:
        match settings.LLM_PROVIDER:
            case "openai":
                return missing_settings()
            case "embedded":
                _embedded_host()
            case "auto" if not counts_on_ollama:
                _embedded_host()
    except NoModel as reason:
        return str(reason)
    return ""


def fallback_problem() -> str:
    """The reason why the fallback is of no use, for staff; empty if it may be of use."""
    then, first = fallback(), settings.LLM_PROVIDER
    if then is None:
        return ""
    if first in {"auto", then}:
        return (
            f"STORYTELLER_FALLBACK={then} needs another provider than that in STORYTELLER_LLM, "
            f"which is {first}"
        )
    return missing_settings("STORYTELLER_FALLBACK") if then == "openai" else ""


def addresses_elsewhere() -> Iterator[tuple[str, str]]:
    """The settings by which stories may be written outside this machine and its network, and where;
    asks no host."""
    first = "ollama" if settings.LLM_PROVIDER == "auto" else settings.LLM_PROVIDER
    yield from addresses_of(cast("Provider", first))
    if then := fallback():
        for name, address in addresses_of(then):
            yield f"{name}, by STORYTELLER_FALLBACK={then}", address


def addresses_of(provider: Provider) -> Iterator[tuple[str, str]]:
    """The same of one provider, whether it is in use or not."""
    for far in far_hosts_of(provider):
        yield f"{provider.upper()}_BASE_URL", far
    if provider == "ollama":
        for name in ("OLLAMA_MODEL", "GUARD_MODEL"):
            if runs_in_cloud(model := getattr(settings, name)):
                yield name.replace("GUARD", "STORYTELLER_GUARD"), f"{CLOUD} by {model}"


def far_hosts_of(provider: Provider) -> list[str]:
    """The hosts outside this machine's network, by their addresses."""
    return [far for one in _candidates(provider) if (far := far_host_of(one.url))]


def guard_problem(provider: str) -> str:
    """The reason why the configured guard cannot be asked there, for staff; empty if it can."""
    name = settings.GUARD_MODEL
    if name and dialect_of(name) is None:
        return (
            f"STORYTELLER_GUARD_MODEL={name!r} is no guard model that is known: allowed are models "
            f"of Llama Guard and Granite Guardian, and {OWN_MODEL!r}"
        )
    if name not in {"", OWN_MODEL} and provider == "embedded":
        return (
            f"STORYTELLER_GUARD_MODEL={name!r} is asked of Ollama or of a server with OpenAI's "
            "API, and the storyteller is the embedded one"
        )
    return ""


# The embedded server ----------------------------------------------------------------------------


def _embedded_host(*, is_assumed: bool = False) -> Host:
    files = _embedded_files()
    if not files:
        missing = NoModel if is_assumed else Misconfigured
        raise missing("no model is here yet: `python manage.py fetch_model` fetches one")
    if importlib.util.find_spec("xllamacpp") is None:
        raise Misconfigured("the package xllamacpp is not installed on this machine")
    return Host("embedded", _embedded_profile(files[0]), files=files)


def _embedded_files() -> tuple[Path, ...]:
    if not settings.MODEL_PATH:
        return tuple(catalog.usable(settings.DATA_DIR / "models"))
    path = Path(settings.MODEL_PATH).expanduser().resolve()
    if not path.is_file():
        raise Misconfigured(f"STORYTELLER_MODEL_PATH names no file: {path}")
    return (path,)


def _embedded_profile(file: Path) -> ModelProfile:
    return profile_of("embedded", file.stem, server.CONTEXT_TOKENS // server.SLOTS)


def _attached(host: Host) -> Host:
    endpoint = server.attach(settings.DATA_DIR / "embedded", host.files)
    return replace(
        host,
        profile=_embedded_profile(Path(endpoint.model)),
        url=f"{endpoint.url}/v1",
        api_key=endpoint.api_key,
    )
