"""Nothing that matters is lost in silence: what a layout has no place for is refused, or told."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import (
    AllowanceCharge,
    AllowanceKind,
    DateReference,
    ItemId,
    Party,
    Purpose,
    Reference,
)
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.json import kind_of
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.errors import NeedsCorrection, Reason, WeAreWrong
from ml_connector.layouts import WriteContext, left_out, load_layout, read_documents, write_documents
from ml_connector_tests.layouts.files import changed


def order(line: dict[str, Any] | None = None, **values: Any) -> PurchaseOrder:
    made = OrderLine(
        **{"number": "1", "quantity": Decimal(2), "unit": "EA", "price": Decimal("1.25"), "price_basis": "PE"}
        | (line or {})
    )
    return PurchaseOrder(
        **{"number": "4711", "order_date": date(2026, 11, 20), "currency": "EUR", "lines": (made,)} | values
    )


CSV = load_layout("truecommerce_850_csv")


def test_what_has_no_place_is_told() -> None:
    told = left_out(order(dates=(DateReference(qualifier="063", day=date(2026, 12, 1)),), release="7"), CSV)
    assert told == ("dates[063]", "release", "lines[0].price_basis")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"references": (Reference(qualifier="CT", value="C-7"),)}, 'references[CT] "C-7"'),
        ({"line": {"references": (Reference(qualifier="12", value="4000"),)}}, 'lines[0].references[12] "4000"'),
        ({"line": {"price_basis": "HP"}}, 'lines[0].price_basis "HP"'),
        (
            {"allowances": (AllowanceCharge(kind=AllowanceKind.CHARGE, code="D240", amount=Decimal(5)),)},
            'allowances[C:D240].amount "5"',
        ),
    ],
)
def test_what_matters_is_never_lost(values: dict[str, Any], said: str) -> None:
    with pytest.raises(NeedsCorrection) as caught:
        write_documents([order(**values)], CSV)
    assert said in caught.value.message
    assert "leaves_out" in caught.value.remedy


def test_a_cancellation_never_leaves_as_an_order() -> None:
    layout = changed("truecommerce_850_csv", {"document": {"fields": {"Purpose": None}}})
    with pytest.raises(NeedsCorrection, match='purpose "01"'):
        write_documents([order(purpose=Purpose.CANCEL)], layout)
    assert write_documents([order()], layout)


def test_what_a_layout_names_under_leaves_out_may_be_lost() -> None:
    sent = order(line={"references": (Reference(qualifier="12", value="4000"),)})
    assert b"4000" not in write_documents([sent], changed("truecommerce_850_csv", {"leaves_out": ["references"]}))


def test_a_destination_is_never_lost() -> None:
    sent = order(parties=(Party(role="ST", id="0012", id_scheme="92"),))
    layout = changed("truecommerce_850_csv", {"document": {"fields": {"ShipToCode": None}}})
    with pytest.raises(NeedsCorrection, match=r'parties\[ST\]\.id "0012"'):
        write_documents([sent], layout)


def test_every_value_that_cannot_be_written_is_named_with_its_line() -> None:
    layout = changed(
        "truecommerce_850_csv", {"values": {"number": {"decimals": 2}}, "document": {"fields": {"Terms": None}}}
    )
    with pytest.raises(NeedsCorrection) as caught:
        write_documents([order(line={"price": Decimal("1.255"), "unit": ""}, order_date=None)], layout)
    assert "PODate is empty" in caught.value.message
    assert "lines[1].UOM is empty" in caught.value.message
    assert 'lines[1].UnitPrice: "1.255" is not at most 2 decimals' in caught.value.message


def test_fixed_positions_never_cut_a_value_unless_they_may() -> None:
    sent = order(line={"description": "x" * 100, "items": (ItemId(qualifier="VP", value="A" * 50),)})
    with pytest.raises(NeedsCorrection, match=r"lines\[1\]: VendorItem: .* is longer than its 48 positions"):
        write_documents([sent], load_layout("truecommerce_850_fixed"))
    layout = changed(
        "truecommerce_850_fixed",
        {
            "document": {
                "repeats": {"lines": {"fields": {"Description": {"too_long": "cut"}, "VendorItem": {"length": 60}}}}
            }
        },
    )
    [one] = read_documents(write_documents([sent], layout), layout)
    assert isinstance(one.document, PurchaseOrder)
    assert one.document.lines[0].description == "x" * 80


def test_lines_that_would_become_one_are_refused() -> None:
    """Rows are grouped by key: two shipments of one number would be read as one."""
    layout = load_layout("truecommerce_850_csv")
    with pytest.raises(NeedsCorrection, match="2 documents were written and 1 are read"):
        write_documents([order(), order()], layout)


def test_another_currency_than_the_layouts_is_refused() -> None:
    layout = changed(
        "truecommerce_850_csv",
        {"currency": {"constant": "USD", "from": None}, "document": {"fields": {"Currency": None}}},
    )
    with pytest.raises(NeedsCorrection) as caught:
        write_documents([order()], layout)
    assert caught.value.reason is Reason.CURRENCY_MISMATCH


def test_a_file_of_one_document_holds_one() -> None:
    layout = load_layout("truecommerce_eu_order_xml")
    assert not layout.holds_several
    with pytest.raises(NeedsCorrection, match="holds one"):
        write_documents([order(), order(number="4712")], layout, WriteContext(currency="EUR"))


def test_the_european_order_says_when_it_was_written_and_what_it_adds_up_to() -> None:
    context = WriteContext(currency="EUR", at=datetime(2026, 11, 21, 8, 30, 5, tzinfo=UTC))
    text = write_documents([order()], load_layout("truecommerce_eu_order_xml"), context).decode()
    assert 'xmlns="http://www.truecommerce.com/docs/order"' in text
    assert "<MsgType>ORDER</MsgType>" in text
    assert "<Date>2026-11-21</Date>" in text
    assert "<Time>08:30:05</Time>" in text
    assert "<TotalOrderVal>2.5</TotalOrderVal>" in text
    assert text.index("<MsgHeader>") < text.index("<Document>")


def test_computed_amounts_are_exact_and_rounded_half_up() -> None:
    lines = (InvoiceLine(number="1", quantity=Decimal("3"), price=Decimal("0.115"), price_basis=""),)
    sent = Invoice(number="I1", invoice_date=date(2026, 1, 1), currency="EUR", total=Decimal("0.35"), lines=lines)
    text = write_documents([sent], load_layout("truecommerce_810_csv")).decode()
    assert text.rstrip().endswith(",0.115,0.35")


def test_a_document_of_another_kind_is_a_defect_of_ours() -> None:
    with pytest.raises(WeAreWrong, match=r"is not what layout .* writes: invoice"):
        write_documents([order()], load_layout("truecommerce_810_csv"))


def test_answers_to_changes_are_told_from_answers_to_orders() -> None:
    layout = changed("truecommerce_855_csv", {"kind": "change_acknowledgment"})
    text = "TradingPartner,PONumber,AckNumber,AckDate,AckType,LineNumber,VendorItem,UnitPrice,LineStatus,"
    text += "QuantityAcknowledged,UOM,ScheduledShipDate\nA,4711,S1,2026-11-21,AC,1,A-1,10,IA,3,EA,\n"
    [one] = read_documents(text.encode(), layout)
    assert one.document is not None
    assert kind_of(one.document) is one.kind
    assert write_documents([one.document], layout, WriteContext(partner="A")).decode().split() == text.split()
