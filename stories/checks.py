"""System checks: wrong or unsafe settings, with the values allowed. Offline and fast."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's own name
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from stories import llm, narration
from stories.infra.addresses import addresses_in, is_near, is_web_address, masked
from stories.plotting.decks import read_deck
from stories.reading.glossary import glossary_of
from stories.safety.rubric import judge_by_words
from stories.safety.rules import rule_book
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.grammar import name_table
from stories.vocabulary.languages import FOLDER, Language, folders, languages, missing_files
from stories.workflow.prompts.defaults import defaults_of
from stories.workflow.prompts.system import examples

_READ_DATA: dict[str, Callable[[Language], object]] = {
    "rules.toml": lambda language: rule_book(language.code),
    "rubric.toml": lambda language: judge_by_words("", band=AgeBand.YOUNG, language=language.code),
    "prompts.toml": lambda language: (examples(language), defaults_of(language)),
    "glossary.toml": glossary_of,
    **{f"decks/{band}/wish.toml": partial(read_deck, band=band) for band in AgeBand},
    "names.toml": name_table,
}
_OLDEST_SQLITE = (3, 35)
_REDIS_SCHEMES = {"redis", "rediss", "unix"}
_RULINGS_MIGRATION = ("stories", "0002_moderators")
RULING_TRIGGERS = {
    "sqlite": ("ruling_is_never_updated", "ruling_is_never_deleted", "ruling_is_never_replaced"),
    "postgresql": ("ruling_is_never_changed", "rulings_are_never_truncated"),
}
_TRIGGERS_IN_FORCE = {
    "sqlite": "SELECT name FROM sqlite_master"
    " WHERE type = 'trigger' AND tbl_name = 'stories_ruling'",
    "postgresql": "SELECT tgname FROM pg_trigger"
    " WHERE tgrelid = 'stories_ruling'::regclass AND tgenabled IN ('O', 'A')",
}


def check_model(**_: Any) -> Iterator[CheckMessage]:
    """True when the settings can lead to a model; no host is asked."""
    if settings.LLM_PROVIDER == "openai" and (problem := llm.configured()):
        yield Error(
            problem + ".",
            hint="Set OPENAI_BASE_URL (such as http://127.0.0.1:8080/v1) and OPENAI_MODEL, or "
            "STORYTELLER_LLM to auto, ollama or embedded.",
            id="stories.E001",
        )
    elif problem := llm.fallback_problem():
        yield Error(
            problem + ".",
            hint="Name two different providers, such as STORYTELLER_LLM=ollama and "
            "STORYTELLER_FALLBACK=embedded, or leave the fallback empty.",
            id="stories.E015",
        )
    elif problem := llm.configured():
        yield Warning(
            f"There may be no storyteller: {problem}.",
            hint="Run `python manage.py fetch_model`, name a GGUF file in STORYTELLER_MODEL_PATH, "
            "or name what you have elsewhere: OLLAMA_MODEL, or STORYTELLER_LLM=openai.",
            id="stories.W001",
        )


def check_languages(**_: Any) -> Iterator[CheckMessage]:
    """Every language has all its files; tests read those of the app's own."""
    yield from language_problems(folders())
    for language in languages():
        if language.folder.parent != FOLDER and not missing_files(language.folder):
            yield from _unreadable_data(language)


def language_problems(folders: Iterable[Path]) -> Iterator[CheckMessage]:
    """Files missing from the languages in these folders."""
    for folder in folders:
        for file in missing_files(folder):
            yield Error(
                f"The language {folder.name} lacks {file}.",
                hint="“Add a language” in CONTRIBUTING.md says what belongs there.",
                id="stories.E013",
            )


def _unreadable_data(language: Language) -> Iterator[CheckMessage]:
    for name, read in _READ_DATA.items():
        try:
            read(language)
        except (ValueError, LookupError, re.error) as problem:
            yield Error(
                f"{language.folder / name} cannot be used: {problem!r}.",
                hint="The same file of another language shows what belongs there.",
                id="stories.E014",
            )


