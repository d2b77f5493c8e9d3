"""System checks, and the settings they speak of."""

from pathlib import Path

import pytest
from django.core.checks import CheckMessage, Tags, run_checks
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django.fixtures import Settings

from stories import checks
from stories.checks import check_elsewhere

_ADDRESSES = ("8.8.8.8", "9.9.9.9", "api.example.com")


@pytest.fixture(autouse=True)
def family_machine(settings: Settings, tmp_path: Path) -> None:
    """The settings that a family's own machine has, with Ollama named."""
    settings.LLM_PROVIDER = "ollama"
    settings.MODEL_PATH = settings.OPENAI_BASE_URL = settings.OPENAI_MODEL = ""
    settings.OLLAMA_BASE_URL = "http://127.0.0.1:11434"
    settings.OLLAMA_MODEL = "llama3.1:8b"
    settings.DATA_DIR = tmp_path
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
    settings.DEBUG = settings.IS_HTTPS = False
    settings.GUARD_MODEL = ""


def _said() -> dict[str, CheckMessage]:
    return {message.id or "": message for message in run_checks() if "stories." in str(message.id)}


def test_a_familys_own_machine_has_nothing_to_fix() -> None:
    assert _said() == {}


def test_tracing_is_a_warning_that_stories_leave_the_machine(settings: Settings) -> None:
    settings.IS_TRACED = True
    assert "LangSmith" in _said()["stories.W005"].msg


def test_openai_without_address_or_model_is_an_error_that_names_both(settings: Settings) -> None:
    settings.LLM_PROVIDER = "openai"
    message = _said()["stories.E001"]
    assert "OPENAI_BASE_URL and OPENAI_MODEL" in message.msg


@pytest.mark.parametrize("provider", ["auto", "embedded"])
def test_no_model_at_all_is_a_warning_that_says_how_to_get_one(
    settings: Settings, provider: str
) -> None:
    settings.LLM_PROVIDER = provider
    settings.OLLAMA_MODEL = ""
    message = _said()["stories.W001"]
    assert "fetch_model" in str(message.hint)


def test_a_model_file_that_is_not_there_is_named(settings: Settings, tmp_path: Path) -> None:
    settings.LLM_PROVIDER = "auto"
    settings.MODEL_PATH = str(tmp_path / "gone.gguf")
    assert "gone.gguf" in _said()["stories.W001"].msg


@pytest.mark.parametrize("value", ["ollama.local:11434", "ftp://ollama", "http://", "http://a:b"])
def test_what_is_no_address_of_a_host_is_an_error(settings: Settings, value: str) -> None:
    settings.OLLAMA_BASE_URL = value
    assert repr(value) in _said()["stories.E002"].msg


def test_a_password_in_a_wrong_address_is_not_shown(settings: Settings) -> None:
    settings.OLLAMA_BASE_URL = "reader:pw1@ollama.local:11434"
    message = _said()["stories.E002"].msg
    assert "ollama.local:11434" in message
    assert "pw1" not in message


@pytest.mark.parametrize(
    ("provider", "name", "value", "address"),
    [
        ("openai", "OPENAI_BASE_URL", "https://u:pw1@api.example.com/v1", "api.example.com"),
        ("ollama", "OLLAMA_BASE_URL", "http://8.8.8.8:11434", "8.8.8.8"),
        ("ollama", "OLLAMA_MODEL", "gpt-oss:120b-cloud", "ollama.com"),
        ("auto", "OLLAMA_MODEL", "glm-5:cloud", "ollama.com"),
    ],
)
def test_stories_that_are_written_elsewhere_are_a_warning_that_names_the_address(
    settings: Settings, provider: str, name: str, value: str, address: str
) -> None:
    settings.LLM_PROVIDER = provider
    settings.OPENAI_BASE_URL, settings.OPENAI_MODEL = "http://127.0.0.1:8080/v1", "m"
    setattr(settings, name, value)
    message = _said()["stories.W007"].msg
    assert address in message
    assert name in message
    assert "pw1" not in message


