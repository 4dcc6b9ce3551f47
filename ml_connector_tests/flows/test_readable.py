"""Nothing unreadable is sent on: numbers that nobody can read hold a document, texts are left out and told."""

from datetime import date
from decimal import Decimal

import pytest

from ml_connector.documents.common import AllowanceCharge, AllowanceKind, ItemId
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.remittances import Remittance
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector.documents.values.characters import unreadable
from ml_connector.edi.writing.characters import alphabet_for
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.document_identity import identity_of
from ml_connector.flows.invoices_in.earlier_invoices import similar
from ml_connector.flows.meaning.readable import readable_invoice, readable_notice
from ml_connector.layouts.values.encodings import encoded

WORDS = ("größe", "Kabelschuh 5 – Ø8 mm", "„Café“", "20 °C", "€ 5", "naïve", "Łódź", "1½", "façade…", "привет")
BAD = ("gr\ufffde", "bell\x07", "\x85", "a\ue000", "\ud800", "nul\x01")


@pytest.mark.parametrize("text", ["", "plain, 5%", "two\nlines\tof it", "«CAFÉ»", "日本語", "Ελλάδα", "😀", *WORDS])
def test_what_people_write_can_be_read(text: str) -> None:
    assert unreadable(text) == ""


@pytest.mark.parametrize("text", BAD)
def test_replacement_and_control_characters_cannot(text: str) -> None:
    assert unreadable(text)


@pytest.mark.parametrize("wrongly", ["cp1252", "latin-1"])
@pytest.mark.parametrize("text", [word for word in WORDS if not word.isascii()])
def test_utf8_read_as_another_encoding_is_found(text: str, wrongly: str) -> None:
    try:
        garbled = text.encode("utf-8").decode(wrongly)
    except UnicodeDecodeError:
        pytest.skip("has no place there")
    assert unreadable(garbled)


def line(description: str = "", item: str = "NW-1", charge: str = "Freight") -> InvoiceLine:
    freight = AllowanceCharge(kind=AllowanceKind.CHARGE, code="D240", amount=Decimal(1), description=charge)
    return InvoiceLine(description=description, items=(ItemId(qualifier="VP", value=item),), allowances=(freight,))


def invoice(number: str = "RE-1", *lines: InvoiceLine, order: str = "1") -> Invoice:
    return Invoice(
        number=number, order_number=order, invoice_date=date(2026, 11, 20), total=Decimal(1), lines=lines or (line(),)
    )


def notice(number: str = "LS-1", description: str = "", item: str = "NW-1", order: str = "1") -> ShipNotice:
    shipped = ShippedItem(quantity=Decimal(1), description=description, items=(ItemId(qualifier="VP", value=item),))
    orders = (ShippedOrder(order_number=order, items=(shipped,)),)
    return ShipNotice(number=number, notice_date=date(2026, 11, 20), orders=orders)


@pytest.mark.parametrize("unseen", ["\u200b", "\u00ad", "\ufeff", "\u2060"])
def test_what_nobody_sees_is_no_part_of_a_number_and_is_told(unseen: str) -> None:
    """In X12 as in flat files: the ERP is asked and written by the number that people see."""
    bill, told = readable_invoice(invoice(f"RE{unseen}-1", line(item=f"NW-1{unseen}"), order=f"{unseen}1"))
    assert (bill.number, bill.order_number, bill.lines[0].vendors_item) == ("RE-1", "1", "NW-1")
    assert len(told) == 3
    shipped, told = readable_notice(notice(f"LS-1{unseen}", item=f"N{unseen}W-1", order=f"1{unseen}"))
    assert (shipped.number, shipped.orders[0].order_number) == ("LS-1", "1")
    assert shipped.orders[0].items[0].vendors_item == "NW-1"
    assert len(told) == 3
    assert identity_of(invoice(f"RE{unseen}-1"), "").number == "RE-1"
    assert identity_of(Remittance(number=f"7{unseen}7", amount=Decimal(1)), "").number == "77"


def test_a_blank_that_does_not_break_is_a_blank_and_letters_of_other_scripts_stay() -> None:
    bill, told = readable_invoice(invoice("RE 1\u00a0", order="É1"))
    assert (bill.number, bill.order_number, len(told)) == ("RE 1", "É1", 1)
    assert readable_invoice(invoice("РЕ-1"))[1] == ()


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [("ＩＮＶ１", "INV1", True), ("INV–1", "inv 01", True), ("INV1", "INV2", False), ("А1", "A1", False)],
)
def test_numbers_that_differ_in_width_zeros_or_punctuation_are_alike(one: str, other: str, alike: bool) -> None:
    assert (similar(one) == similar(other)) is alike


def test_texts_are_left_out_and_told_and_what_can_be_read_stays() -> None:
    told_of, told = readable_invoice(invoice("RE-1", line("gr\ufffde"), line("größe", charge="Fr\x07")))
    assert [one.description for one in told_of.lines] == ["", "größe"]
    assert [one.allowances[0].description for one in told_of.lines] == ["Freight", ""]
    assert [one.partition(":")[0] for one in told] == ["line 1", "line 2, charge D240"]
    assert "U+FFFD, replacement character" in told[0]
    shipped, told = readable_notice(notice(description="grÃ¶ÃŸe"))
    assert shipped.orders[0].items[0].description == ""
    assert told == ('item 1 of order 1: its text is left out, "Ã¶ÃŸ" in it cannot be read',)


def test_what_can_be_read_is_not_touched() -> None:
    for one in (invoice("RE-1", line("größe")), notice(description="größe")):
        read = readable_invoice(one) if isinstance(one, Invoice) else readable_notice(one)
        assert read == (one, ())


@pytest.mark.parametrize("bad", ["A\ufffd", "A\x07", "grÃ¶ÃŸe"])
def test_numbers_that_cannot_be_read_hold_the_document(bad: str) -> None:
    for one in (invoice(bad), invoice(order=bad), invoice("RE-1", line(item=bad))):
        with pytest.raises(NeedsCorrection) as held:
            readable_invoice(one)
        assert held.value.reason is Reason.UNREADABLE_TEXT
    for two in (notice(bad), notice(order=bad), notice(item=bad)):
        with pytest.raises(NeedsCorrection) as held:
            readable_notice(two)
        assert held.value.reason is Reason.UNREADABLE_TEXT


def test_nothing_that_stands_for_what_could_not_be_read_leaves() -> None:
    assert not alphabet_for("extended", "utf-8", "*~>").sendable("gr\ufffde")
    with pytest.raises(NeedsCorrection, match="U\\+FFFD"):
        encoded("gr\ufffde", "utf-8", bom=False)
