"""A host with OpenAI's API: its presence, and its description of the model."""

from typing import Any

import httpx
from django.conf import settings

from stories.infra.addresses import far_host_of, masked, without_credentials

from .answers import OddAnswer, Redirected
from .host import Host, Misconfigured, authorization, probing
from .profiles import profile_of

KIND = "the host with OpenAI's API"
_CONTEXT_TOKENS = 8192
_SHOWN_NAMES = 12
# Statuses of a host that may write all the same: it has no list, or is busy, or loads its model.
_MAY_HAVE_NO_LIST = frozenset({404, 405, 429, 501, 503})


def missing_settings(wanted_by: str = "STORYTELLER_LLM") -> str:
    """The reason why the settings cannot lead to such a host; empty if they may."""
    names = {"OPENAI_BASE_URL": settings.OPENAI_BASE_URL, "OPENAI_MODEL": settings.OPENAI_MODEL}
    missing = [name for name, value in names.items() if not value]
    return f"{wanted_by}=openai needs {' and '.join(missing)}" if missing else ""


async def openai_host() -> Host:
    """Raises NoModel."""
    if problem := missing_settings():
        raise Misconfigured(problem)
    address, name = settings.OPENAI_BASE_URL, settings.OPENAI_MODEL
    headers = authorization(address, settings.OPENAI_API_KEY)
    async with probing(KIND, address, headers) as api:
        entries, notes = await _models(api, address)
    entry = next((entry for entry in entries if entry["id"] == name), {})
    if entries and not entry:
        names = ", ".join(str(entry["id"]) for entry in entries[:_SHOWN_NAMES])
        notes.append(f"OPENAI_MODEL={name!r} is not among the models it lists: {names}")
    return Host(
        "openai",
        profile_of("openai", name, _context_of(entry), billions=_billions_of(entry)),
        without_credentials(address),
        settings.OPENAI_API_KEY or "none",
        headers=tuple(headers.items()),
        version=str(entry.get("created") or ""),
        elsewhere=far_host_of(address),
        notes=tuple(notes),
    )


async def _models(api: httpx.AsyncClient, address: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The list of models; a host that has none may be one all the same."""
    asked = await _listed(api, "/models")
    if isinstance(asked, list):
        entries = [entry for entry in asked if isinstance(entry, dict) and entry.get("id")]
        nameless = len(asked) - len(entries)
        return entries, [f"it lists {nameless} without a name"] if nameless else []
    if not _has_version(address) and isinstance(await _listed(api, "/v1/models"), list):
        better = without_credentials(address).rstrip("/") + "/v1"
        raise Misconfigured(
            f"OPENAI_BASE_URL={masked(address)!r} is not where its API is: set it to {better}"
        )
    if isinstance(asked, int):
        return [], [f"it does not list its models ({asked})"]
    raise Misconfigured(f"what answers at {masked(address)} is not {KIND}: {asked}")


async def _listed(api: httpx.AsyncClient, path: str) -> list[Any] | int | str:
    """The entries of a list; a status, or what else was answered, where there is none."""
    try:
        response = await api.get(path)
    except Redirected:
        raise
    except OddAnswer as odd:
        return str(odd)
    if response.status_code in _MAY_HAVE_NO_LIST:
        return response.status_code
    response.raise_for_status()
    data = response.json().get("data")
    return data if isinstance(data, list) else "no list of models"


def _has_version(address: str) -> bool:
    return address.rstrip("/").rpartition("/")[2] in {"v1", "v1beta", "openai", "v2", "v3"}


def _context_of(entry: dict[str, Any]) -> int:
    """As vLLM and others say it, at most as much as we use."""
    lengths = [entry.get(name) for name in ("max_model_len", "context_length", "context_window")]
    known = [length for length in lengths if isinstance(length, int) and length > 0]
    return min(_CONTEXT_TOKENS, *known) if known else _CONTEXT_TOKENS


def _billions_of(entry: dict[str, Any]) -> float | None:
    """As llama.cpp's server says it."""
    meta = entry.get("meta")
    count = meta.get("n_params") if isinstance(meta, dict) else None
    return count / 1e9 if isinstance(count, int) and count > 0 else None
