"""Invoices of every kind leave as an 810 that other people's validators accept, and that says what the ERP says."""

import logging
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Channels, InvoicesToPartner, Partner, X12Identity
from ml_connector.documents.common import changed
from ml_connector.documents.invoice_amounts import add_up, kind_of
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.sales.invoices import (
    Address,
    SalesCharge,
    SalesDiscount,
    SalesInvoice,
    SalesInvoiceLine,
    SalesInvoiceType,
    SalesTax,
    SalesTerms,
)
from ml_connector.documents.values.currencies import rounded
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.sales_invoices_out.invoice_content import resolve_invoice
from ml_connector.flows.sales_invoices_out.settings import SalesInvoicesOut
from ml_connector_tests.edi.judging import trading_partner
from ml_connector_tests.flows.selling import SETTINGS, invoices_in
from ml_connector_tests.support.examples import some

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
ZERO = Decimal(0)
#: mock-edi's lists are shorter than the standard's: no notes (NTE), lots (LT), GTIN-14 (UK), orders of lines (PO),
#: original invoices (REF OI); x12-procurement 4 and 8 have them.
NARROWER = re.compile(
    r"NTE@\d+: NTE is not a segment|IT1@\d+: (LT|UK|PO) is not a code IT1|REF@\d+: OI is not a code"
    r"|one or more segments in error"
)
#: mock-edi knows the taxes CT, LS, ST, TX and VA alone.
TAXES = {"NYSTATE": {"kind": "ST", "jurisdiction": "NY"}, "NYCITY": {"kind": "CT", "jurisdiction": "NYC"}}
RULES = SalesInvoicesOut.model_validate({**SETTINGS, "taxes": TAXES})
OURS = IntegrationSettings.model_validate(
    {
        "erp": "e",
        "network": "n",
        "environment": "test",
        "identity": {"qualifier": "ZZ", "id": "VOLTWERK"},
        "company_name": "Voltwerk",
        "partners": "p",
    }
)

TEXTS = st.text("ABCDEFGHIJ abcxyz0123456789-./", min_size=1, max_size=70).map(str.strip).filter(lambda t: len(t) > 1)
CODES = st.text("ABCDEFGHIJ0123456789-", min_size=2, max_size=20)
MONEY = st.decimals(Decimal("0.01"), Decimal("9999.99"), places=2)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    return Address(
        code=draw(CODES),
        customers_code=draw(st.just("") | CODES),
        gln=draw(st.sampled_from(["", "0614141000012"])),
        name=draw(TEXTS),
        attention=draw(st.just("") | TEXTS),
        phone=draw(st.sampled_from(["", "555-0100"])),
        street=tuple(draw(st.lists(TEXTS, max_size=3))),
        city=draw(st.sampled_from(["Albany", "Troy"])),
        region=draw(st.sampled_from(["NY", "", "Nova Scotia"])),
        postal_code=draw(st.sampled_from(["12201", "B3H 1A1"])),
        country=draw(st.sampled_from(["US", "CA", ""])),
    )


@st.composite
def lines(draw: st.DrawFn, number: int) -> SalesInvoiceLine:
    quantity = draw(st.decimals(Decimal("0.001"), Decimal(9999), places=3)) * draw(st.sampled_from([1, 1, 1, -1]))
    price = draw(st.decimals(ZERO, Decimal("999.9999"), places=draw(st.sampled_from([2, 4]))))
    gross = rounded(quantity * price, "USD")
    off = draw(st.lists(MONEY, max_size=2)) if gross > 0 else []
    discounts = tuple(
        SalesDiscount(description=draw(TEXTS), amount=one, percent=draw(st.none() | st.just(Decimal("2.5"))))
        for one in off
    )
    orders, shipments = st.sampled_from(["", "SO1", "SO2"]), st.sampled_from(["", "SH1", "SH2"])
    return SalesInvoiceLine(
        id=f"l{number}",
        number=number,
        item_code=draw(CODES),
        customers_item=draw(st.just("") | CODES),
        gtin=draw(st.sampled_from(["", "012345678905", "00012345678905", "123"])),
        description=draw(TEXTS),
        quantity=quantity,
        unit=draw(st.sampled_from(["CASE", "EACH", "kg"])),
        price=price,
        discounts=discounts,
        amount=gross - sum(off, ZERO),
        order_number=draw(orders),
        shipment_number=draw(shipments),
        customer_order=draw(st.sampled_from(["", "PO-1", "PO-2"])),
        customer_line=draw(st.sampled_from(["", "10"])),
        lot=draw(st.sampled_from(["", "LOT7"])),
    )


