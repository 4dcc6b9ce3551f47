"""When an invoice is due, as its terms say (ITD, x12-procurement 5), and what is told of terms that decide nothing.

Codes that change the day are decided by lists. What they leave open is left to the ERP's own terms, and that is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ml_connector.documents.common import PaymentTerms
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.edi.framing.values import read_decimal
from ml_connector.edi.mapping.common import ITD

#: ITD01 whose net days count from the basis date: basic, fixed date, discount not applicable, basic discount offered,
#: previously agreed. Others (end of month, proximo, progress payment, on receipt ...) say something else by their days.
_COUNTED = frozenset({"", "01", "03", "05", "08", "14"})
_TYPE_NAMES = {
    "02": "end of month",
    "04": "deferred or instalments",
    "09": "proximo",
    "10": "at once",
    "12": "10 days after the end of the month",
    "20": "progress payment",
    "23": "on receipt of the invoice",
}
#: ITD elements beside the net day that make another one of it.
_DAY_OF_MONTH = 13
_OPEN = {9: "deferred until", 10: "deferred amount", _DAY_OF_MONTH: "day of the month"}
_PERCENT = 11
_DISCOUNT_DUE, _NET_DUE = 4, 6
#: ITD01: whatever discount stands beside it is none.
_NO_DISCOUNT = "05"
#: ITD02: the invoice date, and the dates that a document may have: ship, delivery, invoice receipt, receipt of goods.
_OF_INVOICE = "3"
_BASES = {"1": ("011",), "2": ("035",), "15": ("050",)}
_BASIS_NAMES = {
    "1": "the ship date",
    "2": "the delivery date",
    "4": "a date that is specified elsewhere",
    "5": "the day the invoice was received",
    "15": "the day the goods were received",
    "ZZ": "a date that is agreed",
}
#: A day later than this after the invoice is no due date; a wrong one is worse than the ERP's own.
_LONGEST = timedelta(days=2 * 366)


@dataclass(frozen=True)
class Terms:
    """due: None leaves it to the ERP. told: for people, in words."""

    due: date | None = None
    discount_percent: Decimal | None = None
    discount_until: date | None = None
    told: tuple[str, ...] = ()


def terms_of(invoice: Invoice) -> Terms:
    """What the terms of an invoice come to."""
    due: list[date] = []
    until: list[date] = []
    stated, told = _stated(invoice)
    for terms in stated:
        found, why = _net(invoice, terms)
        due += [found] if found is not None else []
        told += why
        until_day = _discount_until(invoice, terms)
        until += [until_day] if until_day is not None else []
        told += _discount_told(invoice, terms, until_day)
        if terms.description:
            told.append(f"Terms as the supplier writes them: {terms.description}")
    days = sorted(set(due))
    if len(days) > 1:
        told.append(f"The terms name several due dates ({', '.join(map(str, days))}): the ERP's own terms apply.")
    if invoice.terms_discount and not any(one.discount_percent or one.discount_amount for one in stated):
        told.append(f"Discount of {invoice.terms_discount} {invoice.currency}".rstrip() + " by the total (TDS04).")
    percents = {t.discount_percent for t in stated if t.discount_percent and t.kind.strip() != _NO_DISCOUNT}
    return Terms(
        due=days[0] if len(days) == 1 else None,
        discount_percent=next(iter(percents)) if len(percents) == 1 else None,
        discount_until=until[0] if len(set(until)) == 1 else None,
        told=tuple(dict.fromkeys(told)),
    )


def _stated(invoice: Invoice) -> tuple[list[PaymentTerms], list[str]]:
    """The terms of header and lines, and what is told of them. Those of some lines alone are not of the invoice."""
    by_line = [_at_line(line) for line in invoice.lines]
    own = [terms for line in by_line for terms in line]
    if own and not invoice.terms and not all(by_line):
        return [], ["Some lines have terms of their own (ITD), others none: the ERP's own terms apply."]
    stated = [*invoice.terms, *own]
    names = {_NET_DUE: "net due date", _DISCOUNT_DUE: "discount due date"}
    unreadable = [(one, at, name) for one in stated for at, name in names.items() if _kept(one).get(at)]
    return stated, [
        f"The {name} {_kept(one)[at]} of its terms (ITD{at:02d}) is not a date." for one, at, name in unreadable
    ]


def _at_line(line: InvoiceLine) -> list[PaymentTerms]:
    found = []
    for segment in line.extras:
        if segment.segment_id == "ITD":
            values, kept = ITD.read(["ITD", *segment.elements])
            found.append(PaymentTerms(**values, kept=tuple(kept)))
    return found


def _kept(terms: PaymentTerms) -> dict[int, str]:
    """The elements of its ITD that have no field, or do not fit it."""
    return {one.position: one.value.strip() for one in terms.kept if one.segment_id == "ITD"}


def _net(invoice: Invoice, terms: PaymentTerms) -> tuple[date | None, list[str]]:
    """ITD06, else ITD07 from the date that ITD02 names; a part of the amount, or a day of the month, is no due date."""
    if terms.net_due is not None:
        return _net_due(invoice, terms, terms.net_due)
    kind = terms.kind.strip()
    days = f"Net {terms.net_days} days" if terms.net_days is not None else "Terms"
    if kind not in _COUNTED:
        named = f"{days} of terms" if terms.net_days is not None else days
        return None, [f"{named} of type {kind}{_type_name(kind)} (ITD01): the ERP's own terms apply."]
    if left := _left_open(terms, _OPEN):
        return None, [f"{days}, {left}: the ERP's own terms apply."]
    if terms.net_days is None:
        return None, []
    basis, name = _basis(invoice, terms)
    if basis is None:
        return None, [f"{days} from {name}, which the invoice does not say: the ERP's own terms apply."]
    due = _later(basis, terms.net_days)
    return _sensible(invoice, due) if due is not None else (None, [f"{days}: the ERP's own terms apply."])


def _net_due(invoice: Invoice, terms: PaymentTerms, day: date) -> tuple[date | None, list[str]]:
    if left := _left_open(terms, {**_OPEN, _DAY_OF_MONTH: ""}):
        return None, [f"Due {day} by its terms, {left}: the ERP's own terms apply."]
    due, why = _sensible(invoice, day)
    return due, [*why, *_counted_otherwise(invoice, terms)]


def _counted_otherwise(invoice: Invoice, terms: PaymentTerms) -> list[str]:
    """ITD07 that comes to another day than ITD06, which counts."""
    basis, name = _basis(invoice, terms)
    if terms.net_days is None or basis is None or terms.kind.strip() not in _COUNTED:
        return []
    other = _later(basis, terms.net_days)
    if other is None or other == terms.net_due:
        return []
    return [f"Due {terms.net_due} by its terms (ITD06); net {terms.net_days} days from {name} would be {other}."]


def _type_name(kind: str) -> str:
    name = _TYPE_NAMES.get(kind)
    return f", {name}" if name else ""


def _left_open(terms: PaymentTerms, elements: Mapping[int, str]) -> str:
    """What else the terms say that makes another day of them; an element without a name here does not."""
    kept = _kept(terms)
    said = [f"{name} {kept[at]} (ITD{at:02d})" for at, name in elements.items() if name and kept.get(at)]
    percent = read_decimal(kept.get(_PERCENT, ""))
    said += [f"for {kept[_PERCENT]} % of the amount (ITD11)"] if percent is not None and percent != 100 else []
    return ", ".join(said)


def _basis(invoice: Invoice, terms: PaymentTerms) -> tuple[date | None, str]:
    """The date that days count from, and its name."""
    code = terms.basis.strip().upper()
    if code == _OF_INVOICE:
        return invoice.invoice_date, "the invoice date"
    name = _BASIS_NAMES.get(code, f"a date of code {code} (ITD02)" if code else "a date that ITD02 leaves open")
    return _one_day(invoice, _BASES.get(code, ())), name


def _one_day(invoice: Invoice, qualifiers: Sequence[str]) -> date | None:
    """The day that header and lines agree on; a header's goes before those of lines."""
    header = {d.day for d in invoice.dates if d.qualifier in qualifiers and d.day is not None}
    lines = {d.day for line in invoice.lines for d in line.dates if d.qualifier in qualifiers and d.day is not None}
    days = header or lines
    return next(iter(days)) if len(days) == 1 else None


