"""Which modules and rooms there are, what each imports, and what it may: read from the source, nothing is imported."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent.parent / "ml_connector"

#: What each room may import of our own; every room may import itself.
ALLOWED: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "logs": frozenset(),
    "own_signals": frozenset(),
    "stopping": frozenset({"errors"}),
    "clock": frozenset({"errors", "stopping"}),
    "proof": frozenset({"errors"}),
    "documents": frozenset({"errors"}),
    "edi": frozenset({"documents", "errors"}),
    "config": frozenset(
        {"errors", "documents", "systems.registry", "flows.registry", "flows.core.spec", "flows.core.flow_set"}
    ),
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
    "sandbox": frozenset({"errors", "clock", "transport.tls"}),
}
#: Rooms that compose: they may import everything except each other's insides named here.
COMPOSING = {
    "composition",
    "deployment",
    "operating",
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


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def graph() -> dict[str, frozenset[str]]:
    """What each module imports of our own, wherever in it, also for type checkers alone."""
    known = {module_name(path) for path in modules()}
    found = {}
    for path in modules():
        targets = {target if target in known else target.rpartition(".")[0] for target in ours(path)}
        found[module_name(path)] = frozenset((targets & known) - {module_name(path), ""})
    return found


def room_in(package: str, module: str) -> str:
    """The room of a package in which a module stands; "" where it stands elsewhere. package "": everything of ours."""
    start = f"{package}." if package else ""
    if not module.startswith(start):
        return ""
    first, *inside = module.removeprefix(start).split(".")
    # What makes a system of its rooms and of its neighbours stands above them.
    return f"{first}.system" if package and inside == ["system"] else first


def needs_inside(package: str) -> dict[str, set[str]]:
    """Which rooms of a package need which others of it, also through modules beside them."""
    needs: dict[str, set[str]] = {}
    for module, targets in graph().items():
        if here := room_in(package, module):
            there = {room_in(package, target) for target in targets}
            needs.setdefault(here, set()).update(there - {here, ""})
    return needs


def packages_inside(package: str) -> set[str]:
    """The rooms of a package that are packages themselves."""
    inner = {module_name(path) for path in modules() if path.name == "__init__.py"}
    return {name.rpartition(".")[2] for name in inner if name and name.rpartition(".")[0] == package}
