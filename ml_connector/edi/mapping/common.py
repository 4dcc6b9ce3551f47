"""Segments that several sets share: references, dates, parties, allowances, taxes, terms (x12-procurement 5)."""

from decimal import Decimal
from typing import Any

from ml_connector.documents.common import (
    AllowanceCharge,
    AllowanceKind,
    Contact,
    DateReference,
    KeptElement,
    Party,
    PaymentTerms,
    Reference,
    Tax,
)
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.framing.values import read_decimal, write_decimal
from ml_connector.edi.mapping.fields import (
    CENTS,
    DAY,
    INTEGER,
    NUMBER,
    TIME,
    Codec,
    Field,
    SegmentMap,
    coded,
)
from ml_connector.edi.mapping.scopes import Flat, Many, One, Reading, Scope, Slot, Unit

REF = SegmentMap("REF", Field(1, "qualifier"), Field(2, "value"), Field(3, "description"))
DTM = SegmentMap("DTM", Field(1, "qualifier"), Field(2, "day", DAY), Field(3, "at", TIME), Field(4, "zone"))

REFERENCES = Many("references", Reference, REF)
DATES = Many("dates", DateReference, DTM)


def currency(whose: str) -> One:
    """CUR: whose currency it usually is (BY in orders, SE in answers and invoices) and the currency."""
    return One(SegmentMap("CUR", Field(1, "", usual=whose), Field(2, "currency")))


def currency_of_lines(values: dict[str, Any]) -> None:
    """Where the header names no currency but all lines that name one agree, that is the document's."""
    if values.get("currency"):
        return
    found = {
        extra.elements[1]
        for line in values.get("lines", ())
        for extra in line.extras
        if extra.segment_id == "CUR" and len(extra.elements) > 1
    }
    if len(found) == 1:
        values["currency"] = found.pop()


class Contacts(Slot):
    """PER: function, name and up to three numbers, each with its type."""

    segment_id = "PER"
    name = "contacts"

    def take(self, segment: Segment, reading: Reading) -> bool:
        elements = [*segment.elements, *[""] * 8][:9]
        numbers = tuple(
            Reference(qualifier=elements[i], value=elements[i + 1]) for i in (3, 5, 7) if elements[i] or elements[i + 1]
        )
        kept = tuple(
            KeptElement(segment_id="PER", position=position, value=text)
            for position, text in enumerate(segment.elements)
            if position > 8 and text
        )
        reading.add(
            "contacts",
            Contact(function=elements[1], name=elements[2], numbers=numbers, kept=kept),
        )
        return True

    def give(self, record: object) -> list[Unit]:
        contacts: tuple[Contact, ...] = getattr(record, "contacts", ())
        return [Unit(contact_elements(contact)) for contact in contacts]


def contact_elements(contact: Contact) -> list[str]:
    """PER with the first three numbers."""
    elements = ["PER", contact.function, contact.name]
    for number in contact.numbers[:3]:
        elements += [number.qualifier, number.value]
    for kept in contact.kept:
        elements += [""] * (kept.position + 1 - len(elements))
        elements[kept.position] = kept.value
    while len(elements) > 1 and not elements[-1]:
        elements.pop()
    return elements


N4 = SegmentMap("N4", Field(1, "city"), Field(2, "region"), Field(3, "postal_code"), Field(4, "country"))

PARTIES = Scope(
    Party,
    SegmentMap("N1", Field(1, "role"), Field(2, "name"), Field(3, "id_scheme"), Field(4, "id")),
    [Flat("more_names", "N2"), Flat("street", "N3"), One(N4), REFERENCES, Contacts()],
    name="parties",
)


def _read_percent(text: str) -> Decimal | None:
    """TXI03 is a fraction in the standard, .07; many partners send 7 (x12-procurement 5). Below 1 it is a fraction."""
    value = read_decimal(text)
    if value is None:
        return None
    return value * 100 if abs(value) < 1 else value


def _write_percent(value: Decimal) -> str:
    return write_decimal(value.scaleb(-2))


TXI = SegmentMap(
    "TXI",
    Field(1, "kind"),
    Field(2, "amount", NUMBER),
    Field(3, "percent", Codec(_read_percent, _write_percent)),
    Field(4, "jurisdiction_source"),
    Field(5, "jurisdiction"),
    Field(6, "exempt"),
    Field(7, "relationship"),
    Field(8, "basis", NUMBER),
    Field(9, "tax_id"),
)
TAXES = Many("taxes", Tax, TXI)

SAC = SegmentMap(
    "SAC",
    Field(1, "kind", coded(AllowanceKind)),
    Field(2, "code"),
    Field(3, "agency"),
    Field(4, "agency_code"),
    Field(5, "amount", CENTS),
    Field(6, "percent_basis"),
    Field(7, "percent", NUMBER),
    Field(8, "rate", NUMBER),
    Field(9, "rate_unit"),
    Field(10, "rate_quantity", NUMBER),
    Field(12, "handling"),
    Field(13, "reference"),
    Field(15, "description"),
)


def _kind_said(values: dict[str, Any]) -> None:
    values.setdefault("kind", AllowanceKind(""))


ALLOWANCES = Scope(AllowanceCharge, SAC, [TAXES], name="allowances", after_read=_kind_said)

ITD = SegmentMap(
    "ITD",
    Field(1, "kind"),
    Field(2, "basis"),
    Field(3, "discount_percent", NUMBER),
    Field(4, "discount_due", DAY),
    Field(5, "discount_days", INTEGER),
    Field(6, "net_due", DAY),
    Field(7, "net_days", INTEGER),
    Field(8, "discount_amount", CENTS),
    Field(12, "description"),
)
TERMS = Many("terms", PaymentTerms, ITD)
