"""Imports point one way (docs/architecture.md), read from the source: nothing is imported to find out."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ml_connector.systems.registry import SHIPPED

PACKAGE = Path(__file__).parent.parent / "ml_connector"

#: What each room may import of our own; every room may import itself. `*` ends a list that has everything.
ALLOWED: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "logs": frozenset(),
    "own_signals": frozenset(),
    "stopping": frozenset({"errors"}),
    "clock": frozenset({"errors", "stopping"}),
    "proof": frozenset({"errors"}),
    "documents": frozenset({"errors"}),
    "edi": frozenset({"documents", "errors"}),
    "config": frozenset({"errors", "documents", "systems.registry"}),
    "layouts": frozenset({"documents", "edi.validation.findings", "config", "errors"}),
    "ledger": frozenset({"documents", "errors", "clock", "logs", "stopping"}),
    "credentials": frozenset({"ledger", "config", "errors", "clock"}),
    "transport": frozenset({"credentials", "ledger", "config", "errors", "clock", "proof", "stopping"}),
    "flows": frozenset({"documents", "edi", "layouts", "ledger", "config", "errors", "clock", "proof", "stopping"}),
    "systems": frozenset(
        {
            "documents",
            "transport",
            "credentials",
            "config",
            "errors",
            "clock",
            "proof",
            "stopping",
            "flows.core.ports",
            "ledger",
        }
    ),
    "sandbox": frozenset({"errors", "clock"}),
}
#: Rooms that compose: they may import everything except each other's insides named here.
COMPOSING = {
    "composition",
    "orchestration",
    "web",
    "cli",
    "trying",
    "demo",
    "diagnostics",
    "alerting",
    "definitions",
}
#: Only these may import dagster.
DAGSTER = {"orchestration", "definitions"}
#: Loaded only inside functions: a run process pays for every import (docs/decisions).
HEAVY = {"pandas", "paramiko", "lxml", "apprise"}
#: What all systems share: the seam itself, and what their checks have in common.
SEAM = {"registry", "system", "results", "reaching", "authorized", "mailboxes"}
#: Of `systems`, only what builds one from configuration, and what takes its notices, reads the ledger by itself.
BUILDERS = {"factory", "authorization", "source"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The room of a module: the first part below the package."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path, *, inside_functions: bool = True) -> Iterator[str]:
    """Dotted names that a module imports, also those only for type checkers."""
    tree = parsed(path)
    nodes = ast.walk(tree) if inside_functions else _outside_functions(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield child
        yield from _outside_functions(child)


def ours(path: Path) -> Iterator[str]:
    """What a module imports of our own, below the package's name."""
    for name in imported(path):
        if name.startswith("ml_connector."):
            yield name.removeprefix("ml_connector.")


def test_every_room_has_a_rule() -> None:
    rooms = {room(path) for path in modules()} - {"__init__"}
    assert rooms - set(ALLOWED) - COMPOSING == set()


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_a_room_imports_only_what_it_may(name: str) -> None:
    wrong = []
    for path in modules():
        if room(path) != name:
            continue
        for target in ours(path):
            allowed = ALLOWED[name] | {name}
            if not any(target == one or target.startswith(f"{one}.") for one in allowed):
                wrong.append(f"{path.relative_to(PACKAGE)} imports {target}")
    assert wrong == []


def test_systems_do_not_know_each_other() -> None:
    """A new system is one new package."""
    wrong = []
    for path in (PACKAGE / "systems").rglob("*.py"):
        own = path.relative_to(PACKAGE / "systems").parts[0]
        wrong += [
            f"{path.relative_to(PACKAGE)} imports {target}"
            for target in ours(path)
            if target.startswith("systems.") and target.split(".")[1] not in {own, *SEAM}
        ]
    assert wrong == []


def test_only_what_builds_a_system_knows_the_ledger() -> None:
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in (PACKAGE / "systems").rglob("*.py")
        if path.stem not in BUILDERS | SEAM and any(target.startswith("ledger.") for target in ours(path))
    ]
    assert wrong == []


def test_only_orchestration_imports_dagster() -> None:
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in modules()
        if room(path) not in DAGSTER and any(name.split(".")[0].startswith("dagster") for name in imported(path))
    ]
    assert wrong == []


def test_heavy_modules_are_imported_inside_functions() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules()
        for name in imported(path, inside_functions=False)
        if name.split(".")[0] in HEAVY and not _under_type_checking(path, name)
    ]
    assert wrong == []


def _under_type_checking(path: Path, name: str) -> bool:
    tree = parsed(path)
    for node in tree.body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for child in ast.walk(node):
                if isinstance(child, ast.Import) and any(alias.name == name for alias in child.names):
                    return True
                if isinstance(child, ast.ImportFrom) and name.startswith(f"{child.module}."):
                    return True
    return False


def test_the_package_never_imports_its_tests() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules()
        for name in imported(path)
        if name.split(".")[0] in {"ml_connector_tests", "benchmarks", "pytest", "hypothesis"}
    ]
    assert wrong == []


def test_files_with_assets_do_not_postpone_annotations() -> None:
    """Dagster reads annotations when it is loaded; text instead of types breaks it."""
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in modules()
        if room(path) in DAGSTER and "__future__.annotations" in set(imported(path))
    ]
    assert wrong == []


def test_no_system_is_named_outside_its_own_rooms() -> None:
    """In code: texts of help and examples may name what is shipped."""
    own = {f"systems/{name}" for name in SHIPPED} | {"systems/registry.py", "sandbox", "demo", "cli/sandbox.py"}
    own |= {"ledger/migrations", "cli/init.py"}  # a row of the past; the folder of the starting files
    wrong = []
    for path in modules():
        place = path.relative_to(PACKAGE).as_posix()
        if any(place == one or place.startswith(f"{one}/") for one in own):
            continue
        for node in ast.walk(parsed(path)):
            names = [node.id] if isinstance(node, ast.Name) else [node.attr] if isinstance(node, ast.Attribute) else []
            texts = [node.value] if isinstance(node, ast.Constant) and node.value in SHIPPED else []
            wrong += [f"{place}:{node.lineno} {word}" for word in (*names, *texts) if _names_a_system(str(word))]
    assert wrong == []


def _names_a_system(word: str) -> bool:
    plain = word.lower().replace("_", "")
    return any(name.replace("_", "") in plain for name in SHIPPED)
