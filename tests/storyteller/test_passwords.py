"""Passwords in addresses: a start that fails names the setting, and not what is in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testkit.app import ROOT

PASSWORD = "pw1lantern"
AT_NOBODY = f"reader:{PASSWORD}@127.0.0.1:9"

_HEALTH = """
import django
from django.conf import settings
settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 0.3
django.setup()
from django.test import Client
print(Client().get("/healthz", headers={"host": "localhost"}).status_code)
"""


def run(data: Path, *command: str, **variables: str) -> tuple[int, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {"STORYTELLER_DATA": str(data), "DJANGO_SETTINGS_MODULE": "storyteller.settings"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=kept | own | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", f"postgres://reader:{PASSWORD}/x@nas/stories"),
        ("DATABASE_URL", f"postgres://reader:{PASSWORD}[@nas/stories"),
        ("DATABASE_URL", f"reader:{PASSWORD}@nas/stories"),
        ("REDIS_URL", f"http://{AT_NOBODY}/0"),
        ("REDIS_URL", f"redis://reader:{PASSWORD}[@nas/0"),
        ("REDIS_URL", f"redis://reader:{PASSWORD}/x@nas/0"),
        ("OLLAMA_BASE_URL", f"reader:{PASSWORD}@nas:11434"),
        ("OLLAMA_BASE_URL", f"http://nas, http://reader:{PASSWORD}/x@nas:11434"),
        ("OLLAMA_BASE_URL", f"http://nas ftp://{AT_NOBODY} elsewhere"),
        ("OPENAI_BASE_URL", f"http://reader:{PASSWORD}[@nas/v1"),
    ],
)
def test_a_wrong_address_is_named_without_its_password(
    tmp_path: Path, name: str, value: str
) -> None:
    status, said = run(tmp_path, "manage.py", "check", **{name: value})
    assert status != 0
    assert name in said
    assert PASSWORD not in said


@pytest.mark.parametrize("name", ["OLLAMA_BASE_URL", "OPENAI_BASE_URL"], ids=["ollama", "openai"])
def test_a_host_that_is_away_is_named_without_its_password(tmp_path: Path, name: str) -> None:
    provider = name.partition("_")[0].lower()
    variables = {name: f"http://{AT_NOBODY}", "STORYTELLER_LLM": provider, "OPENAI_MODEL": "m"}
    status, said = run(tmp_path, "manage.py", "check_storyteller", **variables)
    assert status != 0
    assert "127.0.0.1:9" in said
    assert PASSWORD not in said


def test_a_database_that_is_away_is_unhealthy_and_its_password_is_said_to_nobody(
    tmp_path: Path,
) -> None:
    variables = {"DATABASE_URL": f"postgres://{AT_NOBODY}/stories"}
    status, said = run(tmp_path, "-c", _HEALTH, **variables)
    assert (status, said.splitlines()[-1]) == (0, "503"), said
    assert PASSWORD not in said
