"""Rooms: imports point one way, without circles; files and rooms of a size that one finds a way in.

Read from the source: nothing is imported to find out (docs/architecture.md).
"""

import ast
from collections import Counter
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ml_connector.flows.registry import FLOWS
from ml_connector.systems.registry import SHIPPED
from ml_connector_tests.support.rooms import (
    ALLOWED,
    COMPOSING,
    DAGSTER,
    PACKAGE,
    graph,
    imported,
    module_name,
    modules,
    needs_inside,
    ours,
    parsed,
    room,
)

#: Loaded only inside functions: a run process pays for every import (docs/decisions).
HEAVY = {"pandas", "paramiko", "lxml", "apprise"}
#: What all systems share: the seam itself, and what their checks have in common.
SEAM = {
    "registry",
    "system",
    "results",
    "reaching",
    "authorized",
    "mailboxes",
    "our_keys",
    "sftp",
    "unreadable",
    "tables",
    "targets",
}
#: Of `systems`, only what builds one from configuration, and what takes its notices, reads the ledger by itself.
BUILDERS = {"factory", "authorization", "source"}


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


def test_no_flow_is_named_outside_the_flows() -> None:
    """What all flows share takes their names from where each is declared. The ledger tells of its own past."""
    own = {"flows", "systems", "sandbox", "demo"}
    wrong = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.value}"
        for path in modules()
        if room(path) not in own and "ledger/migrations" not in path.as_posix()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and node.value in FLOWS
    ]
    assert wrong == []


MOST_LINES = 400
MOST_MODULES = 15
#: What a migration made is history: it is not cut in two afterwards.
HISTORY = "ledger/migrations/versions/"


def circles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Nodes that lead to themselves, together with those they lead through."""
    sorter = TopologicalSorter({node: set(targets) for node, targets in edges.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        return [error.args[1]]
    return []


def test_a_circle_is_found() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": []}) == []
    assert circles({"a": ["b"], "b": ["c"], "c": ["a"]})


def test_no_module_imports_itself_through_others() -> None:
    assert circles(graph()) == []


@pytest.mark.parametrize(
    "package", sorted({module_name(path) for path in modules() if path.name == "__init__.py"} - {""})
)
def test_rooms_of_a_package_form_no_circle(package: str) -> None:
    """Each package inside is a room, also for what reaches it through a module beside it."""
    assert circles(needs_inside(package)) == []


def test_no_file_is_longer_than_a_person_reads() -> None:
    long = [
        f"{path.relative_to(PACKAGE.parent)}: {lines}"
        for path in (
            *modules(),
            *(PACKAGE.parent / "ml_connector_tests").rglob("*.py"),
            *(PACKAGE.parent / "benchmarks").rglob("*.py"),
        )
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES and HISTORY not in path.as_posix()
    ]
    assert long == []


def test_no_room_has_more_modules_than_one_finds_a_way_in() -> None:
    counts = Counter(path.parent for path in modules() if path.name != "__init__.py")
    wide = [
        f"{room.relative_to(PACKAGE)}: {count}"
        for room, count in counts.items()
        if count > MOST_MODULES and HISTORY not in f"{room.as_posix()}/"
    ]
    assert wide == []
