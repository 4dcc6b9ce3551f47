"""Sets become documents in business terms, by qualifier and not by position, and nothing of them is dropped."""

from datetime import date
from decimal import Decimal

import pytest

from ml_connector.documents.common import AllowanceKind, KeptElement, KeptSegment
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.orders import OrderAcknowledgment, OrderChange, PurchaseOrder
from ml_connector.edi.tools.summary import summary
from ml_connector_tests.edi.building import INVOICE, ORDER, codes, group, interchange, invoice, one, order, transaction


def read_order(body: str) -> PurchaseOrder:
    document = one(order(body)).document
    assert isinstance(document, PurchaseOrder)
    return document


def read_invoice(body: str) -> Invoice:
    document = one(invoice(body)).document
    assert isinstance(document, Invoice)
    return document


def test_an_order() -> None:
    document = read_order(ORDER)
    assert (document.number, document.order_date, document.currency) == ("4500000042", date(2026, 11, 21), "USD")
    ship_to = document.party("ST")
    assert ship_to is not None
    assert (ship_to.name, ship_to.id_scheme, ship_to.id, ship_to.city) == ("ACME PLANT", "92", "0099", "COLUMBUS")
    first, second = document.lines
    assert (first.quantity, first.unit, first.price, first.price_basis) == (Decimal(100), "EA", Decimal("12.5"), "PE")
    assert (first.vendors_item, first.buyers_item, first.description) == ("WIDGET-001", "A-100", "WIDGET")
    assert (second.price, second.vendors_item, second.description) == (Decimal(".33"), "BRKT-050", "")


def test_item_ids_are_read_by_qualifier_wherever_they_stand() -> None:
    document = read_order(ORDER.replace("VP*WIDGET-001*BP*A-100", "UP*012345678905*EC*7*BP*A-100*VP*WIDGET-001"))
    line = document.lines[0]
    assert (line.vendors_item, line.buyers_item, line.gtin) == ("WIDGET-001", "A-100", "012345678905")


def test_a_missing_price_is_no_zero() -> None:
    assert read_order(ORDER.replace("*12.5*PE", "**PE")).lines[0].price is None
    assert read_order(ORDER.replace("*12.5*PE", "*0*PE")).lines[0].price == 0


def test_what_has_no_field_is_kept_at_its_level() -> None:
    body = ORDER.replace("CUR*BY*USD~", "CUR*BY*USD~FOB*PP*OR*PORT~").replace(
        "PID*F****WIDGET~", "PID*F****WIDGET~PO4*6*1*EA~"
    )
    document = read_order(body)
    assert document.extras == (KeptSegment(segment_id="FOB", elements=("PP", "OR", "PORT")),)
    assert document.lines[0].extras == (KeptSegment(segment_id="PO4", elements=("6", "1", "EA")),)


def test_elements_without_a_field_and_values_that_do_not_fit_are_kept() -> None:
    document = read_order(ORDER.replace("**20261121~", "**20261321**AC*IBM~"))
    assert document.order_date is None
    assert document.acknowledgment_wanted == "AC"
    assert document.kept == (
        KeptElement(segment_id="BEG", position=5, value="20261321"),
        KeptElement(segment_id="BEG", position=8, value="IBM"),
    )


def test_unknown_segments_are_kept_and_reported() -> None:
    received = one(order(ORDER.replace("PID*F****WIDGET~", "PID*F****WIDGET~ZQ*1*A>B~")))
    assert ("segment", "1", "ZQ") in codes(received)
    assert received.accepted
    assert isinstance(received.document, PurchaseOrder)
    assert received.document.lines[0].extras == (KeptSegment(segment_id="ZQ", elements=("1", "A\x1fB")),)


def test_currency_of_the_lines_where_the_header_has_none() -> None:
    body = ORDER.replace("CUR*BY*USD~", "").replace("PID*F****WIDGET~", "CUR*BY*EUR~PID*F****WIDGET~")
    assert read_order(body).currency == "EUR"


def test_a_total_behind_ctt() -> None:
    assert read_order(ORDER + "AMT*TT*1269.8~").total == Decimal("1269.8")


def test_a_purpose_without_a_name_stays_itself() -> None:
    document = read_order(ORDER.replace("BEG*00", "BEG*18"))
    assert document.purpose.value == "18"


def test_line_schedules_and_ship_to() -> None:
    body = ORDER.replace(
        "PID*F****WIDGET~", "PID*F****WIDGET~SCH*60*EA***002*20261201~SCH*40*EA***002*20270110~N1*ST*DOCK 4~"
    )
    line = read_order(body).lines[0]
    assert [(s.quantity, s.day) for s in line.schedules] == [
        (Decimal(60), date(2026, 12, 1)),
        (Decimal(40), date(2027, 1, 10)),
    ]
    assert [p.name for p in line.parties] == ["DOCK 4"]