def test_each_far_host_of_a_list_is_named_and_a_fallback_too(settings: Settings) -> None:
    settings.LLM_PROVIDER, settings.FALLBACK_PROVIDER = "ollama", "openai"
    settings.OLLAMA_BASE_URL = "http://nas:11434 http://8.8.8.8:11434 http://u:pw1@9.9.9.9:11434"
    settings.OPENAI_BASE_URL, settings.OPENAI_MODEL = "https://api.example.com/v1", "m"
    said = [message.msg for message in check_elsewhere()]
    assert [address for text in said for address in _ADDRESSES if address in text] == list(
        _ADDRESSES
    )
    assert "STORYTELLER_FALLBACK=openai" in said[-1]
    assert "nas" not in "".join(said)
    assert "pw1" not in "".join(said)


@pytest.mark.parametrize(
    ("first", "fallback", "missing"),
    [
        ("ollama", "ollama", "another provider"),
        ("auto", "openai", "another provider"),
        ("ollama", "openai", "OPENAI_MODEL"),
    ],
)
def test_a_fallback_that_can_be_none_is_an_error(
    settings: Settings, first: str, fallback: str, missing: str
) -> None:
    settings.LLM_PROVIDER, settings.FALLBACK_PROVIDER = first, fallback
    settings.OPENAI_BASE_URL, settings.OPENAI_MODEL = "http://nas/v1", ""
    assert missing in _said()["stories.E015"].msg


def test_only_the_entry_of_a_list_that_is_wrong_is_named(settings: Settings) -> None:
    settings.OLLAMA_BASE_URL = "http://nas:11434, ftp://u:pw1@attic,"
    message = _said()["stories.E002"].msg
    assert "attic" in message
    assert "nas" not in message
    assert "pw1" not in message


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "10.0.0.5",
        "192.168.1.4",
        "172.20.0.2",
        "nas",
        "nas.local",
    ],
)
def test_a_host_in_the_home_is_no_warning(settings: Settings, host: str) -> None:
    settings.LLM_PROVIDER = "openai"
    settings.OPENAI_BASE_URL, settings.OPENAI_MODEL = f"http://{host}:8080/v1", "m"
    assert _said() == {}


