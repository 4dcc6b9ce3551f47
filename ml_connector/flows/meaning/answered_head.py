"""What an answer to an order says beside quantities, prices and days that changes what is owed, or where goods go.

Charges, terms, currencies, totals and places are compared with what was sent; what repeats it differs in nothing. What
cannot be read is no consent. Pure functions.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from ml_connector.documents.common import (
    AllowanceCharge,
    KeptElement,
    KeptSegment,
    Party,
    PaymentTerms,
    named_currencies,
)
from ml_connector.documents.invoice_amounts import CENT, INFORMATION_ONLY, is_tax
from ml_connector.documents.orders import AcknowledgedLine, OrderAcknowledgment
from ml_connector.documents.values.currencies import smallest
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.flows.meaning.answered_lines import Answered, Expected, price_of

#: SAC01 that change nothing (x12-procurement 5): neither, and what is only asked for or offered beside the order.
_NO_CHARGE = frozenset({"N"})
_SHIP_TO = "ST"
#: SLN03 (element 662): the line has another part than was ordered.
_SUBLINES = {"A": "adds", "D": "takes away", "S": "substitutes"}
#: Elements that hold a day: ACK05, DTM02, SCH06, SCH09.
_DAYS = {"ACK": {5}, "DTM": {2}, "SCH": {6, 9}}


def head_differences(answer: OrderAcknowledgment, pairs: Sequence[Answered], expected: Expected) -> dict[str, str]:
    """What differs of the answer as a whole, each in words."""
    found: dict[str, str] = {}
    others = [
        code for code in named_currencies(answer, (answer, *answer.lines)) if code != expected.currency.strip().upper()
    ]
    if others and expected.currency:
        found["currency"] = f"{expected.currency} -> {', '.join(others)}"
    if charges := _charged(answer.allowances, expected.allowances):
        found["charges"] = charges
    if terms := _terms(answer.terms, expected.terms):
        found["terms"] = terms
    if place := _elsewhere(answer.parties, expected.parties):
        found["ship-to"] = place
    if total := _total(answer, pairs, expected):
        found["total"] = total
    if days := _unreadable(answer.dates):
        found["date"] = days
    return found


def line_differences(one: Answered) -> dict[str, str]:
    """What differs of a line beside its quantity, price and days."""
    found: dict[str, str] = {}
    ordered = one.ordered.allowances if one.ordered is not None else ()
    if charges := _charged([charge for line in one.lines for charge in line.allowances], ordered):
        found["charges"] = charges
    if days := _unreadable(_dated(one.lines)):
        found["date"] = days
    if parts := [part for line in one.lines for part in _sublines(line.extras)]:
        found["parts"] = ", ".join(dict.fromkeys(parts))
    places = [place for line in one.lines if (place := _elsewhere(line.parties, _parties(one)))]
    if places:
        found["ship-to"] = ", ".join(dict.fromkeys(places))
    return found


def _parties(one: Answered) -> Sequence[Party]:
    return one.ordered.parties if one.ordered is not None else ()


def _charged(said: Sequence[AllowanceCharge], ordered: Sequence[AllowanceCharge]) -> str:
    """Charges and allowances that were not ordered. Taxes follow from the order; what is told only changes nothing."""
    left = list(ordered)
    new: list[str] = []
    for one in said:
        if str(one.kind).strip().upper() in _NO_CHARGE or one.handling == INFORMATION_ONLY or is_tax(one):
            continue
        repeated = next((other for other in left if _repeats(one, other)), None)
        if repeated is not None:
            left.remove(repeated)
        elif one.amount or one.percent or one.rate or (one.amount, one.percent, one.rate) == (None, None, None):
            new.append(_charge_text(one))
    return f"not ordered: {', '.join(new)}" if new else ""


def _repeats(one: AllowanceCharge, ordered: AllowanceCharge) -> bool:
    """Whether it is the ordered one: of its kind and code, and the same in the first figure that both have."""
    if (str(one.kind).strip().upper(), one.code.strip().upper()) != (str(ordered.kind).upper(), ordered.code.upper()):
        return False
    figures = ((one.amount, ordered.amount), (one.percent, ordered.percent), (one.rate, ordered.rate))
    none_at_all = all(figure is None for pair in figures for figure in pair)
    return next((own == other for own, other in figures if own is not None and other is not None), none_at_all)


def _charge_text(one: AllowanceCharge) -> str:
    what = {"A": "allowance", "C": "charge"}.get(str(one.kind).strip().upper(), f"SAC {one.kind}")
    amount = decimal_text(one.amount) if one.amount is not None else ""
    percent = f"{decimal_text(one.percent)} %" if one.percent is not None else ""
    rate = f"{decimal_text(one.rate)} a piece" if one.rate is not None else ""
    return " ".join(part for part in (what, one.code or one.description, amount or percent or rate) if part)


def _terms(said: Sequence[PaymentTerms], ordered: Sequence[PaymentTerms]) -> str:
    """Days, dates and discounts that differ from those that were sent; those of terms sent as text are not known."""
    sent = {_figures(one) for one in ordered} - {()}
    answered = {_figures(one) for one in said} - {()}
    if not sent or not answered or answered <= sent:
        return ""
    return f"{_shown(sent)} -> {_shown(answered)}"


def _figures(one: PaymentTerms) -> tuple[tuple[str, str], ...]:
    named = {
        "net": one.net_due or one.net_days,
        "discount %": one.discount_percent,
        "discount until": one.discount_due or one.discount_days,
        "discount": one.discount_amount,
    }
    return tuple(
        (name, f"{value:f}" if isinstance(value, Decimal) else str(value)) for name, value in named.items() if value
    )


def _shown(terms: Iterable[tuple[tuple[str, str], ...]]) -> str:
    return "; ".join(", ".join(f"{name} {value}" for name, value in one) for one in sorted(terms))


def _elsewhere(said: Sequence[Party], ordered: Sequence[Party]) -> str:
    """Another place than the one that was sent (N1*ST), told by a code of the same scheme."""
    sent = {one.id_scheme: one.id.strip() for one in ordered if one.role.upper() == _SHIP_TO and one.id.strip()}
    places = [one for one in said if one.role.upper() == _SHIP_TO and one.id.strip()]
    others = [one.id.strip() for one in places if sent.get(one.id_scheme, one.id.strip()) != one.id.strip()]
    return f"{', '.join(sorted(sent.values()))} -> {', '.join(dict.fromkeys(others))}" if others else ""


def _total(answer: OrderAcknowledgment, pairs: Sequence[Answered], expected: Expected) -> str:
    """AMT*TT that is neither the sum of the ordered lines nor what was sent as the total, nor that with taxes."""
    unusual = any(one.segment_id == "CTT/AMT" and one.position == 1 for one in answer.kept)
    if answer.total is None or unusual or len({id(one.ordered) for one in pairs}) != len(expected.lines):
        return ""
    amounts = [
        (line.quantity or Decimal(0)) * price for line in expected.lines if (price := price_of(line)) is not None
    ]
    if len(amounts) != len(expected.lines) or answer.taxes or any(is_tax(one) for one in answer.allowances):
        return ""
    goods = sum(amounts, Decimal(0))
    known = [goods, *([expected.total] if expected.total is not None else [])]
    known += [one + sum((c.signed_amount for c in answer.allowances), Decimal(0)) for one in known]
    step = max(CENT, smallest(expected.currency))
    if any(abs(answer.total - one) <= step * max(1, len(amounts)) for one in known):
        return ""
    return f"{decimal_text(goods)} -> {decimal_text(answer.total)}"


def _sublines(extras: Iterable[KeptSegment]) -> Iterator[str]:
    for one in extras:
        if one.segment_id == "SLN" and len(one.elements) > 2 and one.elements[2].strip().upper() in _SUBLINES:
            yield f"{_SUBLINES[one.elements[2].strip().upper()]} subline {one.elements[0]} (SLN03 {one.elements[2]})"


def _dated(lines: Sequence[AcknowledgedLine]) -> Iterator[object]:
    for line in lines:
        yield from line.dates
        yield from line.schedules
        for answer in line.answers:
            yield answer
            yield from answer.dates


def _unreadable(records: Iterable[object]) -> str:
    """Days that are none, as they were sent."""
    found = [one.value for record in records for one in _kept(record) if one.position in _DAYS.get(one.segment_id, ())]
    return ", ".join(f"{value} is not a date" for value in dict.fromkeys(found))


def _kept(record: object) -> Sequence[KeptElement]:
    kept: Sequence[KeptElement] = getattr(record, "kept", ())
    return kept