def test_a_change_with_its_composite_unit() -> None:
    body = "BCH*04*SA*PO-1***20261101~POC*1*QD*80*80*EA>2*12.5**VP*X~POC*2*DI***EA~CTT*2~"
    document = one(interchange(group("PC", transaction("860", body)))).document
    assert isinstance(document, OrderChange)
    assert [(line.change, line.quantity, line.unit) for line in document.lines] == [
        ("QD", Decimal(80), "EA"),
        ("DI", None, "EA"),
    ]
    assert document.lines[0].kept == (KeptElement(segment_id="POC", position=5, value="EA\x1f2"),)


def test_an_acknowledgment_in_two_parts() -> None:
    """The example of x12-procurement 14."""
    body = (
        "BAK*00*AC*4500000042*20261121****S-991*20261121~PO1*1*100*EA*12.5*PE*VP*WIDGET-001~"
        "ACK*IA*60*EA*067*20261215~ACK*IB*40*EA*067*20270110~PO1*2*60*EA*.35**VP*BRKT-050~ACK*IP*60*EA~CTT*2~"
    )
    received = one(interchange(group("PR", transaction("855", body))), "strict")
    assert received.accepted
    document = received.document
    assert isinstance(document, OrderAcknowledgment)
    assert (document.type, document.sellers_order) == ("AC", "S-991")
    assert [(a.status, a.quantity, a.day) for a in document.lines[0].answers] == [
        ("IA", Decimal(60), date(2026, 12, 15)),
        ("IB", Decimal(40), date(2027, 1, 10)),
    ]
    assert [a.status for a in document.lines[1].answers] == ["IP"]


def test_an_acknowledgment_of_a_change() -> None:
    body = "BCA*04*AC*PO-1**2*20261101~POC*1*QD*80**EA*12.5~ACK*IA*80*EA~CTT*1~"
    document = one(interchange(group("CA", transaction("865", body)))).document
    assert isinstance(document, OrderAcknowledgment)
    assert (document.answers_change, document.sequence) == (True, "2")
    assert [(line.change, line.answers[0].status) for line in document.lines] == [("QD", "IA")]


def test_an_invoice() -> None:
    document = read_invoice(INVOICE)
    assert (document.number, document.order_number, document.total) == ("INV-1", "PO-1", Decimal("1276.00"))
    assert [(c.kind, c.code, c.amount) for c in document.allowances] == [
        (AllowanceKind.CHARGE, "D240", Decimal(15)),
        (AllowanceKind.ALLOWANCE, "C310", Decimal(10)),
    ]
    assert not document.is_credit


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*PO-1~CUR*SE*USD~", "~CUR*SE*USD~REF*PO*PO-1~"),
        ("VP*WIDGET-001~", "VP*WIDGET-001*PO*PO-1~"),
        ("VP*WIDGET-001~", "VP*WIDGET-001~REF*PO*PO-1~"),
    ],
)
def test_the_order_number_of_an_invoice_wherever_it_stands(before: str, after: str) -> None:
    assert before in INVOICE
    document = read_invoice(INVOICE.replace(before, after).replace("*PO-1~CUR", "~CUR"))
    assert document.order_numbers == ("PO-1",)


def test_orders_of_a_consolidated_invoice() -> None:
    body = INVOICE.replace("*PO-1~CUR", "~CUR").replace("VP*WIDGET-001~", "PO*PO-7*VP*WIDGET-001~")
    document = read_invoice(body.replace("VP*BRKT-050~", "VP*BRKT-050~REF*PO*PO-8~"))
    assert document.order_numbers == ("PO-7", "PO-8")
    assert [i.qualifier for i in document.lines[0].items] == ["VP"]


@pytest.mark.parametrize(
    ("before", "after"),
    [("*PO-1~CUR", "*PO-1***CR~CUR"), ("TDS*127600", "TDS*-127600"), ("*PO-1~CUR", "*PO-1***CN~CUR")],
)
def test_credits_and_their_signs(before: str, after: str) -> None:
    document = read_invoice(INVOICE.replace(before, after))
    assert document.is_credit
    assert abs(document.total or 0) == Decimal(1276)


def test_charges_and_taxes_of_a_line() -> None:
    body = INVOICE.replace("VP*WIDGET-001~", "VP*WIDGET-001~TXI*VA*21*.21~SAC*C*D240***500~TXI*VA*1.05*21~")
    line = read_invoice(body).lines[0]
    assert [(t.amount, t.percent) for t in line.taxes] == [(Decimal(21), Decimal(21))]
    assert [(c.amount, c.taxes[0].percent) for c in line.allowances] == [(Decimal(5), Decimal(21))]


@pytest.mark.parametrize(("wire", "percent"), [(".07", "7"), ("7", "7"), ("0.21", "21"), ("21", "21"), ("1", "1")])
def test_tax_percentages_as_fraction_or_as_percent(wire: str, percent: str) -> None:
    document = read_invoice(INVOICE.replace("SAC*C*D240***1500~", f"TXI*VA*10*{wire}~SAC*C*D240***1500~"))
    assert document.taxes[0].percent == Decimal(percent)


