"""Two independent readings of X12 held against each other: the connector's reader over all that the partners write."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.orders import OrderAcknowledgment
from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.findings import Finding
from ml_connector.edi.interchange import ReadOptions, read_interchanges
from ml_connector.edi.items import Item, ReceivedSet
from ml_connector.sandbox.partner.behaviour import NAMED
from ml_connector_tests.sandbox.cleo_bench import Bench

PARTNERS = ("NORTHWIND", "ACME", "BRIGHTLINE")
#: Behaviours whose files are wrong in themselves.
SPOILED = {"bad_syntax", "wrong_segment_count", "wrong_total", "rubbish"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def items(data: bytes) -> list[Item]:
    return list(read_interchanges(data, ReadOptions(mode="strict")))


def findings(read: list[Item]) -> Iterator[Finding]:
    for item in read:
        yield from getattr(item, "findings", ())


def documents(bench: Bench, partner: str) -> list[Any]:
    return [item.document for _, data in bench.inbox(partner) for item in items(data) if isinstance(item, ReceivedSet)]


def place(bench: Bench, partner: str, *numbers: str) -> None:
    for number in numbers:
        bench.send(bench.order(number, partner), partner, f"{number}.edi")
    bench.world.flush()
    assert bench.world.errors == []


@pytest.mark.parametrize("partner", PARTNERS)
@pytest.mark.parametrize("name", sorted(set(NAMED) - SPOILED))
def test_what_the_partners_write_is_right_in_the_strictest_reading(bench: Bench, partner: str, name: str) -> None:
    bench.world.behave(partner, {"like": name})
    place(bench, partner, "1", "2", "3")
    files = bench.inbox(partner)
    assert files
    for file_name, data in files:
        assert [(file_name, finding.place, finding.message) for finding in findings(items(data))] == []


@pytest.mark.parametrize("partner", PARTNERS)
def test_the_documents_say_what_the_partners_meant(bench: Bench, partner: str) -> None:
    settings = {"freight": "15", "allowance": "1", "confirm": "change", "quantity_percent": "50"}
    bench.world.behave(partner, settings)
    place(bench, partner, "4711")
    ack, confirmation, notice, invoice = documents(bench, partner)
    assert isinstance(ack, FunctionalAcknowledgment)
    assert (ack.functional_id, ack.code, ack.sets_accepted) == ("PO", "A", 1)
    assert isinstance(confirmation, OrderAcknowledgment)
    assert (confirmation.number, confirmation.type) == ("4711", "AC")
    assert [(a.status, a.quantity) for line in confirmation.lines for a in line.answers] == [
        ("IQ", Decimal(5)),
        ("IQ", Decimal(2)),
    ]
    assert isinstance(notice, ShipNotice)
    assert [(order.order_number, [i.quantity for i in order.items]) for order in notice.orders] == [
        ("4711", [Decimal(5), Decimal(2)])
    ]
    assert isinstance(invoice, Invoice)
    meant = bench.world.sent("810")[0].documents[0]
    assert (invoice.number, invoice.total, invoice.taxes[0].amount) == (meant.number, meant.total, meant.vat)
    assert invoice.taxes[0].percent == Decimal(21)
    assert [line.quantity for line in invoice.lines] == [Decimal(5), Decimal(2)]


@pytest.mark.parametrize(
    "kind",
    [
        "missing_mandatory",
        "segment_count",
        "set_control",
        "set_count",
        "group_control",
        "interchange_control",
        "group_count",
        "bad_date",
        "bad_amount",
        "unknown_segment",
    ],
)
def test_what_they_spoil_on_purpose_is_found(bench: Bench, kind: str) -> None:
    bench.world.behave("NORTHWIND", {"bad_syntax": kind, "ship": "never", "confirm": "never"})
    place(bench, "NORTHWIND", "1")
    data = next(data for name, data in bench.inbox() if name.startswith("810"))
    assert any(finding.is_error for finding in findings(items(data)))


@pytest.mark.parametrize("settings", [{"total_off": "10"}, {"like": "wrong_total"}])
def test_a_total_that_does_not_add_up_is_found(bench: Bench, settings: dict[str, str]) -> None:
    bench.world.behave("NORTHWIND", settings)
    place(bench, "NORTHWIND", "1")
    data = next(data for name, data in bench.inbox() if name.startswith("810"))
    assert any(finding.kind == "control_total" for finding in findings(items(data)))
