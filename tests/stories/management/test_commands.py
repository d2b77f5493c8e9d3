"""The commands that set the app up and serve it."""

import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from children import tokens
from children.models import Child, User
from stories.embedded import catalog
from stories.management.commands import demo_family

READY_SECONDS = 90
# pip finds nothing, so that nothing can be fetched.
NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}


def _output_of(command: str, *arguments: str, **options: bool) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


# api_token --------------------------------------------------------------------------------------


def test_a_token_and_nothing_else_is_printed(alice: User) -> None:
    printed = _output_of("api_token", "alice@example.org")
    assert printed.endswith("\n")
    assert tokens.owner_of(printed.removesuffix("\n")) == alice


def test_the_address_is_taken_as_people_type_it(alice: User) -> None:
    assert tokens.owner_of(_output_of("api_token", " Alice@Example.org ").strip()) == alice


def test_an_unknown_parent_gets_no_token(db: None) -> None:
    with pytest.raises(CommandError, match=r"no parent nobody@example.org.*--create"):
        _output_of("api_token", "nobody@example.org")


def test_a_parent_is_made_on_demand_with_a_family_of_their_own(alice: User) -> None:
    owner = tokens.owner_of(_output_of("api_token", "new@example.org", create=True).strip())
    assert owner is not None
    assert owner.family is not None
    assert owner.family != alice.family
    assert not owner.has_usable_password()


def test_what_is_no_address_makes_no_parent(db: None) -> None:
    with pytest.raises(CommandError, match="not an e-mail address"):
        _output_of("api_token", "not-an-address", create=True)
    assert not User.objects.exists()


def test_staff_get_no_token(db: None) -> None:
    User.objects.create_superuser("staff@example.org", "a-password")
    with pytest.raises(CommandError, match="member of staff"):
        _output_of("api_token", "staff@example.org")


# demo_family ------------------------------------------------------------------------------------


def test_the_demo_family_has_two_children_and_a_password_that_is_printed(db: None) -> None:
    printed = _output_of("demo_family")
    parent = User.objects.get(email=demo_family.PARENT)
    assert parent.check_password(demo_family.PASSWORD)
    assert demo_family.PASSWORD in printed
    ages = sorted(child.age for child in Child.objects.filter(family=parent.family))
    assert ages == [5, 8]
    for child in Child.objects.all():
        child.full_clean()


def test_made_again_the_demo_family_stays_as_it_is(db: None) -> None:
    _output_of("demo_family")
    parent = User.objects.get(email=demo_family.PARENT)
    parent.set_password("changed-by-hand")
    parent.save()
    _output_of("demo_family")
    parent.refresh_from_db()
    assert parent.check_password("changed-by-hand")
    assert Child.objects.count() == 2
    assert User.objects.count() == 2


def test_a_known_password_is_refused_where_others_can_reach_it(
    db: None, settings: Settings
) -> None:
    settings.IS_HTTPS = True
    with pytest.raises(CommandError, match="STORYTELLER_HTTPS"):
        _output_of("demo_family")
    assert not User.objects.exists()
    _output_of("demo_family", force=True)
    assert User.objects.count() == 2


# fetch_model ------------------------------------------------------------------------------------


def test_a_model_that_is_there_is_not_fetched(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "models").mkdir()
    with catalog.SMALL.path_in(tmp_path / "models").open("wb") as file:
        file.truncate(catalog.SMALL.size)
    assert catalog.SMALL.label in _output_of("fetch_model", small=True)