def test_strangers_must_not_see_debug_pages(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["stories.example.org"]
    settings.DEBUG = settings.IS_HTTPS = True
    assert set(_said()) == {"stories.E007"}


def test_strangers_are_served_over_https(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["stories.example.org"]
    assert set(_said()) == {"stories.W002"}
    settings.IS_HTTPS = True
    assert _said() == {}


def test_a_wildcard_host_is_pointed_out(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.IS_HTTPS = True
    assert set(_said()) == {"stories.W003"}


@pytest.mark.parametrize("host", ["192.168.1.20", "10.0.0.5", "nas.local", "[fd00::1]"])
def test_the_home_network_is_not_the_internet(settings: Settings, host: str) -> None:
    settings.ALLOWED_HOSTS = ["localhost", host]
    assert _said() == {}


class _Database:
    """As much of a connection as the check looks at."""

    class Database:
        sqlite_version_info = (3, 34, 1)
        sqlite_version = "3.34.1"

    def __init__(self, vendor: str, **settings: object) -> None:
        self.vendor = vendor
        self.settings_dict = {"NAME": "a.sqlite3", "OPTIONS": {}, **settings}


def _ids(database: _Database) -> set[str | None]:
    return {message.id for message in checks.database_problems(database)}


def test_the_log_is_kept_in_sqlite_with_wal_or_in_postgresql() -> None:
    assert _ids(_Database("postgresql")) == set()
    assert _ids(_Database("mysql")) == {"stories.E003"}
    assert _ids(_Database("sqlite")) == {"stories.E004", "stories.E005"}
    wal = {"init_command": "PRAGMA journal_mode=WAL;"}
    assert _ids(_Database("sqlite", OPTIONS=wal)) == {"stories.E004"}
    assert "stories.E006" in _ids(_Database("sqlite", OPTIONS=wal, NAME=":memory:"))


@pytest.mark.parametrize("value", ["127.0.0.1:6379", "http://redis", "redis"])
def test_what_is_no_address_of_a_redis_is_an_error_that_keeps_its_password(
    settings: Settings, value: str
) -> None:
    settings.REDIS_URL = value
    assert value not in _said()["stories.E009"].msg


def test_a_redis_by_its_address_is_fine(settings: Settings) -> None:
    settings.REDIS_URL = "redis://:secret@127.0.0.1:6379/0"
    assert _said() == {}


@pytest.mark.parametrize("name", ["", "story", "llama-guard3:1b", "ibm/granite3.3-guardian:8b"])
def test_a_guard_that_is_known_is_fine(settings: Settings, name: str) -> None:
    settings.GUARD_MODEL = name
    assert _said() == {}


@pytest.mark.parametrize(
    ("name", "provider"), [("gemma3:12b", "ollama"), ("llama-guard3:1b", "embedded")]
)
def test_a_guard_that_cannot_be_asked_is_an_error(
    settings: Settings, name: str, provider: str
) -> None:
    settings.GUARD_MODEL = name
    settings.LLM_PROVIDER = provider
    assert repr(name) in _said()["stories.E010"].msg


def test_a_guard_that_is_only_advisory_is_a_warning(settings: Settings) -> None:
    settings.GUARD_MODEL = "llama-guard3:1b"
    settings.GUARD_IS_ADVISORY = True
    assert "stories.W004" in _said()


def test_words_ahead_of_their_approval_are_a_warning(settings: Settings) -> None:
    settings.SHOWS_UNCHECKED_WORDS = True
    assert "stories.W006" in _said()


@pytest.mark.django_db
def test_a_trigger_of_the_log_of_decisions_that_is_gone_is_an_error_that_names_it() -> None:
    assert [*checks.check_rulings(["default"])] == []
    names = checks.RULING_TRIGGERS[connection.vendor]
    on = " ON stories_ruling" if connection.vendor == "postgresql" else ""
    for name in names:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {name}{on}")
        (message,) = checks.check_rulings(["default"])
        assert (message.id, name in message.msg) == ("stories.E012", True)
    assert all(name in message.msg for name in names)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite rebuilds tables")
def test_a_rebuilt_table_of_decisions_is_found_out() -> None:
    """As a later migration would rebuild it, by changing a column."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE rebuilt AS SELECT * FROM stories_ruling")
        cursor.execute("DROP TABLE stories_ruling")
        cursor.execute("ALTER TABLE rebuilt RENAME TO stories_ruling")
    said = run_checks(tags=[Tags.database], databases=["default"])
    assert [message.id for message in said] == ["stories.E012"]


@pytest.mark.django_db
def test_a_database_before_its_migration_has_no_triggers_to_miss() -> None:
    MigrationRecorder(connection).record_unapplied("stories", "0002_moderators")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE stories_ruling")
    assert [*checks.check_rulings(["default"])] == []


def test_voices_that_can_be_used_are_fine(settings: Settings, tmp_path: Path) -> None:
    settings.VOICES = {"es": voice_in(tmp_path)}
    settings.PIPER = "true"
    assert _said() == {}


@pytest.mark.parametrize(
    ("code", "piper", "told"),
    [
        ("qaa", "true", "qaa is no language of stories; there are en, es, he"),
        ("es", "no-such-piper", "there is no command no-such-piper"),
    ],
)
def test_a_voice_that_nobody_can_say_is_an_error_that_names_what_is_missing(
    settings: Settings, tmp_path: Path, code: str, piper: str, told: str
) -> None:
    settings.VOICES, settings.PIPER = {code: voice_in(tmp_path)}, piper
    assert told in _said()["stories.E016"].msg
    settings.NARRATION_PROCESSES = 0
    assert _said() == {}


@pytest.mark.parametrize("missing", ["es.onnx", "es.onnx.json"])
def test_a_voice_whose_files_are_not_there_is_an_error_that_names_them(
    settings: Settings, tmp_path: Path, missing: str
) -> None:
    settings.VOICES, settings.PIPER = {"es": voice_in(tmp_path)}, "true"
    (tmp_path / missing).unlink()
    assert f"there is no file {tmp_path / missing}" in _said()["stories.E016"].msg


def voice_in(folder: Path) -> Path:
    """A voice of Piper and its settings, as far as a check looks into them."""
    file = folder / "es.onnx"
    file.touch()
    Path(f"{file}.json").touch()
    return file
