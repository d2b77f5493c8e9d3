"""docs/configuration.md and .env.example list what the settings read, with the real defaults."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from testkit.app import ROOT

CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
DOTENV = ROOT / ".env.example"
FOR_A_FAMILY = 10
_ROW = re.compile(r"^\| `([A-Z_]+)` \| (.*?) ?\|", re.MULTILINE)
_LINE = re.compile(r"^#?([A-Z_]+)=(.*)$", re.MULTILINE)


def read_by_settings() -> dict[str, object]:
    """Each variable that the settings read, with its default where that is a literal."""
    tree = ast.parse((ROOT / "storyteller" / "settings.py").read_text())
    found: dict[str, object] = {"PORT": 8000}  # read by `manage.py serve` and the Makefile
    for call in ast.walk(tree):
        match call:
            case ast.Call(ast.Attribute(ast.Name("env")), [ast.Constant(str(name)), *rest]):
                default = rest[0] if rest else ast.Constant("")
                found[name] = default.value if isinstance(default, ast.Constant) else None
    return found


def stated_defaults() -> dict[str, str]:
    """The defaults that the document states as a value and nothing else."""
    literal = {name: re.fullmatch(r"`([^`]*)`", cell) for name, cell in _ROW.findall(CONFIGURATION)}
    return {name: value[1] for name, value in literal.items() if value}


def example_values() -> dict[str, str]:
    return {name: value.strip('"') for name, value in _LINE.findall(DOTENV.read_text())}


def test_it_lists_every_environment_variable_and_no_other() -> None:
    settings = (ROOT / "storyteller" / "settings.py").read_text()
    read = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings)
    listed = [name for name, _ in _ROW.findall(CONFIGURATION)]
    assert sorted(listed) == sorted([*read, "PORT"])


def test_ten_of_them_are_for_a_family_and_come_first() -> None:
    start = CONFIGURATION.index("\n## For a family\n")
    first = CONFIGURATION[start : CONFIGURATION.index("\n## For operators\n")]
    assert len(_ROW.findall(first)) == FOR_A_FAMILY
    assert not _ROW.findall(CONFIGURATION[:start])


def test_the_defaults_it_states_are_those_of_the_settings() -> None:
    read = read_by_settings()
    for name, stated in stated_defaults().items():
        match read[name]:
            case "" | None:  # a flag that is off, or a path that the settings work out
                assert stated in {"0", ".data"}, name
            case int() | float() as number:
                assert float(stated) == number, name
            case text:
                assert stated == text, name


def test_the_example_file_lists_the_same_variables_with_the_same_defaults() -> None:
    listed = [name for name, _ in _ROW.findall(CONFIGURATION)]
    values = example_values()
    assert list(values) == listed
    assert {name: value for name, value in values.items() if value} == stated_defaults()


def test_the_example_file_changes_nothing_and_holds_no_secret() -> None:
    assert not [line for line in DOTENV.read_text().splitlines() if line and line[0] != "#"]
    values = example_values()
    assert not [name for name in ("SECRET_KEY", "OPENAI_API_KEY", "DATABASE_URL") if values[name]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A directory with the Makefile, and a `manage.py` that prints what it is told."""
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    for name in ("requirements.txt", "requirements-narration.txt"):
        (tmp_path / name).touch()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in (".runtime", ".narration"):
        (tmp_path / ".venv" / name).touch()
    shown = 'print(*(os.environ.get(name) for name in ("PORT", "DEFAULT_FROM_EMAIL")))'
    (tmp_path / "manage.py").write_text(f"import os\n{shown}\n")
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return tmp_path


@pytest.mark.parametrize("target", ["run", "serve", "workers"])
def test_make_reads_the_file_and_what_the_caller_has_set_wins(checkout: Path, target: str) -> None:
    lines = _LINE.findall(DOTENV.read_text())
    (checkout / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines))
    assert made(checkout, target) == "8000 Storyteller <storyteller@localhost>"
    assert made(checkout, target, PORT="8001") == "8001 Storyteller <storyteller@localhost>"
    (checkout / ".env").unlink()
    assert made(checkout, target) == "None None"


def test_a_machine_without_wheels_for_the_voice_starts_without_it(checkout: Path) -> None:
    (checkout / ".venv" / ".narration").unlink()
    nowhere = f"no-such-voice==1 --hash=sha256:{'0' * 64}\n"
    (checkout / "requirements-narration.txt").write_text(nowhere)
    told = made(checkout, "run", PIP_NO_INDEX="1")
    assert "It does not fit this machine" in told
    assert told.endswith("None None"), "it has started"
    assert made(checkout, "run") == "None None", "it is not tried at each start"


def made(folder: Path, target: str, **variables: str) -> str:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        ["make", "--no-print-directory", target],
        cwd=folder,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_settings_accept_every_value_of_the_example_file() -> None:
    """Values as the shell reads them, with an empty one standing for the default."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", "from storyteller import settings; print(settings.LEASE_SECONDS)"],
        cwd=ROOT,
        env=kept | example_values(),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (0, "15.0\n"), done.stderr
