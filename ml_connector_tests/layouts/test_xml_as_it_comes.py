"""XML as senders really write it: document types, moments, encodings, prefixes, what no layout reads."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from ml_connector.errors import ConfigError, SenderMustCorrect
from ml_connector.layouts import load_layout
from ml_connector.layouts.spec.compiled_layout import Contradiction
from ml_connector_tests.layouts.files import XML_ONE, changed, read
from ml_connector_tests.layouts.made_xml import charge, cxml, one, refused, ubl

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
    with pytest.raises(SenderMustCorrect, match=r"Line 3, column \d+: Entity '\w+' not defined") as caught:
        read(cxml().replace("C-1", entity), "cxml_invoice")
    assert "DTD" in caught.value.remedy


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
    assert "is not a date" in refused(ubl().replace("2026-11-28", written))[0]


def test_json_reads_moments_by_patterns_only() -> None:
    """A midnight here is the day before in Greenwich: programs that write JSON often mean that, and nobody can tell."""
    layout = changed("truecommerce_810_csv", {"values": {"date": ["dd.MM.yyyy HH:mm", "yyyy-MM-ddTHH:mm:ssZ"]}})
    invoice_date = next(one for one in layout.document.fields if one.name == "InvoiceDate")
    assert invoice_date.converter.read("28.11.2026 23:59") == date(2026, 11, 28)
    assert invoice_date.converter.write(date(2026, 11, 28)) == "28.11.2026 00:00"
    with pytest.raises(ValueError, match="a date like"):
        invoice_date.converter.read("2026-11-28")


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
    with pytest.raises(SenderMustCorrect, match=r"expected .*Invoice-2.*CreditNote-2"):
        read(ubl(root="DebitNote"), "ubl_invoice")
    with pytest.raises(SenderMustCorrect, match="the root is"):
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


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (ubl(charges=charge("true", "1.00"), more=charge("false", "1.00")), "ubl_invoice"),
        (cxml(), "cxml_invoice"),
        (XML_ONE, "truecommerce_810_xml"),
    ],
)
def test_what_nobody_reads_is_told_wherever_it_stands(text: str, layout: str) -> None:
    """In every element that holds others, below the document's own, and as an attribute of any."""
    whole = etree.fromstring(text.encode())
    [before] = read(text, layout)
    at = load_layout(layout).document.at.steps
    document = whole.find("/".join(step.name for step in at)) if at else whole
    for element in document.iter("*"):
        more = etree.SubElement(element, "Stranger") if len(element) else element
        more.set("strange", "1")
        [found] = read(etree.tostring(whole), layout)
        assert found.accepted == before.accepted
        told = [one.message for one in found.findings if one.code == "unknown_field"]
        assert len(told) == 1, element.tag
        assert "@strange" in told[0], element.tag
        if more is element:
            del element.attrib["strange"]
        else:
            element.remove(more)


@pytest.mark.parametrize(("kind", "told"), [("C", False), ("A", False), ("X", True), ("", True)])
def test_what_no_name_in_brackets_picks_is_told(kind: str, told: bool) -> None:
    amount = {"to": "allowances", "fields": {"Amount": {"to": "amount", "path": "text()"}}}
    levels = {name: amount | {"at": f"Money[@kind={name}]", "constants": {"kind": name}} for name in "AC"}
    layout = changed("truecommerce_810_xml", {"document": {"fields": {"Freight": None}, "repeats": levels}})
    [found] = read(XML_ONE.replace("</Header>", f"</Header><Money kind='{kind}'>5</Money>"), layout)
    notes = [note.message for note in found.findings if note.code == "unknown_field"]
    assert [note.partition("not read: ")[2] for note in notes] == ["Money (not [@kind=A], [@kind=C])."] * told


# ---------------------------------------------------------------------- layouts that cannot be meant


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"document": {"fields": {"Freight": {"path": "a||b"}}}}, "is not a path"),
        ({"document": {"fields": {"Freight": {"path": "a/name()/b"}}}}, "is not a path"),
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
