"""docs/architecture.md shows the rooms as they are: its picture, its list of rooms, and the rooms inside them."""

import re

import pytest

from ml_connector_tests.support.architecture import BLOCK, COMMAND, PAGE, picture, reduced, rooms_with_rooms
from ml_connector_tests.support.rooms import needs_inside

TEXT = PAGE.read_text(encoding="utf-8")
#: `room`, or `room/one`, and the rooms inside it in the order of the table.
ROWS = {
    row: re.findall(r"`(\w+)`", cells)
    for row, cells in re.findall(r"^\| `([\w/]+)` \| (.*) \|$", TEXT.split("Rooms inside")[1].split("\n## ")[0], re.M)
}


def test_the_picture_is_the_one_that_the_code_gives() -> None:
    assert BLOCK.findall(TEXT) == [picture()], f"rooms need each other otherwise than drawn: run `{COMMAND}`"


def test_what_follows_from_other_needs_is_not_drawn() -> None:
    needs = {"top": {"middle", "low", "ground"}, "middle": {"low"}, "low": {"ground"}, "beside": {"ground"}}
    assert reduced(needs) == {
        "top": {"middle"},
        "middle": {"low"},
        "low": {"ground"},
        "beside": {"ground"},
        "ground": set(),
    }


def test_the_list_of_rooms_names_each() -> None:
    (block,) = re.findall(r"## Rooms\n.*?```\n(.*?)```", TEXT, re.DOTALL)
    listed = {part.split("/")[0].split()[0] for line in block.splitlines() for part in line[:35].split(",")}
    assert listed == set(needs_inside(""))


def test_the_table_names_the_rooms_inside() -> None:
    named = {room: sorted(inside) for room, inside in ROWS.items()}
    assert named == {room: sorted(inside) for room, inside in rooms_with_rooms().items()}


@pytest.mark.parametrize("room", sorted(ROWS))
def test_a_room_inside_needs_only_those_before_it(room: str) -> None:
    order, needs = ROWS[room], needs_inside(room.replace("/", "."))
    later = {one: needs[one] & set(order[at + 1 :]) for at, one in enumerate(order)}
    assert {one: others for one, others in later.items() if others} == {}
