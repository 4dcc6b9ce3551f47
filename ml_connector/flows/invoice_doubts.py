"""What makes an invoice doubtful by itself: nothing to pay, a date far ahead, two currencies, another's number.

Pure functions; each raises NeedsMending with what contradicts what.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from ml_connector.config.partners import Partner
from ml_connector.documents.common import KeptElement, KeptSegment, Party, Reference
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.reference import Vendor
from ml_connector.errors import NeedsMending, Reason

#: Who sends an invoice, as N101 names it; a party to pay (RE, PE) may rightly be somebody else.
_SELLERS = frozenset({"SE", "SU", "VN", "II"})
#: REF01 of a supplier's number with its customer: vendor id, internal vendor number, supplier.
_SUPPLIER_NUMBERS = frozenset({"VR", "IA", "ZA"})
#: N103 of an id that the buyer gave.
_GIVEN_BY_BUYER = "92"
_VAT_NUMBER = "VX"


def check_itself(invoice: Invoice, partner: Partner, vendor: Vendor, today: date, days_ahead: int) -> None:
    """Raises NeedsMending for an invoice that contradicts itself, its sender or the calendar."""
    _check_zero(invoice)
    _check_date(invoice, today + timedelta(days=days_ahead))
    check_one_currency(invoice)
    _check_supplier(invoice, partner, vendor)


def _check_zero(invoice: Invoice) -> None:
    if invoice.total is not None and not invoice.total:
        raise NeedsMending(
            Reason.ZERO_INVOICE,
            f"Invoice {invoice.number} asks for nothing: its total is 0.",
            mend="Ask the supplier what it is for; book what belongs in the books by hand, then discard this.",
            data={"number": invoice.number},
        )


def _check_date(invoice: Invoice, latest: date) -> None:
    if invoice.invoice_date is not None and invoice.invoice_date > latest:
        raise NeedsMending(
            Reason.INVOICE_DATE_AHEAD,
            f"Invoice {invoice.number} is dated {invoice.invoice_date}, later than {latest}.",
            mend="Ask the supplier for the right date (BIG01) and discard this one; if the date is meant, raise "
            "invoices_in.days_ahead.",
            data={"number": invoice.number, "date": invoice.invoice_date.isoformat(), "latest": latest.isoformat()},
        )


# ---------------------------------------------------------------------- currencies


def check_one_currency(invoice: Invoice) -> None:
    """All currencies that an invoice names, wherever it does, are one (CUR02, CUR05; x12-procurement 3)."""
    found = sorted({code.strip().upper() for code in _currencies(invoice) if code.strip()})
    if len(found) > 1:
        raise NeedsMending(
            Reason.CURRENCY_MISMATCH,
            f"Invoice {invoice.number} names several currencies: {', '.join(found)}.",
            mend="Ask the supplier for an invoice in one currency, or enter it by hand and discard it here.",
            data={"number": invoice.number, "named": found},
        )


def _currencies(invoice: Invoice) -> Iterator[str]:
    yield invoice.currency
    yield from _kept(invoice.kept)
    yield from _in_segments(invoice.extras)
    for charge in invoice.allowances:
        yield from _in_segments(charge.extras)
    for party in invoice.parties:
        yield from _in_segments(party.extras)
    for line in invoice.lines:
        yield from _in_segments(line.extras)
        for charge in line.allowances:
            yield from _in_segments(charge.extras)
        for party in line.parties:
            yield from _in_segments(party.extras)


def _kept(elements: Iterable[KeptElement]) -> Iterator[str]:
    yield from (one.value for one in elements if one.segment_id == "CUR" and one.position == 5)


def _in_segments(segments: Iterable[KeptSegment]) -> Iterator[str]:
    for segment in segments:
        if segment.segment_id == "CUR":
            yield from (segment.elements[at] for at in (1, 4) if at < len(segment.elements))
        yield from _in_segments(segment.inside)


# ---------------------------------------------------------------------- whose invoice it is


def _check_supplier(invoice: Invoice, partner: Partner, vendor: Vendor) -> None:
    """Numbers that name another supplier than the partner's."""
    ours = {_plain(name) for name in _names(partner)}
    for place, number in _supplier_numbers(invoice):
        if _plain(number) not in ours:
            raise _contradicted(place, number, vendor.code)
    known = _vat(vendor.vat_number)
    for place, number in _vat_numbers(invoice):
        if known and _vat(number) != known:
            raise _contradicted(place, number, vendor.vat_number)


def _names(partner: Partner) -> Iterator[str]:
    """What a document may call the partner."""
    yield from (partner.vendor, partner.name, partner.title, partner.identity.id, partner.identity.group)
    if partner.test_identity is not None:
        yield from (partner.test_identity.id, partner.test_identity.group)
    yield from partner.supplier_numbers


def _supplier_numbers(invoice: Invoice) -> Iterator[tuple[str, str]]:
    yield from _of(invoice.references, "REF", _SUPPLIER_NUMBERS)
    for party in _sellers(invoice):
        if party.id_scheme == _GIVEN_BY_BUYER and party.id.strip():
            yield f"N1*{party.role}", party.id
        yield from _of(party.references, f"N1*{party.role} REF", _SUPPLIER_NUMBERS)


def _vat_numbers(invoice: Invoice) -> Iterator[tuple[str, str]]:
    for party in _sellers(invoice):
        yield from _of(party.references, f"N1*{party.role} REF", frozenset({_VAT_NUMBER}))


def _sellers(invoice: Invoice) -> Iterator[Party]:
    for parties in (invoice.parties, *(line.parties for line in invoice.lines)):
        yield from (party for party in parties if party.role.upper() in _SELLERS)


def _of(references: Iterable[Reference], place: str, qualifiers: frozenset[str]) -> Iterator[tuple[str, str]]:
    for one in references:
        if one.qualifier.upper() in qualifiers and one.value.strip():
            yield f"{place}*{one.qualifier}", one.value


def _plain(number: str) -> str:
    """Without what people and programs add to a number: leading zeros, blanks, capitals or none."""
    text = "".join(number.split()).casefold()
    return text.lstrip("0") or text


def _vat(number: str) -> str:
    return "".join(c for c in number if c.isalnum()).casefold()


def _contradicted(place: str, number: str, known: str) -> NeedsMending:
    return NeedsMending(
        Reason.SUPPLIER_CONTRADICTED,
        f"{place} names supplier {number[:40]}; the partner is supplier {known}.",
        mend="Find out whose invoice it is. A number that the partner uses for itself goes under `supplier_numbers` of "
        "its file; what is another supplier's is entered by hand and discarded here.",
        data={"place": place, "named": number[:40], "supplier": known},
    )