@pytest.mark.parametrize(("wire", "total"), [("12345", "123.45"), ("5", "0.05"), ("-12345", "-123.45"), ("0", "0")])
def test_implied_decimals(wire: str, total: str) -> None:
    assert read_invoice(INVOICE.replace("TDS*127600", f"TDS*{wire}")).total == Decimal(total)


def test_a_point_in_an_amount_with_implied_decimals_is_an_error_and_taken_at_its_word() -> None:
    received = one(invoice(INVOICE.replace("TDS*127600", "TDS*1276.00")))
    assert ("element", "6", "TDS01") in codes(received)
    assert not received.accepted
    assert isinstance(received.document, Invoice)
    assert received.document.total == Decimal(1276)


def test_an_invoice_without_total_has_none_and_is_refused() -> None:
    received = one(invoice(INVOICE.replace("TDS*127600~", "TDS~")))
    assert isinstance(received.document, Invoice)
    assert received.document.total is None
    assert not received.accepted


def test_a_set_without_a_number_is_nobodys_in_every_mode() -> None:
    for mode in ("strict", "standard", "lenient"):
        assert not one(invoice(INVOICE.replace("*INV-1*", "**")), mode).accepted


LINES = "100*EA*12.5**VP*WIDGET-001~IT1*2*60*EA*.35**VP*BRKT-050~TDS*"

TOTALS = [
    ("", "", []),
    ("TDS*127600", "TDS*127700", ["invoice_total"]),
    # lines and total contradict each other: posting holds it too
    ("TDS*127600", "TDS*-127600", ["invoice_total"]),
    ("SAC*A*C310***1000~", "SAC*A*C310***1000~SAC*N*B840***99999~", []),
    ("TDS*127600~", "TDS*137600~TXI*VA*100*.08~", []),
    ("TDS*127600~SAC", "TDS*137600~TXI*VA*100*.08~SAC*C*H850***10000~SAC", []),
    ("TDS*127600~SAC", "TDS*137600~SAC*C*H850***10000~SAC", []),
    ("*12.5**VP", "*1250*HP*VP", []),
    ("VP*WIDGET-001~", "VP*WIDGET-001~SAC*C*G821***500~", ["invoice_total"]),
    # the summary names what the lines charge: its amount counts
    ("VP*WIDGET-001~", "VP*WIDGET-001~SAC*C*D240***1500~", []),
    ("VP*WIDGET-001~", "VP*WIDGET-001~SAC*C*D240***700~", []),
    # a tax on a line that the summary does not repeat
    (
        "VP*WIDGET-001~IT1*2*60*EA*.35**VP*BRKT-050~TDS*127600",
        "VP*WIDGET-001~SAC*C*H850***400~IT1*2*60*EA*.35**VP*BRKT-050~TDS*128000",
        [],
    ),
    # lines rounded together, not each: 3 x 33.335 + 3 x 33.335 = 200.01
    (
        "100*EA*12.5**VP*WIDGET-001~IT1*2*60*EA*.35**VP*BRKT-050~TDS*127600",
        "3*EA*33.335**VP*A~IT1*2*3*EA*33.335**VP*B~TDS*20501",
        [],
    ),
    (
        "100*EA*12.5**VP*WIDGET-001~IT1*2*60*EA*.35**VP*BRKT-050~TDS*127600",
        "3*EA*33.335**VP*A~IT1*2*3*EA*33.335**VP*B~TDS*20502",
        [],
    ),
    (
        "100*EA*12.5**VP*WIDGET-001~IT1*2*60*EA*.35**VP*BRKT-050~TDS*127600",
        "3*EA*33.335**VP*A~IT1*2*3*EA*33.335**VP*B~TDS*20503",
        ["invoice_total"],
    ),
    ("CTT*2~", "CTT*3~", ["line_count"]),
    ("CTT*2~", "CTT*2*160~", []),
    ("CTT*2~", "CTT*2*161~", ["hash_total"]),
]


@pytest.mark.parametrize(("before", "after", "expected"), TOTALS)
def test_control_totals_are_findings_of_their_own_kind(before: str, after: str, expected: list[str]) -> None:
    assert before in INVOICE
    received = one(invoice(INVOICE.replace(before, after, 1)), "strict")
    assert [f.code for f in received.findings if f.kind == "control_total"] == expected
    assert received.accepted


def test_the_order_of_an_invoice_that_only_its_lines_name() -> None:
    body = "BIG*20261121*INV-1~IT1*1*2*EA*5**VP*A*PO*P-1~IT1*2*1*EA*5**VP*B*PO*{}~TDS*1500~CTT*2~"
    same = summary(one(invoice(body.format("P-1"))).document)  # type: ignore[arg-type]
    assert (same["po_number"], same["po_numbers"]) == ("P-1", ["P-1"])
    several = summary(one(invoice(body.format("P-2"))).document)  # type: ignore[arg-type]
    assert (several["po_number"], several["po_numbers"]) == (None, ["P-1", "P-2"])
