"""Placing orders with the partners and looking at what they answer, for the tests of this package."""

from typing import Any

from ml_connector.sandbox.partner.documents.x12 import Interchange, Segment, read
from ml_connector_tests.sandbox.cleo_bench import Bench


def told(bench: Bench, partner: str = "NORTHWIND", **settings: Any) -> Bench:
    bench.world.behave(partner, settings)
    return bench


def answers(bench: Bench, kind: str, partner: str = "NORTHWIND") -> list[tuple[Interchange, list[Segment]]]:
    """Sets of a kind in the partner's inbox, with their interchange."""
    return [
        (interchange, each.segments)
        for _, data in bench.inbox(partner)
        for interchange in read(data)
        for group in interchange.groups
        for each in group.sets
        if each.kind == kind
    ]


def only(bench: Bench, kind: str, partner: str = "NORTHWIND") -> list[Segment]:
    found = answers(bench, kind, partner)
    assert len(found) == 1, [name for name, _ in bench.inbox(partner)]
    return found[0][1]


def named(segments: list[Segment], name: str) -> list[Segment]:
    return [segment for segment in segments if segment[0] == name]


def place(bench: Bench, number: str = "4711", partner: str = "NORTHWIND", **more: Any) -> None:
    bench.send(bench.order(number, partner, **more), partner, f"{number}.edi")
    bench.world.flush()
    assert bench.world.errors == []
