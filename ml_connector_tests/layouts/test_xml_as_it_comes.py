"""XML as senders really write it: document types, moments, several roots, amounts that repeat or name a currency."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.invoices import Invoice
from ml_connector.errors import ConfigError, SenderMustMend
from ml_connector.layouts import ReadDocument, load_layout
from ml_connector.layouts.compiled import Contradiction
from ml_connector_tests.layouts.files import XML_ONE, changed, errors, read

UBL_SPACES = (
    'xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
    'xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
)
UBL_LINE = (
    "<a:{line}><b:ID>1</b:ID><b:{quantity}Quantity unitCode='C62'>{count}</b:{quantity}Quantity>"
    "<b:LineExtensionAmount currencyID='EUR'>{amount}</b:LineExtensionAmount>{more}"
    "<a:Item><a:SellersItemIdentification><b:ID>A-1</b:ID></a:SellersItemIdentification>"
    "<a:ClassifiedTaxCategory><b:ID>{category}</b:ID><b:Percent>21</b:Percent></a:ClassifiedTaxCategory></a:Item>"
    "<a:Price><b:PriceAmount currencyID='EUR'>{price}</b:PriceAmount>{base}</a:Price></a:{line}>"
)


def ubl(
    head: str = "<b:InvoiceTypeCode>380</b:InvoiceTypeCode>",
    *,
    root: str = "Invoice",
    before: str = "",
    charges: str = "",
    tax: str = "<a:TaxTotal><b:TaxAmount currencyID='EUR'>21.00</b:TaxAmount></a:TaxTotal>",
    totals: str = "<b:PayableAmount currencyID='EUR'>121.00</b:PayableAmount>",
    **line: str,
) -> str:
    """One invoice of 10 pieces at 10.00; what is given replaces its parts."""
    values = {"count": "10", "amount": "100.00", "price": "10.00", "base": "", "more": "", "category": "S", **line}
    names = {"line": f"{root}Line", "quantity": "Invoiced" if root == "Invoice" else "Credited"}
    return (
        f'{before}<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2" {UBL_SPACES}>'
        f"<b:ID>U-1</b:ID><b:IssueDate>2026-11-28</b:IssueDate>{head}"
        "<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>"
        "<a:OrderReference><b:ID>4711</b:ID></a:OrderReference>"
        "<a:AccountingSupplierParty><a:Party><b:EndpointID>ACME</b:EndpointID></a:Party></a:AccountingSupplierParty>"
        f"{charges}{tax}<a:LegalMonetaryTotal>{totals}</a:LegalMonetaryTotal>"
        f"{UBL_LINE.format(**names, **values)}</{root}>"
    )


def cxml(
    header: str = 'purpose="standard" operation="new"',
    *,
    before: str = '<!DOCTYPE cXML SYSTEM "http://127.0.0.1:9/InvoiceDetail.dtd">',
    mode: str = "production",
    indicator: str = "<InvoiceDetailHeaderIndicator/>",
    summary: str = "",
    price: str = '<UnitPrice><Money currency="EUR">10.00</Money></UnitPrice>',
    currency: str = "EUR",
) -> str:
    return (
        f'<?xml version="1.0"?>\n{before}\n<cXML payloadID="1@x" xml:lang="en"><Header><From>'
        '<Credential domain="NetworkID"><Identity>AN01</Identity></Credential>'
        '<Credential domain="DUNS"><Identity>ACME</Identity></Credential></From></Header>'
        f'<Request deploymentMode="{mode}"><InvoiceDetailRequest>'
        f'<InvoiceDetailRequestHeader invoiceID="C-1" invoiceDate="2026-11-28T23:30:00-08:00" {header}>{indicator}'
        "</InvoiceDetailRequestHeader><InvoiceDetailOrder><InvoiceDetailOrderInfo>"
        '<OrderReference orderID="4711"><DocumentReference payloadID="x"/></OrderReference></InvoiceDetailOrderInfo>'
        f'<InvoiceDetailItem quantity="10"><UnitOfMeasure>EA</UnitOfMeasure>{price}'
        '<InvoiceDetailItemReference lineNumber="1"><ItemID><SupplierPartID>A-1</SupplierPartID></ItemID>'
        '<Description xml:lang="en">Relay<ShortName>R</ShortName> 24 V</Description></InvoiceDetailItemReference>'
        "</InvoiceDetailItem></InvoiceDetailOrder><InvoiceDetailSummary>"
        f'<Tax><Money currency="EUR">21.00</Money></Tax>{summary}'
        f'<NetAmount><Money currency="{currency}">121.00</Money></NetAmount></InvoiceDetailSummary>'
        "</InvoiceDetailRequest></Request></cXML>"
    )


def one(text: str | bytes, layout: Any = "ubl_invoice") -> tuple[ReadDocument, Invoice]:
    [found] = read(text, layout)
    assert errors(found) == []
    assert isinstance(found.document, Invoice)
    return found, found.document


def refused(text: str | bytes, layout: Any = "ubl_invoice") -> list[str]:
    [found] = read(text, layout)
    assert not found.accepted
    return errors(found)


# ---------------------------------------------------------------------- document types


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE cXML SYSTEM "http://127.0.0.1:9/x.dtd">',
        "<!DOCTYPE cXML SYSTEM 'http://127.0.0.1:9/x>y.dtd' >",
        '<!DOCTYPE cXML PUBLIC "-//x//y" "http://127.0.0.1:9/x.dtd">',
        "<!-- <!DOCTYPE a [ ]> --><?p <!DOCTYPE b [ ]> ?>\n<!DOCTYPE cXML>",
        '<!DOCTYPE\n  cXML\n  SYSTEM\n  "http://127.0.0.1:9/x.dtd"\n>',
        "",
    ],
)
def test_a_document_type_that_names_a_dtd_is_passed_over(prolog: str) -> None:
    found, invoice = one(cxml(before=prolog), "cxml_invoice")
    assert (found.partner, invoice.number, invoice.total) == ("ACME", "C-1", Decimal("121.00"))
    assert found.place.row == 3 + prolog.count("\n")


@pytest.mark.parametrize("entity", ["&nbsp;", "&xxe;"])
def test_an_entity_that_a_dtd_may_declare_is_refused_with_its_place(entity: str) -> None:
    with pytest.raises(SenderMustMend, match=r"Line 3, column \d+: Entity '\w+' not defined") as caught:
        read(cxml().replace("C-1", entity), "cxml_invoice")
    assert "DTD" in caught.value.mend


def test_entities_of_xml_itself_and_characters_by_number_are_text() -> None:
    _, invoice = one(cxml().replace("C-1", "&#x43;&amp;&#49;"), "cxml_invoice")
    assert invoice.number == "C&1"


# ---------------------------------------------------------------------- moments


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-11-28T23:30:00-08:00", date(2026, 11, 28)),
        ("2026-11-28T00:00:00+01:00", date(2026, 11, 28)),
        ("2026-11-28T10:00:00.123456Z", date(2026, 11, 28)),
        ("2026-11-28T10:00:00", date(2026, 11, 28)),
        ("2026-11-28Z", date(2026, 11, 28)),
        ("2026-11-28+01:00", date(2026, 11, 28)),
        ("2026-11-28", date(2026, 11, 28)),
    ],
)
def test_the_day_is_read_as_it_is_written(written: str, day: date) -> None:
    _, invoice = one(ubl().replace("2026-11-28", written))
    assert invoice.invoice_date == day


@pytest.mark.parametrize(
    "written",
    ["2026-11-28T25:00:00Z", "2026-11-28T10:60:00Z", "2026-11-28T10:00:00+25:00", "2026-11-28T", "28.11.2026"],
)
def test_what_is_no_moment_is_no_date(written: str) -> None:
    assert "is no date" in refused(ubl().replace("2026-11-28", written))[0]


def test_json_reads_moments_by_patterns_only() -> None:
    """A midnight here is the day before in Greenwich: programs that write JSON often mean that, and nobody can tell."""
    layout = changed("truecommerce_810_csv", {"values": {"date": ["dd.MM.yyyy HH:mm", "yyyy-MM-ddTHH:mm:ssZ"]}})
    invoice_date = next(one for one in layout.document.fields if one.name == "InvoiceDate")
    assert invoice_date.converter.read("28.11.2026 23:59") == date(2026, 11, 28)
    assert invoice_date.converter.write(date(2026, 11, 28)) == "28.11.2026 00:00"
    with pytest.raises(ValueError, match="a date like"):
        invoice_date.converter.read("2026-11-28")


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


def charge(indicator: str, amount: str, code: str = "") -> str:
    reason = f"<b:AllowanceChargeReasonCode>{code}</b:AllowanceChargeReasonCode>" if code else ""
    return (
        f"<a:AllowanceCharge><b:ChargeIndicator>{indicator}</b:ChargeIndicator>{reason}"
        f"<b:Amount currencyID='EUR'>{amount}</b:Amount></a:AllowanceCharge>"
    )


def test_every_allowance_charge_and_rounding_is_read() -> None:
    totals = (
        "<b:PayableRoundingAmount currencyID='EUR'>-0.02</b:PayableRoundingAmount>"
        "<b:PayableAmount currencyID='EUR'>121.00</b:PayableAmount>"
    )
    _, invoice = one(
        ubl(
            charges=charge("false", "4.75") + charge("true", "7.50", "FC") + charge("false", "1.00", "95"),
            totals=totals,
            more=charge("false", "2.00") + charge("true", "3.00", "PC"),
            amount="101.00",
        )
    )
    assert [(str(c.kind), c.code, str(c.amount)) for c in invoice.allowances] == [
        ("A", "ZZZZ", "4.75"),
        ("A", "95", "1.00"),
        ("C", "FC", "7.50"),
        ("C", "ROUNDING", "-0.02"),
    ]
    (line,) = invoice.lines
    assert [(str(c.kind), c.code, str(c.amount)) for c in line.allowances] == [
        ("A", "ZZZZ", "2.00"),
        ("C", "PC", "3.00"),
    ]


@pytest.mark.parametrize(("indicator", "kind"), [("false", "A"), ("0", "A"), (" true ", "C"), ("1", "C")])
def test_an_indicator_is_written_in_either_way(indicator: str, kind: str) -> None:
    _, invoice = one(ubl(charges=charge(indicator, "1.00")))
    assert [str(one.kind) for one in invoice.allowances] == [kind]


@pytest.mark.parametrize(("amount", "told"), [("101.00", []), ("100.00", ["control_total"])])
def test_the_amount_of_a_line_is_compared_less_its_allowances(amount: str, told: list[str]) -> None:
    found, _ = one(ubl(more=charge("true", "1.00"), amount=amount))
    assert [one.code for one in found.findings if one.code == "control_total"] == told


def tax(*amounts: tuple[str, str]) -> str:
    return "".join(
        f"<a:TaxTotal><b:TaxAmount currencyID='{currency}'>{amount}</b:TaxAmount></a:TaxTotal>"
        for amount, currency in amounts
    )


def test_a_tax_that_is_told_in_another_currency_as_well_is_read_once() -> None:
    found, invoice = one(ubl(tax=tax(("21.00", "EUR"), ("240.00", "SEK"))))
    assert [str(one.amount) for one in invoice.taxes] == ["21.00"]
    (note,) = [one for one in found.findings if one.code == "other_currency"]
    assert "240.00 SEK" in note.message


def test_a_tax_in_two_parts_is_two_taxes() -> None:
    _, invoice = one(ubl(tax=tax(("20.00", "EUR"), ("1.00", "EUR"))))
    assert [(one.kind, str(one.amount)) for one in invoice.taxes] == [("VA", "20.00"), ("VA", "1.00")]


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


# ---------------------------------------------------------------------- how it is written


def test_prefixes_comments_instructions_and_cdata_change_nothing() -> None:
    plain = one(ubl())[1]
    text = ubl(before="<?xml-stylesheet href='a.xsl'?><!-- made by us -->")
    text = (
        text.replace("<a:", "<q:")
        .replace("</a:", "</q:")
        .replace("xmlns:a", "xmlns:q")
        .replace("<b:ID>U-1", "<b:ID><!-- n --><![CDATA[U-1]]>")
    )
    text = text.replace(
        'xmlns:q="',
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a http://127.0.0.1:9/b" xmlns:q="',
    )
    assert one(text)[1] == plain


def test_another_root_or_namespace_is_another_file() -> None:
    with pytest.raises(SenderMustMend, match=r"expected .*Invoice-2.*CreditNote-2"):
        read(ubl(root="DebitNote"), "ubl_invoice")
    with pytest.raises(SenderMustMend, match="the root is"):
        read(ubl().replace("Invoice-2", "Invoice-3"), "ubl_invoice")


@pytest.mark.parametrize(
    ("declared", "encoding", "told"),
    [
        ("utf-8", "utf-8", False),
        ("ISO-8859-1", "latin-1", False),
        ("windows-1252", "cp1252", False),
        ("UTF-16", "utf-16", False),
        ("UTF-16", "utf-8", True),
        ("iso-8859-1", "utf-8", True),
    ],
)
def test_a_declaration_that_is_wrong_is_told(declared: str, encoding: str, told: bool) -> None:
    text = ubl(before=f'<?xml version="1.0" encoding="{declared}"?>').replace("U-1", "Größe 5")
    found, invoice = one(text.encode(encoding))
    assert invoice.number == "Größe 5"
    assert [one.code for one in found.findings if one.code == "encoding"] == ["encoding"] * told


def test_the_text_of_an_element_without_that_inside_it() -> None:
    assert one(cxml(), "cxml_invoice")[1].lines[0].description == "Relay 24 V"


def test_a_line_may_have_its_order_from_the_element_around_it() -> None:
    """cXML groups the lines of one invoice by order."""
    text = cxml()
    start, end = text.index("<InvoiceDetailOrder>"), text.index("</InvoiceDetailOrder>") + len("</InvoiceDetailOrder>")
    second = text[start:end].replace("4711", "4712").replace("OrderReference", "OrderIDInfo")
    found, invoice = one(text[:end] + second + text[end:], "cxml_invoice")
    assert [line.order_number for line in invoice.lines] == ["4711", "4712"]
    assert not [note for note in found.findings if "orderID" in note.message]


@pytest.mark.parametrize(
    ("base", "change"),
    [
        ("truecommerce_810_json", {"document": {"fields": {"Terms": {"path": "../Terms"}}}}),
        ("truecommerce_810_json", {"document": {"fields": {"Terms": {"path": "Terms/text()"}}}}),
        ("truecommerce_810_xml", {"document": {"repeats": {"lines": {"at": "../Line"}}}}),
        ("truecommerce_810_xml", {"document": {"repeats": {"lines": {"at": "Line/name()"}}}}),
    ],
)
def test_steps_that_lead_nowhere_are_refused(base: str, change: dict[str, Any]) -> None:
    with pytest.raises(Contradiction):
        changed(base, change)


def test_what_the_layout_does_not_read_is_told_once() -> None:
    body = XML_ONE.replace("</Header>", "<Buyer kind='x'><Name>N</Name></Buyer></Header>")
    invoice = body.removeprefix("<Invoices>").removesuffix("</Invoices>")
    first, second = read(f"<Invoices>{invoice}{invoice}</Invoices>", "truecommerce_810_xml")
    assert [(one.code, one.is_error) for one in first.findings] == [("unknown_field", False)]
    assert "not read: Header/Buyer/@kind, Header/Buyer/Name." in first.findings[0].message
    assert second.findings == ()
    third = read(f"<Invoices>{invoice}{invoice.replace('Name', 'Title')}</Invoices>", "truecommerce_810_xml")[1]
    assert "not read: Header/Buyer/Title." in third.findings[0].message


# ---------------------------------------------------------------------- layouts that cannot be meant


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"document": {"fields": {"Freight": {"path": "a||b"}}}}, "is no path"),
        ({"document": {"fields": {"Freight": {"path": "a/name()/b"}}}}, "is no path"),
        ({"document": {"repeats": {"allowances": {"fields": {"Amount": "amount"}}}}}, "already addresses allowances"),
        ({"document": {"fields": {"X": {"to": "@number"}}}}, "constant"),
    ],
)
def test_a_layout_that_cannot_be_meant_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Contradiction, match=said):
        changed("truecommerce_810_xml", change)


def test_levels_of_one_list_must_be_told_apart() -> None:
    level = {"to": "allowances", "at": "C", "fields": {"Amount": "amount"}, "constants": {"kind": "C"}}
    change = {"document": {"fields": {"Freight": None}, "repeats": {"some": level, "more": level}}}
    with pytest.raises(Contradiction, match="constants must tell more from some"):
        changed("truecommerce_810_xml", change)


def test_shipped_layouts_of_others_are_listed() -> None:
    assert {load_layout(name).kind.value for name in ("ubl_invoice", "cxml_invoice")} == {"invoice"}
    with pytest.raises(ConfigError):
        load_layout("ubl_order")