def test_a_model_that_cannot_be_had_is_said_in_words(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NO_INDEX.items():
        monkeypatch.setenv(name, value)
    settings.DATA_DIR = tmp_path
    told = io.StringIO()
    with pytest.raises(CommandError, match="STORYTELLER_MODEL_PATH"):
        call_command("fetch_model", small=True, stdout=io.StringIO(), stderr=told)
    assert "package index" in told.getvalue()


# serve ------------------------------------------------------------------------------------------


@contextmanager
def _served(
    data: Path, *arguments: str, **environment: str
) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """`manage.py serve`, and what it had said when it said where it is."""
    own = {"STORYTELLER_DATA": str(data), "DATABASE_URL": "", "PORT": "0", **environment}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", *arguments],
        cwd=django_settings.BASE_DIR,
        env=os.environ | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, _lines_until(process, "Ctrl-C ends it.")
    finally:
        process.kill()
        process.communicate()


def _lines_until(process: "subprocess.Popen[str]", last: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    while last not in lines and (line := process.stdout.readline()):
        lines.append(line.rstrip("\n"))
    return lines


def _status_of(address: str, path: str) -> tuple[int, bytes]:
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_it_says_where_it_is_once_it_serves_and_ends_when_told(tmp_path: Path) -> None:
    with _served(tmp_path, STORYTELLER_LLM="embedded") as (process, lines):
        address = next(line.split()[-1] for line in lines if line.startswith("Storyteller is at"))
        status, body = _status_of(address, "/healthz")
        assert (status, json.loads(body)) == (200, {"status": "ok"})
        assert any("fetch_model" in line for line in lines)  # no model, said in words
        assert not any("demo@" in line for line in lines)
        process.send_signal(signal.SIGTERM)
        assert process.wait(READY_SECONDS) == 0


def test_other_devices_are_let_in_only_when_told_and_then_by_name(tmp_path: Path) -> None:
    listening = {"STORYTELLER_LLM": "embedded", "STORYTELLER_LISTEN": "0.0.0.0"}
    with _served(tmp_path, **listening) as (_, lines):
        here, *others = [line.split()[-1] for line in lines if "http://" in line]
        assert here.startswith("http://127.0.0.1:")
        for address in (here, *others):  # others: where this machine has a network
            status, _ = _status_of(address, "/accounts/login/")
            assert status == 200
        port = urlsplit(here).port
        assert _status_of(f"http://127.0.0.2:{port}", "/accounts/login/")[0] == 400


def test_without_being_told_it_listens_to_this_machine_alone(tmp_path: Path) -> None:
    with _served(tmp_path, STORYTELLER_LLM="embedded") as (_, lines):
        [address] = [line.split()[-1] for line in lines if "http://" in line]
        port = urlsplit(address).port
        with pytest.raises(ConnectionRefusedError):
            _status_of(f"http://127.0.0.2:{port}", "/healthz")


def test_an_address_that_is_none_is_named_with_what_is_allowed(tmp_path: Path) -> None:
    with _served(tmp_path, STORYTELLER_LISTEN="everywhere") as (process, lines):
        assert process.wait(READY_SECONDS) != 0
        assert any("STORYTELLER_LISTEN='everywhere'" in line for line in lines)


@pytest.mark.parametrize(
    "settings",
    [
        {"STORYTELLER_LLM": "ollama", "OLLAMA_BASE_URL": "127.0.0.1:9"},
        {"STORYTELLER_LLM": "openai", "OPENAI_BASE_URL": "", "OPENAI_MODEL": ""},
    ],
)
def test_a_demo_with_bad_settings_says_so_and_fetches_nothing(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    with _served(tmp_path, "--demo", **settings, **NO_INDEX) as (process, lines):
        assert process.wait(READY_SECONDS) != 0
        assert any("_BASE_URL" in line for line in lines)
        assert not (tmp_path / "models").exists()
        assert not (tmp_path / "storyteller.sqlite3").exists()


@pytest.mark.parametrize("provider", ["ollama", "openai"])
def test_a_demo_with_a_provider_set_by_hand_never_fetches_the_embedded_model(
    tmp_path: Path, provider: str
) -> None:
    settings = {
        "STORYTELLER_LLM": provider,
        "OLLAMA_BASE_URL": "http://127.0.0.1:9",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_MODEL": "m",
    }
    with _served(tmp_path, "--demo", **settings, **NO_INDEX) as (_, lines):
        assert any("does not answer" in line for line in lines)
        assert not any("cannot be had" in line for line in lines)
        assert not (tmp_path / "models").exists()


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from storyteller import secrets as made; "
    script += "sys.stdin.read(1); print(made.stored_secret_key(Path(sys.argv[1])))"
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            cwd=django_settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    keys = {process.communicate("\n")[0].strip() for process in starting}
    assert len(keys) == 1
    assert len(keys.pop()) > 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with _served(tmp_path, PORT=port) as (process, lines):
            assert process.wait(READY_SECONDS) != 0
            assert any(f"Port {port} is taken" in line for line in lines)


def test_a_port_that_is_none_is_named_with_what_is_allowed(tmp_path: Path) -> None:
    with _served(tmp_path, PORT="eighty") as (process, lines):
        assert process.wait(READY_SECONDS) != 0
        assert any("PORT='eighty'" in line and "65535" in line for line in lines)
