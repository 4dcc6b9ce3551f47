"""What is written: the envelope byte by byte, control numbers, characters, lengths."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.acknowledgments import InterchangeAcknowledgment
from ml_connector.documents.common import ItemId, Party, PaymentTerms, Purpose, Reference, Tax, changed
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.orders import OrderChange, OrderChangeLine, OrderLine, PurchaseOrder
from ml_connector.edi.writing.write import ControlNumbers, Envelope, WrittenInterchange, write_interchange
from ml_connector.errors import ConfigError, NeedsCorrection, Reason, WeAreWrong
from ml_connector_tests.edi.samples import read, sets

AT = datetime(2026, 11, 21, 2, 15, tzinfo=UTC)
LINE = OrderLine(
    number="1",
    quantity=Decimal(100),
    unit="EA",
    price=Decimal("0.50"),
    description="Widget",
    items=(ItemId(qualifier="VP", value="W-1"),),
)
ORDER = PurchaseOrder(
    number="4500000042",
    order_date=date(2026, 11, 21),
    currency="EUR",
    parties=(Party(role="ST", name="Plant", id_scheme="92", id="0099"),),
    lines=(LINE,),
)


def written(document: Any = ORDER, **envelope: Any) -> WrittenInterchange:
    settings = {"sender_qualifier": "ZZ", "sender_id": "BUYER", "receiver_qualifier": "01", "receiver_id": "004321519"}
    documents = list(document) if isinstance(document, list) else [document]
    return write_interchange(Envelope(**{**settings, **envelope}), ControlNumbers(77, 8), documents, AT)


def with_line(**changes: Any) -> PurchaseOrder:
    return changed(ORDER, lines=(changed(LINE, **changes),))


def test_an_order_byte_by_byte() -> None:
    assert written().data == (
        b"ISA*00*          *00*          *ZZ*BUYER          *01*004321519      "
        b"*261121*0215*U*00401*000000077*0*P*>~"
        b"GS*PO*BUYER*004321519*20261121*0215*8*X*004010~"
        b"ST*850*0001~BEG*00*SA*4500000042**20261121~CUR*BY*EUR~N1*ST*Plant*92*0099~"
        b"PO1*1*100*EA*.5**VP*W-1~PID*F****Widget~CTT*1~SE*8*0001~GE*1*8~IEA*1*000000077~"
    )


def test_the_isa_has_106_bytes_whatever_the_version() -> None:
    for version in ("004010", "005010"):
        data = written(version=version, ack_requested=True, usage="T").data
        assert data[105:106] == b"~"
        assert data[82:83] == (b"^" if version == "005010" else b"U")
        assert data[100:103] == b"1*T"


def test_separators_suffix_and_group_identities() -> None:
    result = written(
        element_separator="|",
        component_separator=":",
        terminator="'",
        suffix="\r\n",
        group_sender="DEPT",
        group_receiver="X1",
    )
    assert b"'\r\nGS|PO|DEPT|X1|20261121" in result.data
    assert result.data.endswith(b"000000077'\r\n")
    assert sets(read(result.data))[0].document == ORDER


def test_moments_are_written_in_utc() -> None:
    at = datetime(2026, 11, 21, 2, 15, tzinfo=timezone(timedelta(hours=5)))
    envelope = Envelope("ZZ", "BUYER", "ZZ", "SELLER")
    assert b"*261120*2115*" in write_interchange(envelope, ControlNumbers(1, 1), [ORDER], at).data


def test_documents_of_one_kind_share_a_group_and_others_get_their_own() -> None:
    change = OrderChange(number="1", order_date=date(2026, 1, 1), lines=())
    change = changed(
        change, lines=(OrderChangeLine(number="1", change="DI", quantity=Decimal(1), unit="EA", price=Decimal(1)),)
    )
    result = written([ORDER, ORDER, change, ORDER])
    assert result.set_controls == ("0001", "0002", "0001", "0001")
    assert result.group_controls == (8, 9, 10)
    assert [s.control_number for s in sets(read(result.data, "strict"))] == list(result.set_controls)


def test_group_numbers_start_again_behind_the_largest() -> None:
    invoice = Invoice(number="1", invoice_date=date(2026, 1, 1), total=Decimal(1))
    envelope = Envelope("ZZ", "BUYER", "ZZ", "SELLER")
    result = write_interchange(envelope, ControlNumbers(999_999_999, 999_999_999), [ORDER, invoice], AT)
    assert result.group_controls == (999_999_999, 1)


def test_a_change_writes_its_unit_as_first_component() -> None:
    line = OrderChangeLine(
        number="1", change="QD", quantity=Decimal(80), quantity_left=Decimal(80), unit="EA", price=Decimal("12.5")
    )
    change = OrderChange(
        number="PO-1", order_date=date(2026, 11, 1), sequence="2", change_date=date(2026, 11, 20), lines=(line,)
    )
    data = written(change).data
    assert b"BCH*04*SA*PO-1**2*20261101*****20261120~POC*1*QD*80*80*EA*12.5~" in data


def test_an_unpriced_line_has_no_price_element() -> None:
    assert b"PO1*1*100*EA***VP*W-1~" in written(with_line(price=None)).data


@pytest.mark.parametrize(
    ("amount", "wire"),
    [
        ("123.45", b"TDS*12345~"),
        ("0.05", b"TDS*5~"),
        ("-123.45", b"TDS*-12345~"),
        ("100", b"TDS*10000~"),
        ("0", b"TDS*0~"),
    ],
)
def test_amounts_with_implied_decimals(amount: str, wire: bytes) -> None:
    invoice = Invoice(number="1", invoice_date=date(2026, 1, 1), total=Decimal(amount))
    assert wire in written(invoice).data


def test_an_amount_with_three_decimals_is_refused() -> None:
    invoice = Invoice(number="1", invoice_date=date(2026, 1, 1), total=Decimal("1.234"))
    with pytest.raises(NeedsCorrection, match="TDS01") as caught:
        written(invoice)
    assert caught.value.reason is Reason.BAD_VALUE


@pytest.mark.parametrize(
    ("price", "wire"),
    [("12.50", "12.5"), ("0.33", ".33"), ("1E+3", "1000"), ("0", "0"), ("-0.5", "-.5"), ("100.000", "100")],
)
def test_explicit_decimals(price: str, wire: str) -> None:
    assert f"*EA*{wire}**VP".encode() in written(with_line(price=Decimal(price))).data


def test_a_separator_in_free_text_is_replaced_and_reported() -> None:
    result = written(with_line(description="Widget * 5 ~ blue > red"))
    assert b"PID*F****Widget   5   blue   red~" in result.data
    assert [(r["place"], r["before"]) for r in result.replaced] == [("PID05", "Widget * 5 ~ blue > red")]
    assert [s.segment_count for s in sets(read(result.data))] == [8]


def test_a_separator_in_an_identifier_is_refused() -> None:
    with pytest.raises(NeedsCorrection, match="PO107") as caught:
        written(with_line(items=(ItemId(qualifier="VP", value="W*1"),)))
    assert caught.value.reason is Reason.CHARACTER_NOT_SENDABLE


def test_a_separator_in_free_text_is_refused_where_the_partner_wants_that() -> None:
    with pytest.raises(NeedsCorrection, match="PID05"):
        written(with_line(description="a*b"), replace_separators=None)


@pytest.mark.parametrize("separator", ["*", "~", ">", "^"])
def test_no_separator_survives_in_data(separator: str) -> None:
    result = written(with_line(description=f"a{separator}b"), version="005010", repetition_separator="^")
    expected = b"a b"
    assert b"PID*F****" + expected + b"~" in result.data


def test_line_breaks_and_control_characters_become_blanks() -> None:
    result = written(with_line(description="two\nlines\tand\x00more"))
    assert b"PID*F****two lines and more~" in result.data


def test_basic_character_set_is_upper_case_without_accents_and_reported() -> None:
    result = written(with_line(description="Größe 5 % – “é”@x"), character_set="basic")
    assert b'PID*F****GROSSE 5 PCT - "E"(AT)X~' in result.data
    assert b"N1*ST*PLANT*92" in result.data
    assert {r["place"] for r in result.replaced} == {"PID05", "N102"}


def test_extended_keeps_what_latin1_has_and_replaces_the_rest() -> None:
    result = written(with_line(description="Größe €5 Łódź"))
    assert "PID*F****Größe EUR5 Lódz~".encode("latin-1") in result.data


def test_utf8_keeps_everything() -> None:
    document = with_line(description="Łódź 中文")
    result = written(document, character_set="utf-8")
    assert not result.replaced
    assert sets(read(result.data, encoding="utf-8"))[0].document == document


def test_a_letter_without_a_substitute_is_refused() -> None:
    with pytest.raises(NeedsCorrection) as caught:
        written(with_line(description="中文"))
    assert caught.value.reason is Reason.CHARACTER_NOT_SENDABLE


def test_long_free_text_is_cut_and_reported_but_a_long_identifier_is_refused() -> None:
    result = written(changed(ORDER, terms=(PaymentTerms(description="x" * 100),)))
    assert b"ITD************" + b"x" * 80 + b"~" in result.data
    assert result.replaced[0]["why"] == "longer than 80: cut"
    with pytest.raises(NeedsCorrection, match="BEG03") as caught:
        written(changed(ORDER, number="9" * 23))
    assert caught.value.reason is Reason.BAD_VALUE


def test_a_long_description_goes_on_in_the_next_segment() -> None:
    result = written(with_line(description=" ".join(["word"] * 40)))
    texts = re.findall(rb"PID\*F\*{4}([^~]*)~", result.data)
    assert b" ".join(texts).split() == [b"word"] * 40
    assert max(map(len, texts)) <= 80
    assert result.replaced[0]["why"] == "too long: continued in the next segment"


def test_long_notes_go_on_in_the_next_segment() -> None:
    note = " ".join(["word"] * 100)
    result = written(changed(ORDER, notes=(note,)))
    document = sets(read(result.data, "strict"))[0].document
    assert isinstance(document, PurchaseOrder)
    assert " ".join(document.notes) == note
    assert all(len(text) <= 264 for text in document.notes)


def test_notes_in_005010_are_mtx() -> None:
    document = changed(ORDER, notes=("handle with care",))
    result = written(document, version="005010")
    assert b"N9*L1*NOTES~MTX**handle with care~" in result.data
    assert sets(read(result.data, "strict"))[0].document == document


def test_reference_lengths_by_version() -> None:
    document = changed(ORDER, references=(Reference(qualifier="ZZ", value="9" * 40),))
    assert written(document, version="005010").data
    with pytest.raises(NeedsCorrection, match="REF02"):
        written(document, version="004010")


def test_hash_totals_on_demand() -> None:
    assert b"CTT*1*100~" in written(hash_totals=True).data


def test_a_cancellation_and_a_replacement() -> None:
    for purpose in (Purpose.CANCEL, Purpose.REPLACE):
        data = written(changed(ORDER, purpose=purpose)).data
        assert f"BEG*{purpose.value}*SA*".encode() in data


def test_a_line_s_order_number_stands_in_its_po_pair() -> None:
    line = InvoiceLine(
        quantity=Decimal(1),
        unit="EA",
        price=Decimal(1),
        order_number="PO-9",
        items=(ItemId(qualifier="VP", value="A"),),
    )
    invoice = Invoice(number="1", invoice_date=date(2026, 1, 1), total=Decimal(1), lines=(line,))
    assert b"IT1**1*EA*1**VP*A*PO*PO-9~" in written(invoice).data


@pytest.mark.parametrize(
    "changes",
    [
        {"sender_id": ""},
        {"sender_id": "X" * 16},
        {"receiver_qualifier": "Z"},
        {"group_receiver": "X"},
        {"version": "003040"},
        {"usage": "Q"},
        {"terminator": "*"},
        {"element_separator": "A"},
        {"sender_id": "A*B"},
        {"sender_id": "Ł"},
    ],
)
def test_an_impossible_envelope_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        written(**changes)


@pytest.mark.parametrize("controls", [(0, 1, 1), (1, 0, 1), (1_000_000_000, 1, 1), (1, 1, 0)])
def test_impossible_control_numbers_are_refused(controls: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigError):
        write_interchange(Envelope("ZZ", "BUYER", "ZZ", "SELLER"), ControlNumbers(*controls), [ORDER], AT)


def test_a_record_that_no_set_carries_is_refused() -> None:
    with pytest.raises(WeAreWrong):
        written(Tax(kind="VA"))


def test_a_ta1_stands_alone_between_isa_and_iea() -> None:
    ta1 = InterchangeAcknowledgment(control_number="000000077", date="261121", time="0215", code="A", note="000")
    made = written(ta1)
    segments = made.data.decode().split("~")
    assert segments[1:] == ["TA1*000000077*261121*0215*A*000", "IEA*0*" + segments[0].split("*")[13], ""]
    assert (made.set_controls, made.group_controls) == (("",), ())


def test_a_ta1_whose_values_could_break_the_segment_is_refused() -> None:
    with pytest.raises(NeedsCorrection):
        written(InterchangeAcknowledgment(control_number="1~IEA*", date="261121", time="0215", code="A", note="000"))


def test_a_line_number_or_price_is_never_rounded() -> None:
    with pytest.raises(NeedsCorrection):
        written(with_line(price=Decimal("1.123456789012345678")))