def check_guard(**_: Any) -> Iterator[CheckMessage]:
    """True when the guard model that is configured can be asked at all; no host is asked."""
    if problem := llm.guard_problem(settings.LLM_PROVIDER):
        yield Error(
            problem + ".",
            hint="Name a model such as llama-guard3:1b or granite3-guardian:2b, or leave "
            "STORYTELLER_GUARD_MODEL empty.",
            id="stories.E010",
        )
    elif settings.GUARD_MODEL and settings.GUARD_IS_ADVISORY:
        yield Warning(
            "Text is shown unguarded while the guard model does not answer "
            "(STORYTELLER_GUARD_ADVISORY).",
            hint="Leave it off where a guard is needed.",
            id="stories.W004",
        )


def check_show(**_: Any) -> Iterator[CheckMessage]:
    """Warning of what is given up by showing words ahead of their checks."""
    if settings.SHOWS_UNCHECKED_WORDS:
        yield Warning(
            "Words are shown before all layers have passed their sentence (STORYTELLER_SHOW).",
            hint="What is then stopped is taken back, but may have been read. See docs/safety.md.",
            id="stories.W006",
        )


def check_elsewhere(**_: Any) -> Iterator[CheckMessage]:
    """Warning that stories are written on another machine; no host is asked."""
    for name, address in llm.addresses_elsewhere():
        yield Warning(
            f"Stories are written outside this machine and its network, at {address} ({name}).",
            hint="What a story is to be about, and a child's age and interests, are sent there; a "
            "child's name never is. The family's pages say so.",
            id="stories.W007",
        )


def check_addresses(**_: Any) -> Iterator[CheckMessage]:
    """Model hosts are http or https addresses."""
    for name, value in _model_addresses():
        if not is_web_address(value):
            yield Error(
                f"{name}={masked(value)!r} is no address of a model host.",
                hint="Allowed is http://HOST:PORT or https://HOST, with a path where there is one.",
                id="stories.E002",
            )


def _model_addresses() -> Iterator[tuple[str, str]]:
    for address in addresses_in(settings.OLLAMA_BASE_URL):
        yield "OLLAMA_BASE_URL", address
    if settings.OPENAI_BASE_URL:
        yield "OPENAI_BASE_URL", settings.OPENAI_BASE_URL


def check_cache(**_: Any) -> Iterator[CheckMessage]:
    """Redis, where it is named, is named by an address; it is not asked."""
    if settings.REDIS_URL and not _is_redis_address(settings.REDIS_URL):
        yield Error(
            "REDIS_URL is no address of a Redis.",  # which may hold a password
            hint="Allowed are redis://HOST:PORT/NUMBER, rediss://… and unix://PATH.",
            id="stories.E009",
        )


def check_database(**_: Any) -> Iterator[CheckMessage]:
    """The event log needs a database that readers and writers can use at the same time."""
    return database_problems(connections["default"])


def database_problems(connection: Any) -> Iterator[CheckMessage]:
    match connection.vendor:
        case "postgresql":
            return
        case "sqlite":
            yield from _sqlite_problems(connection)
        case other:
            yield Error(
                f"The event log cannot be kept in {other} (DATABASE_URL).",
                hint="Allowed are postgres://… and sqlite:///PATH.",
                id="stories.E003",
            )


def _sqlite_problems(connection: Any) -> Iterator[CheckMessage]:
    options = connection.settings_dict["OPTIONS"]
    if connection.Database.sqlite_version_info < _OLDEST_SQLITE:
        yield Error(
            f"SQLite {connection.Database.sqlite_version} is too old for the event log.",
            hint="Allowed is SQLite 3.35 or newer, or PostgreSQL (DATABASE_URL).",
            id="stories.E004",
        )
    if "journal_mode=wal" not in str(options.get("init_command", "")).lower().replace(" ", ""):
        yield Error(
            "SQLite without WAL mode makes readers of the event log wait for its writers.",
            hint="Set init_command to 'PRAGMA journal_mode=WAL;' in DATABASES' OPTIONS.",
            id="stories.E005",
        )
    if connection.settings_dict["NAME"] == ":memory:":
        yield Error(
            "The event log cannot be kept in memory: other connections would not see it.",
            hint="Allowed are sqlite:///PATH and postgres://… (DATABASE_URL).",
            id="stories.E006",
        )


