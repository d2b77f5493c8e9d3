"""Which model the settings lead to, and where it is to be had."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings

from stories.embedded import catalog, server
from stories.safety.guard import OWN_MODEL, dialect_of
from stories.workflow.resources import ModelProfile

from .profiles import Provider, billions_in, profile_of

_PROBE_TIMEOUT = httpx.Timeout(5.0, connect=2.0)
_CONCURRENCY: dict[Provider, int] = {"ollama": 4, "openai": 16, "embedded": server.SLOTS}
_OPENAI_CONTEXT_TOKENS = 8192


class NoModel(Exception):
    """The settings lead to no model; the argument says why, in a sentence for staff."""


@dataclass(frozen=True, slots=True)
class Host:
    """A model, and where it is to be had; `files` are what the embedded server may run."""

    provider: Provider
    profile: ModelProfile
    url: str = ""
    api_key: str = ""
    files: tuple[Path, ...] = ()

    @property
    def concurrency(self) -> int:
        wanted = settings.MAX_CONCURRENT or _CONCURRENCY[self.provider]
        return min(wanted, server.SLOTS) if self.provider == "embedded" else wanted


def settings_that_matter() -> tuple[object, ...]:
    """Those that decide which model it is, and how it is asked."""
    names = (
        *("LLM_PROVIDER", "MODEL_PATH", "DATA_DIR", "MAX_CONCURRENT", "OLLAMA_BASE_URL"),
        *("OLLAMA_MODEL", "OLLAMA_NUM_CTX", "OPENAI_BASE_URL", "OPENAI_MODEL"),
        *("GUARD_MODEL", "GUARD_IS_ADVISORY", "MODEL_TIMEOUT_SECONDS"),
        *("OLLAMA_TEMPERATURE", "OLLAMA_MAX_TOKENS", "OLLAMA_KEEP_ALIVE", "SHOWS_UNCHECKED_WORDS"),
    )
    return tuple(getattr(settings, name) for name in names)


async def find() -> Host:
    if problem := guard_problem(settings.LLM_PROVIDER):
        raise NoModel(problem)
    host = await _find_writer()
    if problem := guard_problem(host.provider):
        raise NoModel(problem)
    return host


async def _find_writer() -> Host:
    match settings.LLM_PROVIDER:
        case "ollama":
            return await _ollama_host()
        case "openai":
            return _openai_host()
        case "embedded":
            return _embedded_host()
    if settings.MODEL_PATH:
        return _embedded_host()
    try:
        return await _ollama_host()
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
                _openai_host()
            case "embedded":
                _embedded_host()
            case "auto" if not counts_on_ollama:
                _embedded_host()
    except NoModel as reason:
        return str(reason)
    return ""


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


# Ollama -----------------------------------------------------------------------------------------


async def _ollama_host() -> Host:
    async with _ollama_api() as api:
        listed = await _listed(api)
        _require_guard(listed)
        for model in _candidates(listed):
            name = model["name"]
            shown = (await api.post("/api/show", json={"model": name})).raise_for_status().json()
            if "completion" in shown.get("capabilities", ["completion"]):
                return Host("ollama", _ollama_profile(name, shown), settings.OLLAMA_BASE_URL)
    raise NoModel(f"Ollama at {settings.OLLAMA_BASE_URL} has no model that can write")


@asynccontextmanager
async def _ollama_api() -> AsyncIterator[httpx.AsyncClient]:
    from .http import Transport, tls_context  # noqa: PLC0415 - aiohttp, for those who ask

    url = settings.OLLAMA_BASE_URL
    try:
        async with httpx.AsyncClient(
            base_url=url, timeout=_PROBE_TIMEOUT, transport=Transport(tls_context())
        ) as api:
            yield api
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoModel(
            f"Ollama at {url} does not answer: {error or type(error).__name__}"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoModel(f"what answers at {url} is not Ollama") from error


async def _listed(api: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = (await api.get("/api/tags")).raise_for_status().json()
    return [model for model in answer["models"] if model["name"]]


def _candidates(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The model that was asked for, or else all in Ollama's order, the newest first."""
    wanted = settings.OLLAMA_MODEL
    if not wanted:
        return [model for model in listed if dialect_of(model["name"]) is None]
    if found := _named(wanted, listed):
        return found
    names = ", ".join(model["name"] for model in listed) or "none"
    raise NoModel(f"Ollama has no model {wanted!r} (OLLAMA_MODEL); it has: {names}")


def _named(wanted: str, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [model for model in listed if model["name"] in {wanted, f"{wanted}:latest"}]


def _require_guard(listed: list[dict[str, Any]]) -> None:
    wanted = settings.GUARD_MODEL
    is_optional = wanted in {"", OWN_MODEL} or settings.GUARD_IS_ADVISORY
    if not is_optional and not _named(wanted, listed):
        raise NoModel(f"Ollama has no model {wanted!r} (STORYTELLER_GUARD_MODEL)")


def _ollama_profile(name: str, shown: dict[str, Any]) -> ModelProfile:
    lengths = [
        length
        for key, length in shown.get("model_info", {}).items()
        if key.endswith(".context_length")
    ]
    return profile_of(
        "ollama",
        name,
        min(settings.OLLAMA_NUM_CTX, *lengths) if lengths else settings.OLLAMA_NUM_CTX,
        billions=billions_in(shown.get("details", {}).get("parameter_size", "")),
    )


# OpenAI-compatible servers, llama.cpp among them --------------------------------------------------


def _openai_host() -> Host:
    names = {"OPENAI_BASE_URL": settings.OPENAI_BASE_URL, "OPENAI_MODEL": settings.OPENAI_MODEL}
    if missing := [name for name, value in names.items() if not value]:
        raise NoModel(f"STORYTELLER_LLM=openai needs {' and '.join(missing)}")
    return Host(
        "openai",
        profile_of("openai", settings.OPENAI_MODEL, _OPENAI_CONTEXT_TOKENS),
        settings.OPENAI_BASE_URL,
        settings.OPENAI_API_KEY or "none",
    )


# The embedded server ----------------------------------------------------------------------------


def _embedded_host(*, instead_of: NoModel | None = None) -> Host:
    files = _embedded_files()
    if not files:
        raise NoModel(
            (f"{instead_of}; and " if instead_of else "")
            + "no model is here yet: `python manage.py fetch_model` fetches one"
        )
    if importlib.util.find_spec("xllamacpp") is None:
        raise NoModel("the package xllamacpp is not installed on this machine")
    return Host("embedded", _embedded_profile(files[0]), files=files)


def _embedded_files() -> tuple[Path, ...]:
    if not settings.MODEL_PATH:
        return tuple(catalog.usable(settings.DATA_DIR / "models"))
    path = Path(settings.MODEL_PATH).expanduser().resolve()
    if not path.is_file():
        raise NoModel(f"STORYTELLER_MODEL_PATH names no file: {path}")
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
