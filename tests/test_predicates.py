"""Names that ask: a function called `is_…` or `has_…` changes nothing."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("children", "stories", "storyteller")
_ASKS = ("is_", "has_", "_is_", "_has_")
# Of managers, rows and logs, each also with the `a` of its asynchronous twin.
_WRITES = {
    "bulk_create",
    "bulk_update",
    "create",
    "delete",
    "get_or_create",
    "insert",
    "save",
    "select_for_update",
    "update",
    "update_or_create",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def writers(source: str) -> set[str]:
    """The functions that write, themselves or by a function of the same module."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, Function)]
    found = {function.name for function in functions if any(_changes(function))}
    while more := {f.name for f in functions if _called(f) & found} - found:
        found |= more
    return found


def _changes(function: Function) -> Iterator[ast.AST]:
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name.removeprefix("a") in _WRITES:
                yield node
            case ast.Attribute(ctx=ast.Store() | ast.Del()):  # a session that moves, a row
                yield node


def _called(function: Function) -> set[str]:
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {call.id for call in calls if isinstance(call, ast.Name)}


@pytest.mark.parametrize("package", PACKAGES)
def test_functions_that_ask_do_not_write(package: str) -> None:
    modules = [path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]
    assert modules
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules
        for name in writers(path.read_text("utf-8"))
        if name.startswith(_ASKS)
    }
    assert wrong == set()


@pytest.mark.parametrize(
    "body",
    [
        "return chapters.filter(pk=1).delete()[0] > 0",
        "await chapters.aupdate(number=2)",
        "session.chapter = None",
        "return _turn_down(run)",
    ],
)
def test_a_function_that_asks_and_writes_is_found(body: str) -> None:
    source = f"""
def _turn_down(run):
    run.save()

async def _is_turned_down(run):
    {body}
"""
    assert "_is_turned_down" in writers(source)