@st.composite
def invoices(draw: st.DrawFn) -> SalesInvoice:
    body = tuple(draw(lines(at)) for at in range(1, draw(st.integers(1, 5)) + 1))
    discounts = tuple(SalesDiscount(description=draw(TEXTS), amount=one) for one in draw(st.lists(MONEY, max_size=2)))
    charges = tuple(
        SalesCharge(code=draw(st.sampled_from(["freight", "handling"])), description=draw(TEXTS), amount=one)
        for one in draw(st.lists(MONEY, max_size=3))
    )
    taxes = tuple(
        SalesTax(
            code=draw(st.sampled_from(["NYSTATE", "NYCITY"])),
            percent=draw(st.none() | st.sampled_from([Decimal(4), Decimal("4.875")])),
            basis=draw(st.none() | MONEY),
            amount=one,
        )
        for one in draw(st.lists(MONEY, max_size=3))
    )
    total = sum((one.amount for one in (*body, *charges, *taxes)), ZERO) - sum((one.amount for one in discounts), ZERO)
    if total < 0:
        # the ERP has no invoice below zero: more freight makes it one
        charges = (*charges, SalesCharge(code="freight", amount=-total))
        total = ZERO
    day = draw(DAYS)
    kind = draw(st.sampled_from(list(SalesInvoiceType)))
    return SalesInvoice(
        id="1",
        number=draw(CODES),
        type=kind,
        invoice_date=day,
        due_date=draw(st.none() | st.just(day + timedelta(days=30))),
        currency=draw(st.sampled_from(["USD", "CAD"])),
        customer_code="C100",
        customer_name=draw(TEXTS),
        customer_order=draw(st.sampled_from(["", "PO-1"])),
        customer_order_date=draw(st.none() | DAYS),
        order_numbers=tuple(draw(st.lists(st.sampled_from(["SO1", "SO2"]), max_size=2, unique=True))),
        shipment_numbers=tuple(draw(st.lists(st.sampled_from(["SH1", "SH2"]), max_size=2, unique=True))),
        original_invoice=draw(CODES) if kind is SalesInvoiceType.CREDIT else "",
        terms=draw(
            st.just(SalesTerms())
            | st.just(
                SalesTerms(description="2% 10 net 30", discount_percent=Decimal(2), discount_days=10, net_days=30)
            )
        ),
        bill_to=draw(st.none() | addresses()),
        ship_to=draw(st.none() | addresses()),
        remit_to=draw(st.none() | addresses()),
        description=draw(st.just("") | TEXTS),
        notes=draw(st.just("") | TEXTS),
        lines=body,
        discounts=discounts,
        charges=charges,
        taxes=taxes,
        total=total,
    )


def partner(**own: Any) -> Partner:
    return Partner(
        name="big_retail",
        title="Big Retail",
        role="customer",
        customer="C100",
        identity=X12Identity(qualifier="ZZ", id="MOCKEDI"),
        channels=Channels(send="/out"),
        sales_invoices=InvoicesToPartner(**own),
    )


def written(sent: Invoice, version: str) -> bytes:
    envelope = Envelope("ZZ", "ACME", "ZZ", "MOCKEDI", usage="T", version=version)
    return write_interchange(envelope, ControlNumbers(7, 7), [sent], AT).data


@pytest.fixture(scope="module")
def mock() -> Iterator[Any]:
    """Another seller's system, that validates what it is shown."""
    with trading_partner() as made:
        yield made


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


@settings(max_examples=some(40), deadline=None, suppress_health_check=CHECKS)
@given(
    invoices(),
    st.sampled_from(["004010", "005010"]),
    st.sampled_from(["positive", "negative"]),
    st.sampled_from(["ours", "order"]),
)
def test_what_leaves_is_accepted_and_says_what_the_erp_says(
    mock: Any, invoice: SalesInvoice, version: str, signs: str, numbers: str
) -> None:
    from edi_parser.api import validate_edi  # type: ignore[import-untyped]

    logging.getLogger("edi_parser").setLevel(logging.CRITICAL)
    customer = partner(credit_signs=signs, line_numbers=numbers, supplier_number="V-7")
    sent = resolve_invoice(invoice, customer, OURS, RULES)
    data = written(sent, version)
    told = validate_edi(data, "x12", "x12")
    assert told["valid"], told["errors"]
    answer = mock.post("/_mock/validate", data.decode())
    assert [one for found in answer.body["messages"] for one in found["findings"] if not NARROWER.match(one)] == []
    (read,) = invoices_in(data)
    assert read == sent, "it comes back the same"
    sign = -1 if invoice.is_credit and signs == "negative" else 1
    assert (read.number, read.total, read.currency) == (invoice.number, sign * invoice.total, invoice.currency)
    assert (read.type in {"CR"}) is invoice.is_credit
    assert read.reference("OI") == invoice.original_invoice
    added = add_up(read)
    assert not added.difference
    said = [(line.quantity, line.price, line.amount.quantize(Decimal("0.01"), "ROUND_HALF_UP")) for line in read.lines]
    assert said == [
        (sign * one.quantity, one.price, sign * (one.amount + sum((d.amount for d in one.discounts), ZERO)))
        for one in invoice.lines
    ]
    assert [a.amount for line in read.lines for a in line.allowances] == [
        sign * d.amount for line in invoice.lines for d in line.discounts
    ]
    charges = [one.amount for one in read.allowances if kind_of(one) == "C"]
    assert charges == [sign * one.amount for one in invoice.charges if one.amount]
    assert [one.amount for one in read.allowances if kind_of(one) == "A"] == [
        sign * d.amount for d in invoice.discounts
    ]
    assert [(one.kind, one.amount) for one in read.taxes] == [
        (RULES.taxes[one.code].kind, sign * one.amount) for one in invoice.taxes
    ]


@settings(max_examples=some(40), deadline=None, suppress_health_check=CHECKS)
@given(invoices(), st.decimals(Decimal("-5"), Decimal("5"), places=2).filter(bool), st.data())
def test_a_cent_more_or_less_anywhere_is_held(invoice: SalesInvoice, by: Decimal, data: st.DataObject) -> None:
    """In the total, a line, a discount, a charge or a tax: never sent, and never put right here."""
    fields = [name for name in ("lines", "discounts", "charges", "taxes") if getattr(invoice, name)]
    which = data.draw(st.sampled_from(["total", *fields]))
    if which == "total":
        wrong = changed(invoice, total=invoice.total + by)
    else:
        first, *rest = getattr(invoice, which)
        wrong = changed(invoice, **{which: (changed(first, amount=first.amount + by), *rest)})
    with pytest.raises(NeedsCorrection) as held:
        resolve_invoice(wrong, partner(), OURS, RULES)
    assert held.value.reason in {Reason.TOTAL_DIFFERENCE, Reason.SIGN_CONTRADICTION, Reason.BAD_VALUE}
