"""Imports between tests: helpers have modules of their own, so that a test can be moved alone."""

import ast
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
