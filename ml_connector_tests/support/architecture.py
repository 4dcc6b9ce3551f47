"""The picture in docs/architecture.md, made from the imports.

`python -m ml_connector_tests.support.architecture` puts it into the page again.
"""

import re
from collections.abc import Iterable, Mapping, Set
from graphlib import TopologicalSorter

from ml_connector_tests.support.rooms import ALLOWED, PACKAGE, needs_inside, packages_inside

PAGE = PACKAGE.parent / "docs" / "architecture.md"
COMMAND = "python -m ml_connector_tests.support.architecture"
BEGIN, END = f"<!-- made from the imports by `{COMMAND}` -->\n", "<!-- end of what is made -->\n"
BLOCK = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)

#: Not drawn: everyone needs them, and they need nothing but each other.
GROUND = ("errors", "clock", "logs", "proof", "stopping", "own_signals")
#: Drawn as one: the module is where Dagster finds what the room has, and a run of ours looks there too.
DRAWN_AS = {"definitions": "orchestration"}
#: Rooms that have a room for each outside system; what is inside of those is told in the page.
ONE_PER_SYSTEM = ("systems", "sandbox")

Needs = Mapping[str, Set[str]]


def picture() -> str:
    """The block of the page: a graph, and what is left out of it."""
    needs = _drawn(needs_inside(""))
    whole = {room: {other for other in others if not _parts(room, other)} for room, others in needs.items()}
    below = closure(whole)
    parts = [(room, other) for room in below for other in sorted(needs.get(room, set()) - whole.get(room, set()))]
    # Drawn, these would stand the picture on its head.
    upwards = [(room, other) for room, other in parts if room in below[other]]
    dotted = [pair for pair in parts if pair not in upwards]
    lines = [
        f"{BEGIN}```mermaid\nflowchart TD",
        *(f"  {room} --> {other}" for room, others in reduced(whole).items() for other in sorted(others)),
        *(f"  {room} -.-> {other}" for room, other in dotted),
        "```\n",
        "- An arrow leads to what a room needs. What it needs through others as well has no arrow of its own.",
        f"- Dotted, only a part of the other room: {_told(dotted)}.",
        f"- Not drawn, against the arrows: {_told(upwards)}.",
        f"- Not drawn, small modules below all others: {_quoted(GROUND)}.",
        *(f"- `{one}` is drawn with `{other}`." for one, other in DRAWN_AS.items()),
        END,
    ]
    return "\n".join(lines)


def closure(needs: Needs) -> dict[str, set[str]]:
    """What each room needs, also through others; the room that needs most first.

    Raises:
        graphlib.CycleError: a room needs itself through others.
    """
    below: dict[str, set[str]] = {}
    for room in TopologicalSorter(needs).static_order():
        others = needs.get(room, set())
        below[room] = set(others).union(*(below[other] for other in others))
    return {room: below[room] for room in sorted(below, key=lambda room: (-len(below[room]), room))}


def reduced(needs: Needs) -> dict[str, set[str]]:
    """Needs without those that follow from others."""
    below = closure(needs)
    return {
        room: set(needs.get(room, ())).difference(*(below[other] for other in needs.get(room, ()))) for room in below
    }


def rooms_with_rooms() -> dict[str, set[str]]:
    """The rooms that have packages inside, as paths, with their names: the table of the page."""
    outer = packages_inside("").difference(ONE_PER_SYSTEM)
    outer |= {f"{room}.{one}" for room in ONE_PER_SYSTEM for one in packages_inside(room)}
    return {room.replace(".", "/"): inside for room in outer if (inside := packages_inside(room))}


def _drawn(needs: Needs) -> dict[str, set[str]]:
    drawn: dict[str, set[str]] = {}
    for room, others in needs.items():
        if room not in GROUND:
            here = DRAWN_AS.get(room, room)
            there = {DRAWN_AS.get(other, other) for other in others}
            drawn.setdefault(here, set()).update(there.difference(GROUND, {here}))
    return drawn


def _parts(room: str, other: str) -> list[str]:
    """What a room may need of another one where that is not the whole of it."""
    allowed = ALLOWED.get(room, {other})
    return [] if other in allowed else sorted(one for one in allowed if one.startswith(f"{other}."))


def _told(pairs: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"`{room}` needs {_quoted(_parts(room, other))}" for room, other in pairs)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def refresh() -> None:
    page, count = BLOCK.subn(lambda _: picture(), PAGE.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit(f"{PAGE}: {count} blocks between {BEGIN.strip()} and {END.strip()}; one is due")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    refresh()
