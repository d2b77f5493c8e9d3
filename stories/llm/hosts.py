"""The model host and model that the settings lead to."""

import asyncio
import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from stories.embedded import catalog, server
from stories.infra.addresses import host_of, is_near
from stories.safety.guard import OWN_MODEL, dialect_of
from stories.workflow.resources import ModelProfile

from .host import Host, Misconfigured, NoModel
from .ollama_host import CLOUD, ollama_host, runs_in_cloud
from .openai_host import missing_settings, openai_host
from .profiles import profile_of


def settings_that_matter() -> tuple[object, ...]:
    """The settings that decide the model, and how it is asked."""
    names = (
        *("LLM_PROVIDER", "MODEL_PATH", "DATA_DIR", "MAX_CONCURRENT", "OLLAMA_BASE_URL"),
        *("OLLAMA_MODEL", "OLLAMA_NUM_CTX", "OPENAI_BASE_URL", "OPENAI_MODEL"),
        *("OLLAMA_API_KEY", "OPENAI_API_KEY"),
        *("GUARD_MODEL", "GUARD_IS_ADVISORY", "MODEL_TIMEOUT_SECONDS"),
        *("OLLAMA_TEMPERATURE", "OLLAMA_MAX_TOKENS", "OLLAMA_KEEP_ALIVE", "SHOWS_UNCHECKED_WORDS"),
    )
    return tuple(getattr(settings, name) for name in names)


async def find() -> Host:
    if problem := guard_problem(settings.LLM_PROVIDER):
        raise Misconfigured(problem)
    host = await _find_writer()
    if problem := guard_problem(host.provider):
        raise Misconfigured(problem)
    return host


async def _find_writer() -> Host:
    match settings.LLM_PROVIDER:
        case "ollama":
            return await ollama_host()
        case "openai":
            return await openai_host()
        case "embedded":
            return _embedded_host()
    if settings.MODEL_PATH:
        return _embedded_host()
    try:
        return await ollama_host()
    except NoModel as reason:
        return _embedded_host(instead_of=reason)


async def started(host: Host) -> Host:
    """The same host, where it can be asked: the embedded server is started where it is needed.

    Raises `server.CannotStart`.
    """
    return await asyncio.to_thread(_attached, host) if host.provider == "embedded" else host


def configured() -> str:
    """Why the settings lead to no model, for staff; empty where they may.

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


def places_elsewhere() -> Iterator[tuple[str, str]]:
    """The settings by which stories may be written outside this machine and its network, and where;
    asks no host."""
    if settings.LLM_PROVIDER == "openai":
        yield from _far("OPENAI_BASE_URL")
    elif settings.LLM_PROVIDER in {"ollama", "auto"}:
        yield from _far("OLLAMA_BASE_URL")
        for name in ("OLLAMA_MODEL", "GUARD_MODEL"):
            if runs_in_cloud(model := getattr(settings, name)):
                yield name.replace("GUARD", "STORYTELLER_GUARD"), f"{CLOUD} by {model}"


def _far(name: str) -> Iterator[tuple[str, str]]:
    host = host_of(getattr(settings, name))
    if host and not is_near(host):
        yield name, host


def guard_problem(provider: str) -> str:
    """Why the guard that is configured cannot be asked there, for staff; empty where it can."""
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


def _embedded_host(*, instead_of: NoModel | None = None) -> Host:
    files = _embedded_files()
    if not files:
        missing = NoModel if instead_of else Misconfigured
        raise missing(
            (f"{instead_of}; and " if instead_of else "")
            + "no model is here yet: `python manage.py fetch_model` fetches one"
        )
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
