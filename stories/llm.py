"""From settings to chat models: which provider, which model, and what that model can be asked for.

The only module that names a provider. Nothing is kept between two calls: clients are cheap to make
as long as they share one TLS context, and a client that outlives its event loop is a trap.
"""

import asyncio
import functools
import importlib.util
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

import httpx
from django.conf import settings
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from stories.brief import AgeBand
from stories.embedded import catalog, server
from stories.errors import ModelUnavailable
from stories.safety.guard import OWN_MODEL, Guard, dialect_of
from stories.workflow.tools import ModelProfile

Provider = Literal["ollama", "openai", "embedded"]

STATUS_SECONDS = 5.0
_PROBE_TIMEOUT = httpx.Timeout(5.0, connect=2.0)
_CONNECT_SECONDS = 5.0
_CONCURRENCY: dict[Provider, int] = {"ollama": 4, "openai": 16, "embedded": server.SLOTS}
_OPENAI_CONTEXT_TOKENS = 8192
_PROSE_TOKENS = 1600
# Of prose that is shown by the sentence.
_TOKENS_AT_ONCE = 8
# A paragraph, what stands before it, and the model's own description of what it looks for.
_GUARD_CONTEXT_TOKENS = 4096
_GUARD_ANSWER_TOKENS = 64

# Profiles ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ability:
    languages: tuple[str, ...] = ("en", "es")
    writing: Literal["prose", "beats", "spine"] = "prose"
    judges: bool = True
    structures: bool = True
    is_demo: bool = False


_SPINE = _Ability(("en",), writing="spine", judges=False, structures=False)
# Of eight harmless chapters the 1.5B's judgement would have withdrawn one, and every
# withdrawal costs a reader the story: models of that size are not asked.
_BEATS = _Ability(("en",), writing="beats", judges=False)
_PROSE = _Ability()
_MULTILINGUAL = _Ability(("en", "es", "he"))

# The first row that fits says what a model can do: provider (None is any), a pattern that its name
# starts with, ability. The embedded two were read and judged; the others go by their publishers'
# word. A model without a row goes by its size, and is taken for a good one where that is not known.
_ABILITIES: tuple[tuple[Provider | None, str, _Ability], ...] = (
    ("embedded", r"qwen2\.5-coder-1\.5b", replace(_BEATS, is_demo=True)),
    ("embedded", r"smollm2-135m", replace(_SPINE, is_demo=True)),
    (None, r"gemma-?[23]n?[:-]?(4b|9b|12b|27b|e4b|latest|$)", _MULTILINGUAL),
    (None, r"(aya|command-[ra]|dictalm|mistral-small|llama-?3\.3|llama-?4)", _MULTILINGUAL),
    (None, r"qwen-?3.*?(8b|14b|30b|32b|235b|latest|$)", _MULTILINGUAL),
    (None, r"(gpt-[45]|o[34]|claude|gemini)", _MULTILINGUAL),
)


def profile_of(
    provider: Provider, name: str, context_tokens: int, *, billions: float | None = None
) -> ModelProfile:
    """What a model can be asked for; `billions` is its size in parameters, where that is known."""
    ability = _ability(provider, name, billions)
    return ModelProfile(
        name=name,
        context_tokens=context_tokens,
        languages=ability.languages,
        writing=ability.writing,
        judges=ability.judges,
        structures=ability.structures,
        is_demo=ability.is_demo,
    )


def _ability(provider: Provider, name: str, billions: float | None) -> _Ability:
    bare = name.rsplit("/", 1)[-1].lower()
    for of_provider, pattern, ability in _ABILITIES:
        if of_provider in {None, provider} and re.match(pattern, bare):
            return ability
    size = _billions(bare) if billions is None else billions
    if size is None or size >= 3:
        return _PROSE
    return _BEATS if size >= 1 else _SPINE


