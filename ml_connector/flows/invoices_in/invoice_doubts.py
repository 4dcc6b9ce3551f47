"""What makes an invoice doubtful by itself: nothing to pay, a date far ahead, two currencies, another's number.

Pure functions; each raises NeedsCorrection with what contradicts what.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Reference, named_currencies
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.reference import Vendor
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning import price_bases
from ml_connector.flows.meaning.supplier_named import check_supplier

#: Who sends an invoice, as N101 names it; a party to pay (RE, PE) may rightly be somebody else.
_SELLERS = frozenset({"SE", "SU", "VN", "II"})
#: Segment and element of what is to be done with an invoice, and the one code that says no more than that there is one.
_ACTION, _ADDED = ("BIG", 9), "1"


def check_itself(invoice: Invoice, partner: Partner, vendor: Vendor, today: date, days_ahead: int) -> None:
    """Raises NeedsCorrection for an invoice that contradicts itself, its sender or the calendar."""
    _check_zero(invoice)
    _check_date(invoice, today + timedelta(days=days_ahead))
    _check_action(invoice, partner)
    _check_orders_named(invoice)
    _check_price_bases(invoice)
    check_one_currency(invoice)
    parties = [*invoice.parties, *(party for line in invoice.lines for party in line.parties)]
    check_supplier(invoice.references, parties, _SELLERS, partner, vendor)


def _check_zero(invoice: Invoice) -> None:
    if invoice.total is not None and not invoice.total:
        raise NeedsCorrection(
            Reason.ZERO_INVOICE,
            f"Invoice {invoice.number} asks for nothing: its total is 0.",
            remedy="Ask the supplier what it is for; book what belongs in the books by hand, then discard this.",
            data={"number": invoice.number},
        )


def _check_date(invoice: Invoice, latest: date) -> None:
    if invoice.invoice_date is not None and invoice.invoice_date > latest:
        raise NeedsCorrection(
            Reason.INVOICE_DATE_AHEAD,
            f"Invoice {invoice.number} is dated {invoice.invoice_date}, later than {latest}.",
            remedy="Ask the supplier for the right date (BIG01) and discard this one; if the date is meant, raise "
            "invoices_in.days_ahead.",
            data={"number": invoice.number, "date": invoice.invoice_date.isoformat(), "latest": latest.isoformat()},
        )


def _check_action(invoice: Invoice, partner: Partner) -> None:
    """BIG09 (element 306) says what is to be done with the invoice: added, changed, deleted ..."""
    code = next((one.value.strip().upper() for one in invoice.kept if (one.segment_id, one.position) == _ACTION), "")
    if code and partner.invoice_actions.get(code, "first" if code == _ADDED else "held") == "held":
        raise NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"Invoice {invoice.number} has the action {code} (BIG09), which is not known to mean a first invoice.",
            remedy="Ask the supplier what it means. If it says no more than that there is an invoice, say so in the "
            f"partner's file (`invoice_actions: {{{code}: first}}`); else put it right in the ERP by hand and discard "
            "this.",
            data={"number": invoice.number, "element": "BIG09", "code": code},
        )


def _check_orders_named(invoice: Invoice) -> None:
    """The order is one and the same wherever it is named: BIG04 and REF*PO, the ids of IT1 and the REF*PO below it.

    Several REF*PO of the whole invoice are right where every line says its own.
    """
    for at, line in enumerate(invoice.lines, 1):
        others = _other_orders(line.references, {line.order_number})
        if line.order_number and others:
            raise _orders_contradict(invoice, line.order_number, others, f"line {at}")
    others = _other_orders(invoice.references, {invoice.order_number, *(line.order_number for line in invoice.lines)})
    if others and invoice.order_number and not all(line.order_number for line in invoice.lines):
        raise _orders_contradict(invoice, invoice.order_number, others, "")


def _other_orders(references: Iterable[Reference], named: Iterable[str]) -> list[str]:
    """Orders that REF*PO names beside those that are named."""
    known = {_as_order(number) for number in named}
    numbers = (one.value.strip() for one in references if one.qualifier.strip().upper() == "PO")
    return list(dict.fromkeys(number for number in numbers if number and _as_order(number) not in known))


def _as_order(number: str) -> str:
    return number.strip().casefold().lstrip("0")


def _orders_contradict(invoice: Invoice, order: str, others: list[str], place: str) -> NeedsCorrection:
    where = f" of {place}" if place else ""
    return NeedsCorrection(
        Reason.ORDER_LINE_CONTRADICTED,
        f"Invoice {invoice.number} names purchase order {order}, and {', '.join(others[:5])} in REF PO{where}.",
        remedy="Ask the supplier which order is meant and for an invoice that says so, or book it by hand; discard "
        "this one.",
        data={"number": invoice.number, "order": order, "others": others[:20], "place": place},
    )


def _check_price_bases(invoice: Invoice) -> None:
    if (found := price_bases.undecided(invoice.lines)) is not None:
        raise NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"Invoice {invoice.number} {found.told}.",
            remedy=f"{found.remedy}, or book it by hand and discard it here.",
            data={"number": invoice.number, "element": "IT105", "code": found.code, "line": found.line},
        )


# ---------------------------------------------------------------------- currencies


def check_one_currency(invoice: Invoice) -> None:
    """All currencies that an invoice names, wherever it does, are one (CUR02, CUR05; x12-procurement 3)."""
    found = named_currencies(invoice, (invoice, *invoice.lines))
    if len(found) > 1:
        raise NeedsCorrection(
            Reason.CURRENCY_MISMATCH,
            f"Invoice {invoice.number} names several currencies: {', '.join(found)}.",
            remedy="Ask the supplier for an invoice in one currency, or enter it by hand and discard it here.",
            data={"number": invoice.number, "named": found},
        )