def _sensible(invoice: Invoice, due: date) -> tuple[date | None, list[str]]:
    start = invoice.invoice_date
    if start is not None and not start <= due <= start + _LONGEST:
        return None, [f"Due {due} by its terms, invoiced {start}: the ERP's own terms apply."]
    return due, []


def _discount_until(invoice: Invoice, terms: PaymentTerms) -> date | None:
    if terms.kind.strip() == _NO_DISCOUNT:
        return None
    if terms.discount_due is not None or terms.discount_days is None or terms.kind.strip() not in _COUNTED:
        return terms.discount_due
    basis, _ = _basis(invoice, terms)
    return _later(basis, terms.discount_days) if basis is not None else None


def _later(day: date, days: int) -> date | None:
    """None beyond the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _discount_told(invoice: Invoice, terms: PaymentTerms, until: date | None) -> list[str]:
    parts = [f"{terms.discount_percent.normalize():f} %"] if terms.discount_percent else []
    amount = terms.discount_amount
    parts += [f"{amount} {invoice.currency}".strip()] if amount else []
    if not parts:
        return []
    if terms.kind.strip() == _NO_DISCOUNT:
        return [f"Discount of {' or '.join(parts)}, which the terms say is not applicable (ITD01 {_NO_DISCOUNT})."]
    days = f"within {terms.discount_days} days" if terms.discount_days else "if paid early"
    when = f"until {until}" if until else days
    return [f"Discount of {' or '.join(parts)} {when}."]
