"""Which database a case runs on where its cases take turns (docs/decisions/0025)."""

from collections import defaultdict
from collections.abc import Iterable
from zlib import crc32

import pytest

from ml_connector_tests.support import examples

#: The fixture that a database is chosen for, and the kinds in turn.
CHOSEN_FOR = "fresh_url"
KINDS = ("sqlite", "postgresql")
#: Of a file or test whose every case runs on each kind.
MARK = "both_databases"


def left_out(items: Iterable[pytest.Item], scene: str) -> set[pytest.Item]:
    """Of tests over the fixture `scene`, the cases of this run's other kind: every case is left to one kind.

    The cases of a function take turns, beginning with either kind, which its name decides.
    """
    cases: dict[str, dict[str, list[tuple[str, pytest.Item]]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        kind = _kind(item)
        if kind is None or scene not in getattr(item, "fixturenames", ()) or item.get_closest_marker(MARK):
            continue
        function, _, case = item.nodeid.partition("[")
        cases[function][case.replace(kind, "*", 1)].append((kind, item))
    found: set[pytest.Item] = set()
    for function, by_case in cases.items():
        first = crc32(function.encode())
        for at, pair in enumerate(by_case.values()):
            wanted = KINDS[(first + at) % len(KINDS)]
            if {kind for kind, _ in pair} == set(KINDS):
                found.update(item for kind, item in pair if kind != wanted)
    return found


def _kind(item: pytest.Item) -> str | None:
    made = getattr(item, "callspec", None)
    found = made.params.get(CHOSEN_FOR) if made is not None else None
    return found if found in KINDS else None


def take_turns(config: pytest.Config, items: list[pytest.Item], scene: str) -> None:
    """Leave them out of a whole run; who names tests, or wants all examples, gets all that he names."""
    if examples.all_of_them() or config.option.keyword or any("::" in named for named in config.args):
        return
    others = left_out(items, scene)
    if others:
        config.hook.pytest_deselected(items=[item for item in items if item in others])
        items[:] = [item for item in items if item not in others]
