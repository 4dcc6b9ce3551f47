"""Matching finds the right order line, or says exactly what differs."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.config.partners import MatchTolerances, Tolerance
from ml_connector.documents.common import AllowanceCharge, AllowanceKind, ItemId, KeptSegment
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.invoices_in.matching import match_invoice
from ml_connector_tests.flows.builders import (
    VENDOR,
    D,
    book,
    invoice,
    invoice_line,
    order,
    order_line,
    rules,
    vat,
)


def reason_of(*args: object, **kwargs: object) -> Reason:
    with pytest.raises(NeedsCorrection) as held:
        match_invoice(*args, **kwargs)  # type: ignore[arg-type]
    assert held.value.remedy, "every reason says what mends it"
    return held.value.reason


def test_a_clean_invoice_is_linked_to_its_order_lines() -> None:
    matched = match_invoice(invoice(), VENDOR, book(), rules())
    assert matched.mode == "matched"
    assert [(line.order_line_id, line.quantity, line.amount) for line in matched.lines] == [
        ("line1", D(100), D("1250.00"))
    ]
    assert matched.lines[0].cost_center == "OPS"
    assert (matched.total, matched.vat_total) == (D("1512.50"), D("262.50"))


@pytest.mark.parametrize("code", ["TT", "5"])
def test_a_second_total_that_is_none_of_the_invoices_sums_is_a_question(code: str) -> None:
    """AMT: the total, the goods or the net amount, in whatever sign; another one contradicts TDS."""

    def of(amount: str, of_what: str = code) -> Any:
        return invoice(extras=(KeptSegment(segment_id="AMT", elements=(of_what, amount)),))

    assert reason_of(of("999.99"), VENDOR, book(), rules()) is Reason.TOTAL_DIFFERENCE
    for plain in (of("1512.5"), of("1250"), of("-1512.50"), of("999.99", "GV"), of("?")):
        assert match_invoice(plain, VENDOR, book(), rules()).total == D("1512.50")


def test_a_currency_in_lower_case_is_the_same() -> None:
    assert match_invoice(invoice(currency="eur"), VENDOR, book(), rules()).currency == "EUR"


@pytest.mark.parametrize("named", ["JPY", ""])
def test_yen_have_no_cents_whoever_says_that_it_is_yen(named: str) -> None:
    """Three at 33.4 yen are 100 yen; an invoice that names no currency is in that of its order."""
    yen = book(order(order_line(price=D("33.4")), currency="JPY"))
    told = invoice(invoice_line(quantity=D(3), price=D("33.4")), currency=named, taxes=(), total=D(100))
    matched = match_invoice(told, VENDOR, yen, rules())
    assert (matched.currency, matched.lines[0].amount, matched.total, matched.rounding) == ("JPY", D(100), D(100), 0)
    euros = invoice(invoice_line(quantity=D(3), price=D("33.4")), taxes=(), total=D(100))
    assert reason_of(euros, VENDOR, book(order(order_line(price=D("33.4")))), rules()) is Reason.TOTAL_DIFFERENCE


def test_a_line_number_that_contradicts_the_item_is_a_question_or_the_suppliers_own_by_setting() -> None:
    two = order(order_line(1), order_line(2))
    crossed = invoice(invoice_line(2, number="1"))
    assert reason_of(crossed, VENDOR, book(two), rules()) is Reason.ORDER_LINE_CONTRADICTED
    theirs = rules(numbers_are_ours=False)
    assert match_invoice(crossed, VENDOR, book(two), theirs).lines[0].order_line_id == "line2"


def test_a_line_number_says_nothing_of_an_item_that_is_not_on_the_order() -> None:
    """Suppliers number their own lines: only a line that names no item at all is known by its number."""
    other = invoice_line(7, number="1")
    assert reason_of(invoice(other), VENDOR, book(), rules()) is Reason.NO_SUCH_ORDER_LINE
    nameless = invoice_line(1, items=())
    assert match_invoice(invoice(nameless), VENDOR, book(), rules()).lines[0].order_line_id == "line1"


def test_a_price_per_hundred_tells_order_lines_of_one_item_apart() -> None:
    twice = order(order_line(1, price=D("13.00")), order_line(2, item_code="A-1", suppliers_item="NW-1"))
    line = invoice_line(1, number="", price=D(1250), price_basis="HP")
    assert match_invoice(invoice(line), VENDOR, book(twice), rules()).lines[0].order_line_id == "line2"


def test_items_match_without_line_numbers_and_in_any_case() -> None:
    line = invoice_line(1, number="", items=(ItemId(qualifier="VP", value="nw-1"),))
    assert match_invoice(invoice(line), VENDOR, book(), rules()).lines[0].order_line_id == "line1"


def test_one_item_on_two_order_lines_needs_a_line_number_or_a_telling_price() -> None:
    twice = order(order_line(1), order_line(2, item_code="A-1", suppliers_item="NW-1"))
    line = invoice_line(1, number="")
    assert reason_of(invoice(line), VENDOR, book(twice), rules()) is Reason.AMBIGUOUS_ORDER_LINE
    dearer = order(order_line(1), order_line(2, item_code="A-1", suppliers_item="NW-1", price=D("13.00")))
    assert match_invoice(invoice(line), VENDOR, book(dearer), rules()).lines[0].order_line_id == "line1"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"order_number": "999"}, Reason.NO_SUCH_ORDER),
        ({"currency": "USD"}, Reason.CURRENCY_MISMATCH),
        ({"total": D("1512.60")}, Reason.TOTAL_DIFFERENCE),
        ({"total": None}, Reason.BAD_VALUE),
    ],
)
def test_header_differences_have_their_own_reason(changes: dict[str, object], wanted: Reason) -> None:
    assert reason_of(invoice(**changes), VENDOR, book(), rules()) is wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (invoice_line(1, price=D("12.76")), Reason.PRICE_TOLERANCE),
        (invoice_line(1, quantity=D(101)), Reason.QUANTITY_TOLERANCE),
        (invoice_line(1, unit="CA"), Reason.UNIT_MISMATCH),
        (invoice_line(7), Reason.NO_SUCH_ORDER_LINE),
    ],
)
def test_line_differences_have_their_own_reason(line: object, wanted: Reason) -> None:
    assert reason_of(invoice(line), VENDOR, book(), rules()) is wanted  # type: ignore[arg-type]


@pytest.mark.parametrize("told", [{}, {"order_number": "", "number": "9"}, {"unit": "CA", "price": D("99")}])
def test_a_line_of_quantity_zero_bills_nothing(told: dict[str, Any]) -> None:
    """Items that come later are told so by many suppliers, with or without an order, price and line that fit."""
    later = invoice_line(2, quantity=D(0), **{"order_number": "", **told})
    matched = match_invoice(invoice(invoice_line(1), later, total=D("1512.50")), VENDOR, book(), rules())
    assert [(line.number, line.quantity) for line in matched.lines] == [(1, D(100))]
    assert (matched.mode, matched.total) == ("matched", D("1512.50"))


def test_an_order_of_another_supplier_or_cancelled_is_never_used() -> None:
    assert reason_of(invoice(), VENDOR, book(order(supplier_id="v2")), rules()) is Reason.ORDER_OF_OTHER_SUPPLIER
    assert reason_of(invoice(), VENDOR, book(order(cancelled=True)), rules()) is Reason.ORDER_CANCELLED


def test_three_way_waits_for_the_receipt_and_two_way_does_not() -> None:
    unreceived = order(order_line(received=D(0)))
    assert reason_of(invoice(), VENDOR, book(unreceived), rules()) is Reason.NOT_RECEIVED
    assert match_invoice(invoice(), VENDOR, book(unreceived), rules(three_way=False)).mode == "matched"


def test_the_same_quantity_is_not_invoiced_twice_within_a_batch() -> None:
    orders = book()
    orders.commit(match_invoice(invoice(), VENDOR, orders, rules()))
    assert reason_of(invoice(number="INV-2"), VENDOR, orders, rules()) is Reason.QUANTITY_TOLERANCE


def test_two_lines_of_one_invoice_count_together() -> None:
    half = invoice_line(1, quantity=D(60))
    both = invoice(half, half, total=D("1815.00"), taxes=(vat("315.00"),))
    assert reason_of(both, VENDOR, book(), rules()) is Reason.QUANTITY_TOLERANCE


def test_charges_and_allowances_come_to_the_total() -> None:
    freight = AllowanceCharge(kind=AllowanceKind.CHARGE, code="D240", amount=D("15.00"))
    discount = AllowanceCharge(kind=AllowanceKind.ALLOWANCE, code="C310", amount=D("10.00"))
    information = AllowanceCharge(kind=AllowanceKind.NEITHER, code="D240", amount=D("99.00"))
    tax = AllowanceCharge(kind=AllowanceKind.CHARGE, code="H850", amount=D("263.55"))
    whole = invoice(allowances=(freight, discount, information, tax), taxes=(), total=D("1518.55"))
    matched = match_invoice(whole, VENDOR, book(), rules())
    assert [(c.code, c.amount) for c in matched.charges] == [("D240", D("15.00")), ("C310", D("-10.00"))]
    assert matched.vat_total == D("263.55"), "a tax written as SAC is a tax, counted once"


def test_the_code_of_a_charge_in_small_letters_is_the_same_code() -> None:
    freight = AllowanceCharge(kind=AllowanceKind.CHARGE, code="d240", amount=D("15.00"))
    matched = match_invoice(invoice(allowances=(freight,), total=D("1527.50")), VENDOR, book(), rules())
    assert [(c.code, c.amount) for c in matched.charges] == [("D240", D("15.00"))]


def test_percent_allowances_without_an_amount_are_worked_out() -> None:
    two_percent = AllowanceCharge(kind=AllowanceKind.ALLOWANCE, code="C310", percent=D(2))
    cheaper = invoice(allowances=(two_percent,), total=D("1487.50"))
    assert match_invoice(cheaper, VENDOR, book(), rules()).charges[0].amount == D("-25.00")


@pytest.mark.parametrize("sign", [1, -1])
def test_a_credit_sent_positive_or_negative_means_the_same(sign: int) -> None:
    credit = invoice(
        invoice_line(1, quantity=D(10) * sign),
        type="CR",
        total=D("151.25") * sign,
        taxes=(vat(str(D("26.25") * sign)),),
    )
    invoiced = order(order_line(invoiced=D(100)))
    matched = match_invoice(credit, VENDOR, book(invoiced), rules())
    assert matched.credit
    assert (matched.total, matched.vat_total, matched.lines[0].amount) == (D("151.25"), D("26.25"), D("125.00"))


def test_auto_codes_what_has_no_order_and_matched_refuses_it() -> None:
    orderless = invoice(order_number="")
    assert match_invoice(orderless, VENDOR, book(), rules()).mode == "coded"
    assert reason_of(orderless, VENDOR, book(), rules(mode="matched")) is Reason.NO_SUCH_ORDER


prices = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999"), places=2)
quantities = st.integers(min_value=1, max_value=5000)


@given(price=prices, quantity=quantities, percent=st.integers(0, 20), over=st.integers(-30, 30))
def test_price_tolerance_is_exact_at_its_edge(price: Decimal, quantity: int, percent: int, over: int) -> None:
    """A price is accepted if and only if it is no further above the order's than the percentage allows."""
    invoiced = price * (100 + over) / 100
    line = invoice_line(1, quantity=D(quantity), price=invoiced)
    goods = (D(quantity) * invoiced).quantize(D("0.01"), "ROUND_HALF_UP")
    one = invoice(line, taxes=(), total=goods)
    ordered = order(order_line(quantity=D(quantity), received=D(quantity), price=price))
    tolerances = MatchTolerances(price=Tolerance(percent=D(percent)))
    if over <= percent:
        match_invoice(one, VENDOR, book(ordered), rules(tolerances=tolerances))
    else:
        assert reason_of(one, VENDOR, book(ordered), rules(tolerances=tolerances)) is Reason.PRICE_TOLERANCE


@given(st.permutations(range(1, 7)))
def test_the_order_of_invoice_lines_does_not_matter(positions: list[int]) -> None:
    lines = [order_line(n, price=D(n)) for n in range(1, 7)]
    invoiced = [invoice_line(n, price=D(n), number="") for n in positions]
    one = invoice(*invoiced, taxes=(), total=D(2100))
    matched = match_invoice(one, VENDOR, book(order(*lines)), rules())
    assert [line.order_line_id for line in matched.lines] == [f"line{n}" for n in positions]
