"""Invoices beside those that came before: cancelled, replaced, corrected, repeated, summed up, or probably the same.

What a supplier takes back or corrects is held and shown beside what it refers to, whether that was posted, is held, or
never came; and what it refers to is held too, as long as it is not posted. Nothing is posted a second time by itself.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind, Purpose
from ml_connector.documents.invoice_amounts import to_the_cent
from ml_connector.documents.invoices import Invoice
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows.context import Integration
from ml_connector.flows.earlier_documents import (
    GIVEN_UP,
    IN_ITS_PLACE,
    LINES_SHOWN,
    TAKES_BACK,
    About,
    about,
    entries_of,
    folded,
    given_up,
    names,
    taken_back_by,
    taken_back_by_held,
    wake_originals,
)
from ml_connector.flows.meanings import CORRECTING_TYPES, PURPOSES, purpose_of, type_of
from ml_connector.flows.stored import stored
from ml_connector.ledger import earlier, naming
from ml_connector.ledger.documents import DocumentRow
from ml_connector.ledger.states import DocumentState as S

#: REF01 of the invoice that a credit, correction or replacement is about (x12-procurement 8).
ORIGINAL = ("OI", "IV")
#: BIG07 that sums up others: what they name may be here already.
_SUMS_UP, _SUMS_UP_CREDITS = frozenset({"CI", "CD"}), frozenset({"CE", "CG"})
#: How an original is told.
_FACTS = "document {document}, {state}, total {total}, this one {difference} more"
_ON_ITS_WAY = frozenset({S.MATCHED, S.CODED, S.POSTING, S.POSTED, S.UNKNOWN_OUTCOME})


@dataclass(frozen=True)
class Earlier:
    """What the ledger has beside a batch of invoices, read once. same_number: by supplier, whichever of its partner
    files they came under. taken_back: by partner and number, the document that takes it back. suppliers: account at the
    ERP by partner key.
    """

    suppliers: Mapping[str, str] = field(default_factory=dict)
    same_number: Mapping[tuple[str, str], Sequence[DocumentRow]] = field(default_factory=dict)
    same_amount: Mapping[tuple[str, Any, Any], Sequence[DocumentRow]] = field(default_factory=dict)
    taken_back: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def supplier(self, row: DocumentRow) -> str:
        """Whose invoice a document is at the ERP, as far as its partner's file tells."""
        return self.suppliers.get(row.partner_key, "") or row.partner_key


def earlier_of(integration: Integration, rows: Sequence[DocumentRow]) -> Earlier:
    """What the ledger has beside these."""
    with integration.ledger.read() as tx:
        numbered = earlier.received_numbered(tx, integration.books, DocumentKind.INVOICE, {row.number for row in rows})
        amounts = {row.amount for row in rows if row.amount}
        days = {row.business_date for row in rows if row.business_date is not None}
        alike = earlier.invoices_of_amounts(tx, integration.books, amounts, days)
        known = Earlier({one.key: one.account for one in naming.counterparties(tx, integration.books)})
    by_number: dict[tuple[str, str], list[DocumentRow]] = {}
    for row in numbered:
        by_number.setdefault((known.supplier(row), folded(row.number)), []).append(row)
    by_amount: dict[tuple[str, Any, Any], list[DocumentRow]] = {}
    for row in alike:
        by_amount.setdefault((row.partner_key, row.amount, row.business_date), []).append(row)
    return replace(known, same_number=by_number, same_amount=by_amount, taken_back=taken_back(integration, rows))


def taken_back(integration: Integration, rows: Sequence[DocumentRow] = ()) -> dict[tuple[str, str], int]:
    """Which invoices a supplier has taken back, by documents that are held for it and by those of this batch."""
    with integration.ledger.read() as tx:
        held = earlier.received_held_for(tx, integration.books, DocumentKind.INVOICE, Reason.NOT_A_FIRST_INVOICE)
    found = taken_back_by_held(held)
    for row in rows:
        if not _may_take_back(row.canonical):
            continue
        partner = integration.partner_of(row)
        told = about_of(stored(row.kind, row.canonical, Invoice), partner, is_flat(row)) if partner else None
        if told is not None and told.does in TAKES_BACK:
            found |= {(row.partner_key, number): row.id for number in told.numbers}
    return found


def _may_take_back(canonical: str) -> bool:
    """A cheap look: most invoices say neither."""
    if '"purpose"' not in canonical and '"type"' not in canonical:
        return False
    header = json.loads(canonical or "{}")
    return str(header.get("purpose", "00")) != "00" or type_of(str(header.get("type", ""))) in CORRECTING_TYPES


