"""What UBL and cXML say: types and purposes by lists, charges, taxes, currencies and the basis of a price."""

import pytest

from ml_connector_tests.layouts.files import changed
from ml_connector_tests.layouts.made_xml import charge, cxml, one, refused, tax, ubl

# ---------------------------------------------------------------------- what codes mean


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (ubl(), "DI"),
        (ubl(""), "DI"),
        (ubl("<b:InvoiceTypeCode>381</b:InvoiceTypeCode>"), "CR"),
        (ubl("", root="CreditNote"), "CR"),
        (ubl("<b:CreditNoteTypeCode>381</b:CreditNoteTypeCode>", root="CreditNote"), "CR"),
        # Read, and held by the list of types where documents are posted.
        (ubl("<b:InvoiceTypeCode>384</b:InvoiceTypeCode>"), "CO"),
        (ubl("<b:InvoiceTypeCode>383</b:InvoiceTypeCode>"), "DR"),
        (ubl("<b:InvoiceTypeCode>386</b:InvoiceTypeCode>"), "PP"),
        (ubl("<b:CopyIndicator>false</b:CopyIndicator>"), "DI"),
    ],
)
def test_ubl_types_are_decided_by_a_list(text: str, kind: str) -> None:
    _, invoice = one(text)
    assert invoice.type == kind
    assert invoice.lines[0].quantity == 10


@pytest.mark.parametrize(
    "text",
    [
        ubl("<b:InvoiceTypeCode>389</b:InvoiceTypeCode>"),
        ubl("<b:InvoiceTypeCode>x</b:InvoiceTypeCode>"),
        ubl("<b:CreditNoteTypeCode>396</b:CreditNoteTypeCode>", root="CreditNote"),
        ubl("<b:CreditNoteTypeCode>380</b:CreditNoteTypeCode>", root="CreditNote"),
        ubl("<b:CopyIndicator>true</b:CopyIndicator>"),
        ubl(category="AE"),
        ubl(category="E"),
        ubl(
            totals="<b:PrepaidAmount currencyID='EUR'>21.00</b:PrepaidAmount>"
            "<b:PayableAmount currencyID='EUR'>100.00</b:PayableAmount>"
        ),
    ],
)
def test_what_no_list_of_ubl_decides_holds_the_document(text: str) -> None:
    assert len(refused(text)) == 1


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ('purpose="standard" operation="new"', "DI"),
        ('purpose="creditMemo"', "CR"),
        ('purpose="lineLevelCreditMemo"', "CR"),
        ('purpose="debitMemo"', "DR"),
        ("", ""),
        ('isInformationOnly="no"', ""),
    ],
)
def test_cxml_purposes_are_decided_by_a_list(header: str, kind: str) -> None:
    assert one(cxml(header), "cxml_invoice")[1].type == kind


@pytest.mark.parametrize(
    "text",
    [
        cxml('operation="delete"'),
        cxml('isInformationOnly="yes"'),
        cxml('purpose="partialCreditMemo"'),
        cxml(mode="test"),
        cxml(indicator='<InvoiceDetailHeaderIndicator isHeaderInvoice="yes"/>'),
        cxml(summary='<DepositAmount><Money currency="EUR">5.00</Money></DepositAmount>'),
        cxml(price='<UnitPrice><Money currency="EUR">10</Money></UnitPrice>'
             '<PriceBasisQuantity quantity="1" conversionFactor="2"/>'),
    ],
)  # fmt: skip
def test_what_no_list_of_cxml_decides_holds_the_document(text: str) -> None:
    assert len(refused(text, "cxml_invoice")) == 1


def test_a_number_that_must_be_nothing_is_compared_by_value() -> None:
    prepaid = "<b:PrepaidAmount currencyID='EUR'>0.00</b:PrepaidAmount>"
    _, invoice = one(ubl(totals=f"{prepaid}<b:PayableAmount currencyID='EUR'>121.00</b:PayableAmount>"))
    assert invoice.total == 121


# ---------------------------------------------------------------------- charges, taxes, currencies


def test_every_allowance_charge_and_rounding_is_read() -> None:
    totals = (
        "<b:PayableRoundingAmount currencyID='EUR'>-0.02</b:PayableRoundingAmount>"
        "<b:PayableAmount currencyID='EUR'>121.00</b:PayableAmount>"
    )
    _, invoice = one(
        ubl(
            charges=charge("false", "4.75") + charge("true", "7.50", "FC") + charge("false", "1.00", "95"),
            totals=totals,
            more=charge("false", "2") + charge("true", "3.00", "PC"),
            amount="101.00",
        )
    )
    assert [(str(c.kind), c.code, str(c.amount)) for c in invoice.allowances] == [
        ("A", "ZZZZ", "4.75"),
        ("C", "FC", "7.5"),
        ("A", "95", "1"),
        ("C", "ROUNDING", "-0.02"),
    ]
    (line,) = invoice.lines
    assert [(str(c.kind), c.code, str(c.amount)) for c in line.allowances] == [
        ("A", "ZZZZ", "2"),
        ("C", "PC", "3"),
    ]


