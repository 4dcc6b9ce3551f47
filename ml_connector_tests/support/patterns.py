"""Every regular expression of the package: those that stand in its source, and those that are made while it works."""

import ast
import importlib
import pkgutil
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_connector

ROOT = Path(ml_connector.__file__).parent
METHODS = ("match", "fullmatch", "search", "sub", "split", "findall", "finditer", "subn")


@dataclass(frozen=True)
class Place:
    """A call of `re` in the source: where, which function of `re`, the pattern's text where it stands there."""

    file: str
    line: int
    last_line: int
    function: str
    constant: str | bytes | None
    flags: int
    name: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Used:
    """A pattern, and the methods that it is asked with."""

    place: str
    pattern: str | bytes
    flags: int
    methods: tuple[str, ...]


def places() -> Iterator[Place]:
    """Every call of `re` in the package."""
    for path in sorted(ROOT.rglob("*.py")):
        file = str(path.relative_to(ROOT.parent))
        tree = ast.parse(path.read_text())
        named = {
            id(node.value): target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if _of_re(node):
                assert isinstance(node, ast.Call)
                assert isinstance(node.func, ast.Attribute)
                first = node.args[0]
                constant = first.value if isinstance(first, ast.Constant) else None
                flags = _flags(node)
                yield Place(
                    file, node.lineno, node.end_lineno or node.lineno, node.func.attr, constant, flags,
                    named.get(id(node), ""),
                )  # fmt: skip


def _of_re(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in {"compile", *METHODS}
    )


def _flags(call: ast.Call) -> int:
    given = [a for a in (*call.args, *(k.value for k in call.keywords)) if "re." in ast.unparse(a)]
    flags = 0
    for argument in given:
        found = re.findall(r"\bre\.([A-Z]+)\b", ast.unparse(argument))
        flags |= sum(int(getattr(re, name)) for name in set(found))
    return flags


def other_ways() -> list[str]:
    """Imports that `places` would not see through."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text()
        if re.search(r"^\s*(from re import|import re as|import regex|from regex|import sre)", text, re.MULTILINE):
            found.append(str(path.relative_to(ROOT.parent)))
    return found


#: Patterns and their flags, by the file and line that asked for them.
Seen = dict[tuple[str, int], set[tuple[str | bytes, int]]]


@contextmanager
def recorded() -> Iterator[Seen]:
    """What is compiled within, by the file and line of ours that asked for it."""
    seen: Seen = defaultdict(set)
    module: Any = re
    original = module._compile

    def compiled(pattern: Any, flags: Any) -> Any:
        if isinstance(pattern, str | bytes):
            frame = sys._getframe(1)
            while frame.f_code.co_filename == re.__file__ and frame.f_back is not None:
                frame = frame.f_back
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(ROOT):
                seen[str(path.relative_to(ROOT.parent)), frame.f_lineno].add((pattern, int(flags)))
        return original(pattern, flags)

    module._compile = compiled
    try:
        yield seen
    finally:
        module._compile = original


def import_everything() -> None:
    """All modules, so that their patterns are made."""
    for module in pkgutil.walk_packages(ml_connector.__path__, "ml_connector."):
        if not module.name.endswith(".migrations.env"):
            importlib.import_module(module.name)


def methods_of(place: Place) -> tuple[str, ...]:
    """The methods that the pattern made at a place is asked with; by its name where it has one of its module."""
    if place.function != "compile":
        return (place.function,)
    text = (ROOT.parent / place.file).read_text()
    if place.name:
        public = "" if place.name.startswith("_") else "\n".join(p.read_text() for p in ROOT.rglob("*.py"))
        found = set(re.findall(rf"\b{place.name}\.({'|'.join(METHODS)})\(", text + public))
        found |= {"match"} if not found else set()
        return tuple(sorted(found))
    # kept in an attribute or handed on: any method that its module uses at all
    return tuple(sorted(set(re.findall(rf"(?<!\bre)\.({'|'.join(METHODS)})\(", text)))) or ("search",)
