"""From a host to LangChain's clients for it, each made once for all chapters of an event loop."""

import asyncio
import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from stories.safety.guard import OWN_MODEL
from stories.vocabulary.languages import language_of
from stories.workflow.resources import ModelProfile

from .answers import refuse_odd
from .host import Host
from .hosts import settings_that_matter
from .http import Transport, limits, timeout, tls_context, uses_proxy
from .profiles import Provider, ollama_think, openai_thinking, thinks_anyway
from .support import Support

_MODULES: dict[Provider, str] = {
    "ollama": "stories.llm.ollama",
    "openai": "stories.llm.openai",
    "embedded": "stories.llm.openai",
}
_PROSE_TOKENS = 1600
# Room for a model that thinks before it answers, whatever it is told: in judgements and notes of
# any, in prose where the model is known for it or was seen to, since a limit beyond the context may
# be refused.
_THOUGHT_TOKENS = 2048
# Of prose that is shown by the sentence.
TOKENS_AT_ONCE = 32
# A paragraph, what stands before it, and the model's own description of what it looks for.
_GUARD_CONTEXT_TOKENS = 4096
_GUARD_ANSWER_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Clients:
    """A host's clients; `other` makes one for another of its models, that answers in few words."""

    writer: BaseChatModel
    editor: BaseChatModel
    other: Callable[[str], BaseChatModel]


# By the host's address, with what they were made for.
_Known = dict[str, tuple[object, Clients]]
_known: WeakKeyDictionary[asyncio.AbstractEventLoop, _Known] = WeakKeyDictionary()


async def clients_of(host: Host, support: Support) -> Clients:
    """The host's clients, made once for all chapters of an event loop: each client brings its own
    pools. Others take their place where the host, or a setting, is no longer the same."""
    # Seconds of import, the first time: beside the loop, which has readers to tell that it lives.
    await asyncio.to_thread(importlib.import_module, _MODULES[host.provider])
    known = _known.setdefault(asyncio.get_running_loop(), {})
    wanted = (host, support, settings_that_matter())
    made_for, clients = known.get(host.address, (None, None))
    if clients is None or made_for != wanted:
        make = _ollama if host.provider == "ollama" else _openai
        clients = make(host, support)
        known[host.address] = (wanted, clients)
    return clients


def guard_of(profile: ModelProfile, model: Clients) -> BaseChatModel | None:
    """The guard model, if one is configured. A story model is asked only where its judgement is
    worth asking."""
    name = settings.GUARD_MODEL
    if name == OWN_MODEL:
        return model.editor if profile.judges and profile.structures else None
    return model.other(name) if name else None


def _ollama(host: Host, support: Support) -> Clients:
    from .ollama import Editor, Writer  # noqa: PLC0415 - a second of import

    # Both ask for the same context: another one would make Ollama load the model anew.
    common: dict[str, Any] = {
        "base_url": host.url,
        "support": support,
        "think": ollama_think(host.profile.name),
        "keep_alive": settings.OLLAMA_KEEP_ALIVE,
        "client_kwargs": {"timeout": timeout(), "verify": tls_context()},
        "async_client_kwargs": {
            "transport": Transport(tls_context()),
            "headers": dict(host.headers),
            "follow_redirects": False,
            "event_hooks": {"response": [refuse_odd]},
        },
    }
    own = common | {
        "model": host.profile.name,
        "num_ctx": host.profile.context_tokens,
    }
    tokens = settings.OLLAMA_MAX_TOKENS
    return Clients(
        writer=Writer(
            **own,
            num_predict=tokens + _room_in_prose(host, support),
            temperature=settings.OLLAMA_TEMPERATURE,
            top_k=40,
            repeat_penalty=1.05,
            tokens_at_once=1 if settings.SHOWS_UNCHECKED_WORDS else TOKENS_AT_ONCE,
        ),
        editor=Editor(**own, num_predict=tokens + _THOUGHT_TOKENS, temperature=0.0),
        other=lambda name: Editor(
            **common,
            model=name,
            temperature=0.0,
            num_ctx=_GUARD_CONTEXT_TOKENS,
            num_predict=_GUARD_ANSWER_TOKENS,
        ),
    )


def _openai(host: Host, support: Support) -> Clients:
    import openai  # noqa: PLC0415 - two seconds of import, with the next

    from .openai import ChatModel  # noqa: PLC0415

    is_embedded = host.provider == "embedded"
    http: dict[str, Any] = {
        "verify": tls_context(),
        "trust_env": uses_proxy(host.url),
        "follow_redirects": False,
    }
    client = functools.partial(
        ChatModel,
        support=support,
        base_url=host.url,
        api_key=SecretStr(host.api_key),
        timeout=timeout(),
        stream_chunk_timeout=None,
        max_retries=0,  # the workflow tries again, and knows when that makes sense
        stream_usage=True,
        http_client=openai.DefaultHttpxClient(**http),
        http_async_client=openai.DefaultAsyncHttpxClient(
            limits=limits(), event_hooks={"response": [refuse_odd]}, **http
        ),
        default_headers=dict(host.headers) or None,
    )
    model = functools.partial(client, model=host.profile.name)
    most = host.profile.context_tokens // 2
    thinking = openai_thinking(host.profile.name)
    sampling = _sampling(host.profile) if is_embedded else {}
    return Clients(
        writer=model(
            max_completion_tokens=min(_PROSE_TOKENS + _room_in_prose(host, support), most),
            temperature=0.7,
            extra_body=sampling | thinking or None,
        ),
        editor=model(
            max_completion_tokens=min(_PROSE_TOKENS + _THOUGHT_TOKENS, most),
            temperature=0.0,
            extra_body=thinking or None,
        ),
        other=lambda name: client(
            model=name, temperature=0.0, max_completion_tokens=_GUARD_ANSWER_TOKENS
        ),
    )


def _room_in_prose(host: Host, support: Support) -> int:
    return _THOUGHT_TOKENS if support.thinks or thinks_anyway(host.profile.name) else 0


_LATIN_GRAMMAR = r"root ::= [\n -~\u00A0-\u024F\u2010-\u2027]*"


def _sampling(profile: ModelProfile) -> dict[str, Any]:
    """Sampling parameters that keep small models from rambling, and from slipping into another
    script."""
    sampling = {"min_p": 0.1, "top_k": 40, "repeat_penalty": 1.05, "dry_multiplier": 0.8}
    written = {*profile.languages} - {*profile.plan_only}
    if all(language_of(code).script == "Latn" for code in written):
        return sampling | {"grammar": _LATIN_GRAMMAR}
    return sampling
