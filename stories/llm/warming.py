"""Warm-up: a host is asked to load its model while a child still chooses what the story is about.

Never one whose model runs elsewhere, where each call may cost money; the embedded model is loaded
when its process starts.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings

from .host import Host, NoModel, probing
from .profiles import Provider

INTERVAL_SECONDS = 60.0

# When each host was asked last, by this process's clock.
_asked_at: dict[tuple[str, str], float] = {}


async def warm_up(hosts: tuple[Host, ...]) -> None:
    """Have each of them load its model, unless this process has asked it within a minute."""
    await asyncio.gather(*(_load(host) for host in hosts if _take_turn(host)))


def _take_turn(host: Host) -> bool:
    if host.provider not in _REQUESTS or host.elsewhere:
        return False
    key, now = (host.address, host.profile.name), time.monotonic()
    if now - _asked_at.get(key, -INTERVAL_SECONDS) < INTERVAL_SECONDS:
        return False
    _asked_at[key] = now
    return True


async def _load(host: Host) -> None:
    """Load a host's model; a failure is left for the chapter to find."""
    path, request = _REQUESTS[host.provider]
    seconds = settings.MODEL_TIMEOUT_SECONDS
    try:
        async with (
            asyncio.timeout(seconds),
            probing(host.provider, host.url, dict(host.headers), seconds=seconds) as api,
        ):
            await api.post(path, json=request(host))
    except (NoModel, TimeoutError):
        pass


def _of_ollama(host: Host) -> dict[str, Any]:
    """A chat without messages. With another context than a chapter's, Ollama would load the model
    anew for that."""
    return {
        "model": host.profile.name,
        "messages": [],
        "stream": False,
        "keep_alive": settings.OLLAMA_KEEP_ALIVE,
        "options": {"num_ctx": host.profile.context_tokens},
    }


def _of_openai(host: Host) -> dict[str, Any]:
    """Its API has no other way than to be asked for a word."""
    return {
        "model": host.profile.name,
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 1,
    }


_REQUESTS: dict[Provider, tuple[str, Callable[[Host], dict[str, Any]]]] = {
    "ollama": ("/api/chat", _of_ollama),
    "openai": ("/chat/completions", _of_openai),
}
