"""A model's host, the reasons for having none, and the questions to find out."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings

from stories.embedded import server
from stories.infra.addresses import credentials_in, masked, without_credentials
from stories.vocabulary.errors import ToldToStaff
from stories.workflow.resources import ModelProfile

from .answers import OddAnswer, Redirected, refuse_odd
from .profiles import Provider
from .reasons import reason_in

_PROBE_SECONDS = 5.0
_CONNECT_SECONDS = 2.0
_CONCURRENCY: dict[Provider, int] = {"ollama": 4, "openai": 16, "embedded": server.SLOTS}


class NoModel(ToldToStaff):
    """No model can be had; the argument says why, in a sentence for staff."""


class Misconfigured(NoModel):
    """The settings lead to no model: time alone changes nothing."""


@dataclass(frozen=True, slots=True)
class Host:
    """A model and its host; `files` are models for the embedded server.

    `elsewhere` names the place where the model runs, if that is outside this machine and its
    network. `notes` are for staff: what is odd about the host, without being in the way.
    """

    provider: Provider
    profile: ModelProfile
    url: str = ""
    api_key: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    files: tuple[Path, ...] = ()
    version: str = ""
    elsewhere: str = ""
    notes: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The host's name among others, and for staff; of the embedded one, whose port changes,
        just that."""
        return self.provider if self.provider == "embedded" else shown(self.url)

    @property
    def is_fallback(self) -> bool:
        return bool(self.provider == settings.FALLBACK_PROVIDER)

    @property
    def concurrency(self) -> int:
        wanted = settings.MAX_CONCURRENT or _CONCURRENCY[self.provider]
        return min(wanted, server.SLOTS) if self.provider == "embedded" else wanted


def shown(address: str) -> str:
    """An address as `Host.address` has it."""
    return masked(without_credentials(address))


def authorization(address: str, api_key: str) -> dict[str, str]:
    """The header by which a host knows us, for all calls: the address's user, or else the key."""
    if found := credentials_in(address):
        pair = base64.b64encode(f"{found.user}:{found.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


@asynccontextmanager
async def probing(
    kind: str, address: str, headers: Mapping[str, str], *, seconds: float = _PROBE_SECONDS
) -> AsyncIterator[httpx.AsyncClient]:
    """A client for short questions to a host of this kind; raises NoModel if it cannot be asked,
    and for answers outside its protocol."""
    from .http import Transport, tls_context  # noqa: PLC0415 - aiohttp, for those who ask

    named = masked(address)
    try:
        async with httpx.AsyncClient(
            base_url=without_credentials(address),
            headers=headers,
            timeout=httpx.Timeout(seconds, connect=_CONNECT_SECONDS),
            transport=Transport(tls_context()),
            event_hooks={"response": [refuse_odd]},
        ) as api:
            yield api
    except httpx.HTTPStatusError as error:
        raise _refused(kind, named, error) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = error or type(error).__name__
        raise NoModel(f"{kind} at {named} does not answer: {why}") from error
    except Redirected as error:
        raise Misconfigured(f"{kind} at {named}: {error}") from error
    except OddAnswer as error:
        raise NoModel(f"what answers at {named} is not {kind}: {error}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NoModel(f"what answers at {named} is not {kind}") from error


def answer_of(response: httpx.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.raise_for_status().json()
    return answer


def _refused(kind: str, named: str, error: httpx.HTTPStatusError) -> NoModel:
    status = error.response.status_code
    reason = reason_in(error.response.text)
    said = f"{kind} at {named} answers {status}" + (f": {reason}" if reason else "")
    return Misconfigured(said) if status in {401, 403, 404} else NoModel(said)
