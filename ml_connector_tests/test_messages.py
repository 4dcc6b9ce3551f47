"""Messages are plain English: what something is not is said as people say it (read from the source)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector_tests.support.rooms import modules, parsed

#: "It is no supplier", which people say as "it is not a supplier"; "there is no supplier" is what they say.
_DENIED = re.compile(r"(?<!here )\b(?:is|are) no (?!longer\b|more\b|such\b|news\b)[a-zA-Z]")


def denied(path: Path) -> Iterator[str]:
    """Texts of a module, but for its docstrings, that deny in a way that people do not."""
    tree = parsed(path)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and _begins(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield from (f"{path.name}:{node.lineno}: {node.value}" for _ in _DENIED.finditer(node.value))


def _begins(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(node.body) and isinstance(node.body[0], ast.Expr)


def test_nothing_is_said_to_be_no_something() -> None:
    assert [found for path in modules() for found in denied(path)] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("20011 is no supplier", True),
        ("these are no partners here", True),
        ("20011 is not a supplier", False),
        ("There is no supplier 20011", False),
        ("the line is no longer on the order", False),
    ],
)
def test_only_what_people_do_not_say_is_found(tmp_path: Path, text: str, wrong: bool) -> None:
    module = tmp_path / "module.py"
    module.write_text(f'"""It is no message."""\n\nTEXT = "{text}"\n', encoding="utf-8")
    assert bool(list(denied(module))) is wrong
