"""The choice of one of an Ollama's models to write the stories."""

from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings

from stories.infra.addresses import (
    far_host_of,
    host_of,
    is_web_address,
    masked,
    without_credentials,
)
from stories.safety.guard import OWN_MODEL, dialect_of
from stories.workflow.resources import ModelProfile

from .host import Host, Misconfigured, NoModel, answer_of, authorization, probing
from .profiles import billions_in, embeds, profile_of
from .reasons import reason_in

CLOUD = "ollama.com"


@dataclass(frozen=True, slots=True)
class _Model:
    """A model as Ollama lists it; `elsewhere` is the place where Ollama has it run, if any."""

    name: str
    version: str
    elsewhere: str
    looks_embedding: bool


async def ollama_host(address: str) -> Host:
    """Raises NoModel."""
    if not is_web_address(address):
        raise Misconfigured(f"OLLAMA_BASE_URL has {masked(address)!r}, which is no address")
    headers = authorization(address, settings.OLLAMA_API_KEY)
    async with probing("Ollama", address, headers) as api:
        listed, notes = _listed(answer_of(await api.get("/api/tags")))
        guard = _guard(listed, address)
        for model in _candidates(listed, notes, address):
            shown = await _shown(api, model, notes, address)
            if shown is not None and _can_write(model, shown):
                return Host(
                    "ollama",
                    _profile(model.name, shown),
                    without_credentials(address),
                    headers=tuple(headers.items()),
                    version=model.version,
                    elsewhere=model.elsewhere or guard or far_host_of(address),
                    notes=tuple(notes),
                )
    raise Misconfigured(
        "; ".join([f"Ollama at {masked(address)} has no model that can write", *notes])
    )


def runs_in_cloud(name: str) -> bool:
    """True when a name is one of those by which Ollama has a model run elsewhere."""
    return name.lower().endswith(("-cloud", ":cloud"))


def same_model(one: str, other: str) -> bool:
    """Names are compared as Ollama does."""
    return _canonical(one) == _canonical(other)


def _canonical(name: str) -> str:
    bare = name.strip().lower().removeprefix("https://").removeprefix("http://")
    bare = bare.removeprefix("registry.ollama.ai/").removeprefix("library/")
    if bare.startswith("huggingface.co/"):
        bare = "hf.co/" + bare.removeprefix("huggingface.co/")
    return bare if ":" in bare.rpartition("/")[2] else f"{bare}:latest"


def _listed(answer: dict[str, Any]) -> tuple[list[_Model], list[str]]:
    """The models, and notes on entries of the list that are none."""
    models = [_model_of(entry) for entry in answer["models"]]
    nameless = models.count(None)
    notes = [f"Ollama lists {nameless} without a name"] if nameless else []
    return [model for model in models if model is not None], notes


def _model_of(entry: Any) -> _Model | None:
    if not isinstance(entry, dict):
        return None
    name = entry.get("name") or entry.get("model")
    if not isinstance(name, str) or not name:
        return None
    details = entry.get("details") or {}
    families = [details.get("family"), *(details.get("families") or [])]
    remote = str(entry.get("remote_host") or "")
    away = host_of(remote) or remote or (CLOUD if runs_in_cloud(name) else "")
    return _Model(name, str(entry.get("digest") or ""), away, embeds(name, families))


def _candidates(listed: list[_Model], notes: list[str], address: str) -> list[_Model]:
    """The model that was asked for, or else all that run here, in Ollama's order, newest first."""
    wanted = settings.OLLAMA_MODEL
    if wanted:
        if found := _named(wanted, listed):
            return found
        names = ", ".join(model.name for model in listed) or "none"
        raise Misconfigured(
            f"Ollama at {masked(address)} has no model {wanted!r} (OLLAMA_MODEL); it has: {names}"
        )
    usable = [model for model in listed if dialect_of(model.name) is None]
    notes += [
        f"{model.name} runs at {model.elsewhere}, and is used only where OLLAMA_MODEL names it"
        for model in usable
        if model.elsewhere
    ]
    return [model for model in usable if not model.elsewhere]


def _named(wanted: str, listed: list[_Model]) -> list[_Model]:
    return [model for model in listed if same_model(model.name, wanted)]


def _guard(listed: list[_Model], address: str) -> str:
    """The guard's host, if that is elsewhere. Raises Misconfigured where it is missing."""
    wanted = settings.GUARD_MODEL
    if wanted in {"", OWN_MODEL}:
        return ""
    if found := _named(wanted, listed):
        return found[0].elsewhere
    if settings.GUARD_IS_ADVISORY:
        return ""
    raise Misconfigured(
        f"Ollama at {masked(address)} has no model {wanted!r} (STORYTELLER_GUARD_MODEL)"
    )


async def _shown(
    api: httpx.AsyncClient, model: _Model, notes: list[str], address: str
) -> dict[str, Any] | None:
    """Ollama's description of a model; None, and a note, where it cannot be looked at."""
    response = await api.post("/api/show", json={"model": model.name})
    if response.is_success:
        return answer_of(response)
    reason = reason_in(response.text)
    notes.append(f"{model.name} cannot be looked at: {response.status_code} {reason}".rstrip())
    if settings.OLLAMA_MODEL:
        raise NoModel(f"Ollama at {masked(address)}: {notes[-1]}")
    return None


def _can_write(model: _Model, shown: dict[str, Any]) -> bool:
    capabilities = shown.get("capabilities")
    return "completion" in capabilities if capabilities else not model.looks_embedding


def _profile(name: str, shown: dict[str, Any]) -> ModelProfile:
    lengths = [
        length
        for key, length in (shown.get("model_info") or {}).items()
        if key.endswith(".context_length") and isinstance(length, int)
    ]
    return profile_of(
        "ollama",
        name,
        min(settings.OLLAMA_NUM_CTX, *lengths) if lengths else settings.OLLAMA_NUM_CTX,
        billions=billions_in(str((shown.get("details") or {}).get("parameter_size") or "")),
    )