@pytest.mark.parametrize(("indicator", "kind"), [("false", "A"), ("0", "A"), (" true ", "C"), ("1", "C")])
def test_an_indicator_is_written_in_either_way(indicator: str, kind: str) -> None:
    _, invoice = one(ubl(charges=charge(indicator, "1.00")))
    assert [str(one.kind) for one in invoice.allowances] == [kind]


@pytest.mark.parametrize("indicator", ["False", "TRUE", "yes", "", "2"])
def test_an_indicator_that_is_neither_holds_the_document(indicator: str) -> None:
    for text in (ubl(charges=charge(indicator, "1.00")), ubl(more=charge(indicator, "1.00"))):
        assert "ChargeIndicator" in refused(text)[0]


@pytest.mark.parametrize(("amount", "told"), [("101.00", []), ("100.00", ["control_total"])])
def test_the_amount_of_a_line_is_compared_less_its_allowances(amount: str, told: list[str]) -> None:
    found, _ = one(ubl(more=charge("true", "1.00"), amount=amount))
    assert [one.code for one in found.findings if one.code == "control_total"] == told


def test_a_tax_that_is_told_in_another_currency_as_well_is_read_once() -> None:
    found, invoice = one(ubl(tax=tax(("21.00", "EUR"), ("240.00", "SEK"))))
    assert [str(one.amount) for one in invoice.taxes] == ["21"]
    (note,) = [one for one in found.findings if one.code == "other_currency"]
    assert "240.00 SEK" in note.message


def test_a_tax_in_two_parts_is_two_taxes() -> None:
    _, invoice = one(ubl(tax=tax(("20.00", "EUR"), ("1.00", "EUR"))))
    assert [(one.kind, str(one.amount)) for one in invoice.taxes] == [("VA", "20"), ("VA", "1")]


@pytest.mark.parametrize(
    "text",
    [
        ubl(tax=tax(("21.00", "SEK"))),
        ubl().replace("<b:PriceAmount currencyID='EUR'>", "<b:PriceAmount currencyID='USD'>"),
        ubl().replace("<b:PayableAmount currencyID='EUR'>", "<b:PayableAmount currencyID='usd'>"),
        ubl(charges=charge("false", "1.00").replace("EUR", "USD")),
    ],
)
def test_an_amount_in_another_currency_holds_the_document(text: str) -> None:
    (problem,) = refused(text)
    assert "is in another currency" in problem
    assert "expected an amount in EUR" in problem


def test_a_total_that_stands_twice_is_no_total() -> None:
    twice = "<b:PayableAmount currencyID='EUR'>121.00</b:PayableAmount>" * 2
    assert "stands several times" in refused(ubl(totals=twice))[0]


def test_currencies_of_amounts_are_not_looked_at_where_the_layout_says_so() -> None:
    layout = changed("ubl_invoice", {"xml": {"currency_attributes": []}})
    assert one(ubl(tax=tax(("21.00", "SEK"))), layout)[1].total == 121


# ---------------------------------------------------------------------- price basis


@pytest.mark.parametrize(
    ("base", "basis", "price"),
    [("1", "", "10"), ("1.0", "", "10"), ("12", "12", "120"), ("100", "HP", "1000"), ("100.00", "HP", "1000"),
     ("1000", "TP", "10000"), ("0.5", "0.5", "5")],
)  # fmt: skip
def test_a_price_may_be_for_any_number_of_units(base: str, basis: str, price: str) -> None:
    text = ubl(price=price, base=f"<b:BaseQuantity unitCode='C62'>{base}</b:BaseQuantity>")
    found, invoice = one(text)
    assert invoice.lines[0].price_basis == basis
    assert invoice.lines[0].amount == 100
    assert [one for one in found.findings if one.code == "control_total"] == []


@pytest.mark.parametrize("base", ["0", "-1", "XX", "dozen", "1e2", "HPX"])
def test_a_price_basis_that_nobody_knows_holds_the_document(base: str) -> None:
    (problem,) = refused(ubl(base=f"<b:BaseQuantity>{base}</b:BaseQuantity>"))
    assert "the number of units" in problem


def test_codes_of_a_price_basis_are_found_by_value_and_other_numbers_are_numbers() -> None:
    codes = {"document": {"repeats": {"lines": {"fields": {"PriceFor": {"codes": {"1": "", "100": "HP", "C": "HP"}}}}}}}
    layout = changed("ubl_invoice", codes)
    for base, basis in (("1.00", ""), ("100.0", "HP"), ("C", "HP"), ("12", "12")):
        assert one(ubl(base=f"<b:BaseQuantity>{base}</b:BaseQuantity>"), layout)[1].lines[0].price_basis == basis
    assert "one of 1, 100, C" in refused(ubl(base="<b:BaseQuantity>D</b:BaseQuantity>"), layout)[0]