def is_flat(row: DocumentRow) -> bool:
    """Of a flat file: there `original_invoice` says what it is; in X12 BIG10 is another thing for most."""
    return row.interchange_id is None


def about_of(invoice: Invoice, partner: Partner, flat: bool) -> About | None:
    """What an invoice does to others by its purpose or type; None for a first one."""
    purpose, code = purpose_of(invoice), type_of(invoice.type)
    if purpose not in {"", Purpose.ORIGINAL}:
        does, told = PURPOSES.get(purpose, "is said to be something else than"), f"BIG08 {purpose}"
    elif code in CORRECTING_TYPES and partner.invoice_types.get(code, "held") == "held":
        does, told = CORRECTING_TYPES[code], f"BIG07 {code}"
    else:
        return None
    return about(does, told, invoice.number, originals_named(invoice, partner, flat))


def originals_named(invoice: Invoice, partner: Partner, flat: bool) -> tuple[str, ...]:
    """The invoices that this one names as those it is about, each once: REF*OI, REF*IV; BIG10 by the partner's file."""
    found = [invoice.original_invoice] if flat or partner.original_in_big10 else []
    references = [*invoice.references, *(one for line in invoice.lines for one in line.references)]
    found += [one.value for one in references if one.qualifier.upper() in ORIGINAL]
    own = folded(invoice.number)
    return tuple(dict.fromkeys(one.strip() for one in found if one.strip() and folded(one) != own))


def check_against_earlier(
    integration: Integration, row: DocumentRow, invoice: Invoice, partner: Partner, known: Earlier, *, by_hand: bool
) -> Invoice:
    """The invoice as it is posted: a replacement counts as a first one once its original was given up by a person.

    by_hand: a person asked for it.

    Raises:
        NeedsMending: it is about another one, is taken back by another one, or came before in other words.
    """
    told = about_of(invoice, partner, is_flat(row))
    if told is not None:
        return _about_another(integration, row, invoice, told, by_hand=by_hand)
    by = known.taken_back.get((row.partner_key, folded(row.number)))
    if by is not None and by != row.id:
        raise taken_back_by(row, by, "invoice")
    _check_summed_up(integration, row, invoice, partner)
    _check_same_number(row, known)
    if partner.similar_numbers == "held":
        _check_similar(row, invoice, known)
    return invoice


def _about_another(
    integration: Integration, row: DocumentRow, invoice: Invoice, about: About, *, by_hand: bool
) -> Invoice:
    with integration.ledger.read() as tx:
        found = earlier.received_numbered(tx, integration.books, DocumentKind.INVOICE, {*about.named, invoice.number})
        originals = [
            one
            for one in found
            if one.id != row.id
            and one.partner_key == row.partner_key
            and folded(one.number) in about.numbers
            and one.state is not S.REJECTED
            and not _may_take_back(one.canonical)
        ]
        entries = entries_of(tx, originals, integration.erp.bill_kinds)
    if about.does in IN_ITS_PLACE and by_hand and given_up(originals):
        return invoice.model_copy(update={"purpose": Purpose.ORIGINAL})
    shown = [_shown(one, invoice, entries.get(one.id, "")) for one in originals]
    wake_originals(integration, originals)
    raise NeedsMending(
        Reason.NOT_A_FIRST_INVOICE,
        f"Invoice {row.number} {about.does} {names(about, shown, _FACTS)} ({about.code}).",
        mend=_mend(about.does, originals),
        data={
            "does": about.does,
            "code": about.code,
            "named": list(about.named),
            "refers_to": list(about.numbers),
            "originals": shown,
        },
    )


def _mend(does: str, originals: Sequence[DocumentRow]) -> str:
    if any(one.state is S.POSTED for one in originals):
        return (
            "The original is posted: put it right in the ERP by hand (reverse it, enter the difference), then "
            "discard this."
        )
    if any(one.state not in GIVEN_UP for one in originals):
        again = " Then replay this, and it is posted in its place." if does == "replaces" else ""
        return f"Neither is posted. If the supplier's word counts, discard the original.{again} If not, discard this."
    return (
        "Ask the supplier which original is meant and look for it in the ERP; put it right by hand, then discard this."
    )


def _shown(original: DocumentRow, invoice: Invoice, entry: str) -> dict[str, Any]:
    """An original as it is shown beside the invoice that is about it."""
    before = stored(original.kind, original.canonical, Invoice)
    total = to_the_cent(before.total or Decimal(0))
    difference = to_the_cent(invoice.total or Decimal(0)) - total
    return {
        "document": original.id,
        "number": original.number,
        "state": str(original.state),
        "reason": original.reason or "",
        "posted_as": entry,
        "date": before.invoice_date.isoformat() if before.invoice_date else "",
        "total": str(total),
        "difference": str(difference),
        "lines": _line_differences(before, invoice)[:LINES_SHOWN],
    }


