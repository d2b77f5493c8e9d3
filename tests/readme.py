"""README's examples, to be run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

from testkit.app import ROOT, App

README = (ROOT / "README.md").read_text()
BASH = ("bash", "-euo", "pipefail", "-c")
_SECONDS = 90


def example(heading: str, language: str) -> str:
    """The first block in this language after a line."""
    start = README.index(f"\n{heading}\n")
    found = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL).search(
        README, start
    )
    assert found is not None, f"README has no {language} example under {heading!r}"
    return found[1]


def run(app: App, *command: str, **variables: str) -> str:
    """What a command wrote, on a machine where the app's environment is active."""
    path = f"{Path(sys.executable).parent}:{os.defpath}"
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=app.environment | variables | {"BASE_URL": app.url, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
