"""The examples of the documents, to be run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

from testkit.app import ROOT, App

BASH = ("bash", "-euo", "pipefail", "-c")
_SECONDS = 90


def example(document: str, heading: str, language: str) -> str:
    """The first block in this language after a line."""
    text = (ROOT / document).read_text()
    start = text.index(f"\n{heading}\n")
    found = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL).search(text, start)
    assert found is not None, f"{document} has no {language} example under {heading!r}"
    return found[1]


def run(app: App, *command: str, **variables: str) -> str:
    """The output of a command, on a machine where the app's environment is active."""
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