def _line_differences(before: Invoice, after: Invoice) -> list[dict[str, str]]:
    """What differs line by line, by position."""
    found = []
    for at in range(max(len(before.lines), len(after.lines))):
        was = before.lines[at] if at < len(before.lines) else None
        now = after.lines[at] if at < len(after.lines) else None
        told = [f"{one.quantity} x {one.price}" if one is not None else "" for one in (was, now)]
        if told[0] != told[1]:
            found.append({"line": str(at + 1), "was": told[0], "now": told[1]})
    return found


def _check_summed_up(integration: Integration, row: DocumentRow, invoice: Invoice, partner: Partner) -> None:
    """A consolidated invoice or credit that names one that we have would be posted a second time."""
    code = type_of(invoice.type)
    if code not in _SUMS_UP | _SUMS_UP_CREDITS:
        return
    named = originals_named(invoice, partner, is_flat(row))
    if not named:
        return
    with integration.ledger.read() as tx:
        found = earlier.received_numbered(tx, integration.books, DocumentKind.INVOICE, named)
    here = [
        one
        for one in found
        if one.partner_key == row.partner_key
        and one.id != row.id
        and one.state not in GIVEN_UP
        and (code in _SUMS_UP or stored(one.kind, one.canonical, Invoice).is_credit)
    ]
    if here:
        raise NeedsMending(
            Reason.NOT_A_FIRST_INVOICE,
            f"Invoice {row.number} sums up others (BIG07 {code}), of which {len(here)} came already: "
            f"{', '.join(one.number for one in here[:5])}.",
            mend="Look which of them are posted; enter what is left by hand, then discard this.",
            data={
                "does": "sums up",
                "code": f"BIG07 {code}",
                "named": list(named),
                "originals": [_shown(one, invoice, "") for one in here[:LINES_SHOWN]],
            },
        )


def _check_same_number(row: DocumentRow, known: Earlier) -> None:
    """One of this number that has another identity, as by its type or the partner file that it came under, and is on
    its way to the books or there; of two that are looked at together the first one goes.
    """
    for one in known.same_number.get((known.supplier(row), folded(row.number)), ()):
        first = one.state is S.PARSED and one.id < row.id
        if one.id == row.id or not (first or one.state in _ON_ITS_WAY) or one.business_key == row.business_key:
            continue
        how = "with other content" if one.partner_key == row.partner_key else f"from {one.partner}, the same supplier"
        raise NeedsMending(
            Reason.DUPLICATE_INVOICE_NUMBER,
            f"Number {row.number} came before {how}.",
            mend="Ask the supplier which one counts; discard the other.",
            data={"number": row.number, "earlier_document": one.id},
        )


def _check_similar(row: DocumentRow, invoice: Invoice, known: Earlier) -> None:
    """An earlier one of the same amount and day whose number only looks different."""
    for one in known.same_amount.get((row.partner_key, row.amount, row.business_date), ()):
        if one.id >= row.id or one.state in GIVEN_UP or folded(one.number) == folded(row.number):
            continue
        if similar(one.number) != similar(row.number):
            continue
        if stored(one.kind, one.canonical, Invoice).is_credit != invoice.is_credit:
            continue
        raise NeedsMending(
            Reason.PROBABLY_THE_SAME,
            f"Invoice {row.number} is probably {one.number} (document {one.id}, {one.state}): the same amount "
            f"{row.amount} and day, and a number that differs in zeros or punctuation only.",
            mend="If it is the same, discard this one. If both are right, set `similar_numbers: ignored` in the "
            "partner's file and replay it.",
            data={"number": row.number, "earlier_document": one.id, "earlier_number": one.number},
        )


def similar(number: str) -> str:
    """A number without what is added or left out by the way: leading zeros of its parts, punctuation, capitals."""
    return "".join(part.lstrip("0") or "0" for part in re.findall(r"[0-9]+|[^\W\d_]+", number.casefold()))


def hold_taken_back(integration: Integration, rows: Sequence[DocumentRow]) -> dict[int, NeedsMending]:
    """Those of these invoices, about to be posted, that their supplier has taken back meanwhile."""
    known = taken_back(integration)
    if not known:
        return {}
    found = {row.id: known.get((row.partner_key, folded(row.number))) for row in rows}
    return {
        row.id: taken_back_by(row, by, "invoice") for row in rows if (by := found[row.id]) is not None and by != row.id
    }
