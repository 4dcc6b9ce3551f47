"""Two independent readings of X12 held against each other: the connector's reader over all that the partners write."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment
from ml_connector.documents.common import DateReference, ItemId, Party, Reference
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.orders import (
    OrderAcknowledgment,
    OrderChange,
    OrderChangeLine,
    OrderLine,
    PurchaseOrder,
)
from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.interchange import ReadOptions, read_interchanges
from ml_connector.edi.read_events import GroupEnd, Item, ReceivedSet
from ml_connector.edi.validation.findings import X12Finding
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.sandbox.partner.documents.behaviour import NAMED
from ml_connector_tests.sandbox.cleo_bench import Bench
from ml_connector_tests.support.examples import some

PARTNERS = ("NORTHWIND", "ACME", "BRIGHTLINE")
#: Behaviours whose files are wrong in themselves.
SPOILED = {"bad_syntax", "wrong_segment_count", "wrong_total", "rubbish"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def items(data: bytes) -> list[Item]:
    return list(read_interchanges(data, ReadOptions(mode="strict")))


def findings(read: list[Item]) -> Iterator[X12Finding]:
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
    told = {"freight": "15", "allowance": "1", "confirm": "change", "quantity_percent": "50"}
    bench.world.behave(partner, told)
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


@pytest.mark.parametrize("told", [{"total_off": "10"}, {"like": "wrong_total"}])
def test_a_total_that_does_not_add_up_is_found(bench: Bench, told: dict[str, str]) -> None:
    bench.world.behave("NORTHWIND", told)
    place(bench, "NORTHWIND", "1")
    data = next(data for name, data in bench.inbox() if name.startswith("810"))
    assert any(finding.kind == "control_total" for finding in findings(items(data)))


ENVELOPES = {
    "NORTHWIND": Envelope("ZZ", "VOLTWERK", "ZZ", "NORTHWIND"),
    "ACME": Envelope(
        "ZZ", "VOLTWERK", "01", "004321519", group_receiver="ACMEFAST", version="005010", component_separator=":"
    ),
    "BRIGHTLINE": Envelope(
        "ZZ", "VOLTWERK", "14", "0073268795005", group_receiver="BRIGHTLINE", suffix="\n", hash_totals=True
    ),
}
texts = st.text(alphabet="ABCabc 019/.-_&\u00e9", min_size=1, max_size=20).map(str.strip).filter(bool)
lines = st.lists(
    st.builds(
        lambda quantity, price, text, item: (Decimal(quantity) / 10, Decimal(price) / 100, text, item),
        st.integers(1, 99_999),
        st.integers(0, 9_999_999),
        texts,
        texts,
    ),
    min_size=1,
    max_size=8,
)


def order_line(number: int, quantity: Decimal, price: Decimal, text: str, item: str) -> dict[str, Any]:
    return {
        "number": str(number),
        "quantity": quantity,
        "unit": "EA",
        "price": price,
        "description": text,
        "items": (ItemId(qualifier="VP", value=item), ItemId(qualifier="BP", value=f"VW-{number}")),
        "references": (Reference(qualifier="11", value="4000"),),
        "dates": (DateReference(qualifier="002", day=date(2026, 12, 1)),),
    }


def purchase_order(rows: list[tuple[Decimal, Decimal, str, str]], number: str = "26000001") -> PurchaseOrder:
    return PurchaseOrder(
        number=number,
        order_date=date(2026, 11, 21),
        currency="EUR",
        parties=(
            Party(role="ST", name="Voltwerk", id_scheme="92", id="01", street=("Kade 1",), postal_code="2611 AA"),
        ),
        lines=tuple(OrderLine(**order_line(at, *row)) for at, row in enumerate(rows, start=1)),
    )


def send(bench: Bench, partner: str, document: Any, control: int) -> None:
    written = write_interchange(ENVELOPES[partner], ControlNumbers(control, control), [document], bench.clock.now())
    bench.send(written.data, partner, f"{control}.edi")


@pytest.mark.parametrize("partner", PARTNERS)
@given(rows=lines)
@settings(max_examples=some(25), deadline=None)
def test_orders_of_the_connector_are_accepted_and_understood(
    tmp_path_factory: pytest.TempPathFactory, partner: str, rows: list[tuple[Decimal, Decimal, str, str]]
) -> None:
    bench = Bench(tmp_path_factory.mktemp("order"))
    send(bench, partner, purchase_order(rows), 1)
    assert [(group.code, group.problems) for group in bench.world.read_groups] == [("A", ())]
    assert bench.world.errors == []
    taken = bench.world.partners[partner].books.orders["26000001"].order
    assert taken.currency == "EUR"
    understood = [(line.quantity, line.price, line.description, line.items["VP"]) for line in taken.lines]
    assert understood == rows


@pytest.mark.parametrize("partner", ["NORTHWIND", "ACME"])
def test_changes_of_the_connector_are_accepted_and_understood(bench: Bench, partner: str) -> None:
    rows = [(Decimal(10), Decimal("2.5"), "RELAY", "R1"), (Decimal(4), Decimal(9), "FUSE", "F1")]
    send(bench, partner, purchase_order(rows), 1)
    change = OrderChange(
        number="26000001",
        order_date=date(2026, 11, 21),
        sequence="1",
        change_date=date(2026, 11, 22),
        currency="EUR",
        lines=(
            OrderChangeLine(**order_line(1, Decimal(6), Decimal("2.75"), "RELAY", "R1"), change="CA"),
            OrderChangeLine(**order_line(2, Decimal(4), Decimal(9), "FUSE", "F1"), change="DI"),
            OrderChangeLine(**order_line(3, Decimal(1), Decimal(1), "LAMP", "L1"), change="AI"),
        ),
    )
    send(bench, partner, change, 2)
    assert [(group.code, group.problems) for group in bench.world.read_groups] == [("A", ())] * 2
    taken = bench.world.partners[partner].books.orders["26000001"].order
    assert [(line.number, line.quantity, line.price, line.unit) for line in taken.open_lines] == [
        ("1", Decimal(6), Decimal("2.75"), "EA"),
        ("3", Decimal(1), Decimal(1), "EA"),
    ]


@pytest.mark.parametrize("partner", PARTNERS)
def test_acknowledgments_of_the_connector_are_understood(bench: Bench, partner: str) -> None:
    """The 997 that the connector's reader makes for each group of a partner finds that group again."""
    place(bench, partner, "1")
    answers = [
        item.acknowledgment
        for _, data in bench.inbox(partner)
        for item in items(data)
        if isinstance(item, GroupEnd) and item.acknowledgment is not None
    ]
    assert len(answers) == 3
    for control, answer in enumerate(answers, start=1):
        send(bench, partner, answer, control)
    books = bench.world.partners[partner].books
    assert [group.answers for group in books.groups.values()] == [["A"]] * 3
    assert books.unknown_acknowledgments == []
    bench.world.flush()
    assert len([name for name, data in bench.inbox(partner) if b"ST*997" in data]) == 1