def _billions(text: str) -> float | None:
    """The size in a model's name or description: 1.5 for "1.5b", 0.135 for "135M"."""
    found = re.search(r"(?<![\w.])(\d+(?:\.\d+)?)([bm])\b", text.lower())
    if found is None:
        return None
    return float(found[1]) / (1 if found[2] == "b" else 1000)


# What there is ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Models:
    """One chapter's models: `writer` streams prose, `editor` answers judgements and schemas, and
    `guard`, where one is configured, says of each paragraph whether it may be shown.

    `concurrency` is how many chapters the model's host takes at once.
    """

    profile: ModelProfile
    writer: BaseChatModel
    editor: BaseChatModel
    guard: BaseChatModel | None
    name: str
    concurrency: int

    def guard_for(self, band: AgeBand) -> Guard | None:
        dialect = dialect_of(settings.GUARD_MODEL)
        if self.guard is None or dialect is None:
            return None
        return Guard(
            self.guard,
            dialect,
            band,
            seconds=settings.GUARD_TIMEOUT_SECONDS,
            is_advisory=settings.GUARD_IS_ADVISORY,
        )


@dataclass(frozen=True, slots=True)
class Status:
    """What the pages say of the storyteller; `problem` is for staff.

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
    is_turned_off: bool = False

    @property
    def is_configured(self) -> bool:
        """Whether a chapter may be asked for: an Ollama that is named may only be away."""
        return not self.is_turned_off and (self.available or self.provider == "ollama")


class NoModel(Exception):
    """The settings lead to no model; the argument says why, in a sentence for staff."""


@dataclass(frozen=True, slots=True)
class _Host:
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


async def open_models() -> Models:
    """The models for one chapter; the embedded server is started where it is needed.

    Takes milliseconds on a warm host, and finds a host again that was away. Raises
    ModelUnavailable, with the reason for staff as its cause.
    """
    try:
        host = await _find()
        if host.provider == "embedded":
            host = await asyncio.to_thread(_attached, host)
    except (NoModel, server.CannotStart) as reason:
        raise ModelUnavailable from reason
    model = _clients_of(host)
    return Models(
        profile=host.profile,
        writer=model.writer,
        editor=model.editor,
        guard=_guard(host.profile, model),
        name=host.profile.name,
        concurrency=host.concurrency,
    )


_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[object, "_Clients"]] = (
    WeakKeyDictionary()
)


def _clients_of(host: _Host) -> "_Clients":
    """Made once for all chapters that an event loop writes: each brings its own pools."""
    known = _clients.setdefault(asyncio.get_running_loop(), {})
    key = (host, _settings_that_matter())
    if key not in known:
        known.clear()  # what it was before some setting changed
        known[key] = _ollama(host) if host.provider == "ollama" else _openai(host)
    return known[key]


_last_status: tuple[float, object, Status] | None = None


async def status() -> Status:
    """Whether a story could be told now, without starting anything; some seconds old at most."""
    global _last_status  # noqa: PLW0603 - one answer for the whole process
    asked = _settings_that_matter()
    if _last_status and _last_status[1] == asked and time.monotonic() < _last_status[0]:
        return _last_status[2]
    found = await _look()
    _last_status = (time.monotonic() + STATUS_SECONDS, asked, found)
    return found


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


def _settings_that_matter() -> tuple[object, ...]:
    names = (
        *("LLM_PROVIDER", "MODEL_PATH", "DATA_DIR", "MAX_CONCURRENT", "OLLAMA_BASE_URL"),
        *("OLLAMA_MODEL", "OLLAMA_NUM_CTX", "OPENAI_BASE_URL", "OPENAI_MODEL"),
        *("GUARD_MODEL", "GUARD_IS_ADVISORY", "MODEL_TIMEOUT_SECONDS"),
        *("OLLAMA_TEMPERATURE", "OLLAMA_MAX_TOKENS", "OLLAMA_KEEP_ALIVE", "RELEASE"),
    )
    return tuple(getattr(settings, name) for name in names)


async def _look() -> Status:
    try:
        host = await _find()
    except NoModel as reason:
        return Status(
            available=False,
            name="",
            provider=settings.LLM_PROVIDER,
            is_demo=False,
            languages=_PROSE.languages,
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
    )


async def _find() -> _Host:
    if problem := guard_problem(settings.LLM_PROVIDER):
        raise NoModel(problem)
    host = await _find_writer()
    if problem := guard_problem(host.provider):
        raise NoModel(problem)
    return host


async def _find_writer() -> _Host:
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


@contextmanager
def traced() -> Iterator[None]:
    """Within it, LangSmith is sent what models are told and say if IS_TRACED, and nothing if not,
    whatever other variables its client finds."""
    from langsmith import tracing_context  # noqa: PLC0415 - slow to import

    with tracing_context(enabled=settings.IS_TRACED):
        yield


# The guard model --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Clients:
    """A host's clients; `other` makes one for another of its models, that answers in few words."""

    writer: BaseChatModel
    editor: BaseChatModel
    other: Callable[[str], BaseChatModel]


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


