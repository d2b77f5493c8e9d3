"""Imports: between tests, where helpers have modules of their own, and at a process's start."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from testkit.app import ROOT

MODULES = [
    path.relative_to(ROOT)
    for folder in ("tests", "testkit", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def imported(module: Path) -> Iterator[str]:
    """Every dotted name that a module imports, relative ones resolved."""
    package = module.with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def is_of_tests(name: str) -> bool:
    parts = name.split(".")
    return parts[0] == "tests" and any(
        part == "conftest" or part.startswith("test_") for part in parts
    )


def test_nothing_is_imported_from_a_test_module_or_a_conftest() -> None:
    found = {str(module): [*filter(is_of_tests, imported(module))] for module in MODULES}
    assert {module: names for module, names in found.items() if names} == {}


def test_a_process_that_writes_no_story_loads_no_client_of_a_model() -> None:
    """They take longer to import than all else together, and most commands have no use for them."""
    loaded = "import django, sys; django.setup(); print(*sys.modules)"
    started = subprocess.run(
        [sys.executable, "-c", loaded],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "storyteller.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    slow = {"aiohttp", "langgraph", "langsmith", "ollama", "openai", "sklearn"}
    assert slow & set(started.stdout.split()) == set()