def check_rulings(databases: Sequence[str] | None = None, **_: Any) -> Iterator[CheckMessage]:
    """Nobody edits the log of decisions, as long as its triggers are there: a migration that
    rebuilds its table on SQLite would drop them without a word."""
    for alias in databases or ():
        missing = _missing_triggers(connections[alias])
        if missing:
            yield Error(
                f"The log of decisions can be edited: {', '.join(missing)} not in force.",
                hint="Run again what stories/migrations/0002_moderators.py runs for this database, "
                "and look for what was changed meanwhile.",
                id="stories.E012",
            )


def _missing_triggers(connection: Any) -> list[str]:
    """Of those that the migration made, where it was applied."""
    if _RULINGS_MIGRATION not in MigrationRecorder(connection).applied_migrations():
        return []
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS_IN_FORCE[connection.vendor])
        there = {name for (name,) in cursor.fetchall()}
    return [name for name in RULING_TRIGGERS[connection.vendor] if name not in there]


def check_runs(**_: Any) -> Iterator[CheckMessage]:
    """Worker processes keep their jobs in PostgreSQL."""
    vendor = connections["default"].vendor
    if settings.RUNS == "workers" and vendor != "postgresql":
        yield Error(
            f"STORYTELLER_RUNS=workers needs PostgreSQL, and the database is {vendor}.",
            hint="Set DATABASE_URL to postgres://…, or STORYTELLER_RUNS to inprocess.",
            id="stories.E008",
        )


def check_exposure(**_: Any) -> Iterator[CheckMessage]:
    """Settings that are fine on a family's own machine and not on the internet."""
    hosts = [host for host in settings.ALLOWED_HOSTS if not _is_ours(host)]
    if not hosts:
        return
    reached = ", ".join(hosts)
    if settings.DEBUG:
        yield Error(
            f"STORYTELLER_DEBUG shows secrets to whoever reaches {reached}.",
            hint="Switch it off, or allow only local names in STORYTELLER_HOSTS.",
            id="stories.E007",
        )
    if not settings.IS_HTTPS:
        yield Warning(
            f"Passwords and stories travel in the clear to {reached}.",
            hint="Serve over HTTPS and set STORYTELLER_HTTPS=1.",
            id="stories.W002",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Warning(
            "STORYTELLER_HOSTS=* accepts any host name, also in links that the app mails.",
            hint="Name the hosts: STORYTELLER_HOSTS=stories.example.org",
            id="stories.W003",
        )


def check_voices(**_: Any) -> Iterator[CheckMessage]:
    """Voices can be used: their packages are installed, and the operator's files and Piper are
    there."""
    if not settings.NARRATION_PROCESSES:
        return
    if missing := narration.missing_packages():
        yield Warning(
            f"Stories are read aloud by the readers' devices: {', '.join(missing)} cannot be used "
            "on this machine.",
            hint="Install requirements-narration.txt, or set STORYTELLER_NARRATION_PROCESSES=0.",
            id="stories.W008",
        )
    for code, file in settings.VOICES.items():
        if problem := _voice_problem(code, file):
            yield Error(
                f"STORYTELLER_VOICES: {problem}.",
                hint="Name a voice of Piper by its language, such as es=/voices/es_ES.onnx, with "
                "its .onnx.json beside it, and install piper or name it in STORYTELLER_PIPER.",
                id="stories.E016",
            )


def _voice_problem(code: str, file: Path) -> str | None:
    known = {language.code for language in languages()}
    if code not in known:
        return f"{code} is no language of stories; there are {', '.join(sorted(known))}"
    for needed in (file, Path(f"{file}.json")):
        if not needed.is_file():
            return f"there is no file {needed}"
    return None if narration.piper() else f"there is no command {settings.PIPER}"


def check_tracing(**_: Any) -> Iterator[CheckMessage]:
    """Warning that stories leave the machine by tracing."""
    if settings.IS_TRACED:
        yield Warning(
            "LANGSMITH_TRACING sends all that models are told and write to LangSmith.",
            hint="No child's name is in it. Unset it once you have seen what you looked for.",
            id="stories.W005",
        )


def _is_redis_address(address: str) -> bool:
    """True where Redis's client can read it, which fails at the first count otherwise."""
    try:
        parts = urlsplit(address)
        is_readable = parts.port != 0
    except ValueError:
        return False
    return is_readable and parts.scheme in _REDIS_SCHEMES


def _is_ours(host: str) -> bool:
    """This machine's or the home network's own names and addresses."""
    return host != "*" and (host.strip("[]") == "testserver" or is_near(host))