def _guard(profile: ModelProfile, model: _Clients) -> BaseChatModel | None:
    """A story model is asked only where its judgement is worth asking."""
    name = settings.GUARD_MODEL
    if name == OWN_MODEL:
        return model.editor if profile.judges and profile.structures else None
    return model.other(name) if name else None


# Ollama -----------------------------------------------------------------------------------------


async def _ollama_host() -> _Host:
    async with _ollama_api() as api:
        listed = await _listed(api)
        _require_guard(listed)
        for model in _candidates(listed):
            name = model["name"]
            shown = (await api.post("/api/show", json={"model": name})).raise_for_status().json()
            if "completion" in shown.get("capabilities", ["completion"]):
                return _Host("ollama", _ollama_profile(name, shown), settings.OLLAMA_BASE_URL)
    raise NoModel(f"Ollama at {settings.OLLAMA_BASE_URL} has no model that can write")


@asynccontextmanager
async def _ollama_api() -> AsyncIterator[httpx.AsyncClient]:
    url = settings.OLLAMA_BASE_URL
    try:
        async with httpx.AsyncClient(
            base_url=url, timeout=_PROBE_TIMEOUT, verify=_tls_context()
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
        billions=_billions(shown.get("details", {}).get("parameter_size", "")),
    )


def _ollama(host: _Host) -> _Clients:
    from stories.ollama import Editor, Writer  # noqa: PLC0415 - a second of import

    # Both ask for the same context: another one would make Ollama load the model anew.
    common: dict[str, Any] = {
        "base_url": host.url,
        "reasoning": False,
        "keep_alive": settings.OLLAMA_KEEP_ALIVE,
        "client_kwargs": {"limits": _limits(), "timeout": _timeout(), "verify": _tls_context()},
    }
    own = common | {
        "model": host.profile.name,
        "num_ctx": host.profile.context_tokens,
        "num_predict": settings.OLLAMA_MAX_TOKENS,
    }
    return _Clients(
        writer=Writer(
            **own,
            temperature=settings.OLLAMA_TEMPERATURE,
            top_k=40,
            repeat_penalty=1.05,
            tokens_at_once=1 if settings.RELEASE == "token" else _TOKENS_AT_ONCE,
        ),
        editor=Editor(**own, temperature=0.0),
        other=lambda name: Editor(
            **common,
            model=name,
            temperature=0.0,
            num_ctx=_GUARD_CONTEXT_TOKENS,
            num_predict=_GUARD_ANSWER_TOKENS,
        ),
    )


# OpenAI-compatible servers, llama.cpp among them --------------------------------------------------


def _openai_host() -> _Host:
    names = {"OPENAI_BASE_URL": settings.OPENAI_BASE_URL, "OPENAI_MODEL": settings.OPENAI_MODEL}
    if missing := [name for name, value in names.items() if not value]:
        raise NoModel(f"STORYTELLER_LLM=openai needs {' and '.join(missing)}")
    return _Host(
        "openai",
        profile_of("openai", settings.OPENAI_MODEL, _OPENAI_CONTEXT_TOKENS),
        settings.OPENAI_BASE_URL,
        settings.OPENAI_API_KEY or "none",
    )


def _openai(host: _Host) -> _Clients:
    import openai  # noqa: PLC0415 - two seconds of import, with the next
    from langchain_openai import ChatOpenAI  # noqa: PLC0415

    is_embedded = host.provider == "embedded"
    # Nobody's proxy stands between this process and its own machine.
    http: dict[str, Any] = {"verify": _tls_context(), "trust_env": not is_embedded}
    client = functools.partial(
        ChatOpenAI,
        base_url=host.url,
        api_key=SecretStr(host.api_key),
        timeout=_timeout(),
        stream_chunk_timeout=None,
        max_retries=0,  # the workflow tries again, and knows when that makes sense
        stream_usage=True,
        http_client=openai.DefaultHttpxClient(**http),
        http_async_client=openai.DefaultAsyncHttpxClient(limits=_limits(), **http),
    )
    model = functools.partial(
        client,
        model=host.profile.name,
        max_completion_tokens=min(_PROSE_TOKENS, host.profile.context_tokens // 2),
    )
    extra_body = _sampling(host.profile) if is_embedded else None
    return _Clients(
        writer=model(temperature=0.7, extra_body=extra_body),
        editor=model(temperature=0.0),
        other=lambda name: client(
            model=name, temperature=0.0, max_completion_tokens=_GUARD_ANSWER_TOKENS
        ),
    )


# The embedded server ----------------------------------------------------------------------------

_LATIN_GRAMMAR = r"root ::= [\n -~\u00A0-\u024F\u2010-\u2027]*"


def _sampling(profile: ModelProfile) -> dict[str, Any]:
    """What keeps small models from rambling, and from slipping into another script."""
    sampling = {"min_p": 0.1, "top_k": 40, "repeat_penalty": 1.05, "dry_multiplier": 0.8}
    if set(profile.languages) <= {"en", "es"}:
        return sampling | {"grammar": _LATIN_GRAMMAR}
    return sampling


def _embedded_host(*, instead_of: NoModel | None = None) -> _Host:
    files = _embedded_files()
    if not files:
        raise NoModel(
            (f"{instead_of}; and " if instead_of else "")
            + "no model is here yet: `python manage.py fetch_model` fetches one"
        )
    if importlib.util.find_spec("xllamacpp") is None:
        raise NoModel("the package xllamacpp is not installed on this machine")
    return _Host("embedded", _embedded_profile(files[0]), files=files)


def _embedded_files() -> tuple[Path, ...]:
    if not settings.MODEL_PATH:
        return tuple(catalog.usable(settings.DATA_DIR / "models"))
    path = Path(settings.MODEL_PATH).expanduser().resolve()
    if not path.is_file():
        raise NoModel(f"STORYTELLER_MODEL_PATH names no file: {path}")
    return (path,)


def _embedded_profile(file: Path) -> ModelProfile:
    return profile_of("embedded", file.stem, server.CONTEXT_TOKENS // server.SLOTS)


def _attached(host: _Host) -> _Host:
    endpoint = server.attach(settings.DATA_DIR / "embedded", host.files)
    return replace(
        host,
        profile=_embedded_profile(Path(endpoint.model)),
        url=f"{endpoint.url}/v1",
        api_key=endpoint.api_key,
    )


# HTTP -------------------------------------------------------------------------------------------


def _limits() -> Any:
    """No bound, since the runner has one: httpx would make the 101st generation wait in silence.

    No connection is kept for later either: it may be gone by then, or be another event loop's.
    """
    return httpx.Limits(max_connections=None, max_keepalive_connections=0)


def _timeout() -> Any:
    return httpx.Timeout(settings.MODEL_TIMEOUT_SECONDS, connect=_CONNECT_SECONDS)


@functools.cache
def _tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()
