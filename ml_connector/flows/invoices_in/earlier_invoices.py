"""Invoices beside those that came before: cancelled, replaced, corrected, repeated, summed up, or probably the same.

What a supplier takes back or corrects is held and shown beside what it refers to, whether that was posted, is held, or
never came; and what it refers to is held too, as long as it is not posted. Nothing is posted a second time by itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind, KeptSegment, Purpose, changed
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.values.currencies import rounded
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import BILLS, target_of
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.meaning.document_codes import CORRECTING_TYPES, PURPOSES, purpose_of, type_of
from ml_connector.flows.posting import earlier_documents
from ml_connector.flows.posting.earlier_documents import (
    GIVEN_UP,
    IN_ITS_PLACE,
    LINES_SHOWN,
    TAKES_BACK,
    About,
    Suppliers,
    TakenBack,
    about,
    by_number,
    entries_of,
    folded,
    given_up,
    meaning_of,
    names,
    not_begun,
    refuse,
    same_number,
    says_purpose,
    similar,
    wake_originals,
)
from ml_connector.flows.posting.partially_posted import counted
from ml_connector.ledger.work import earlier
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

_KIND = DocumentKind.INVOICE
#: REF01 of the invoice that a credit, correction or replacement is about (x12-procurement 8).
ORIGINAL = ("OI", "IV")
#: BIG07 that sums up others: what they name may be here already.
_SUMS_UP, _SUMS_UP_CREDITS = frozenset({"CI", "CD"}), frozenset({"CE", "CG"})
#: How an original is told.
_FACTS = "document {document}, {state}, total {total}, this one {difference} more"


@dataclass(frozen=True)
class Earlier:
    """What the ledger has beside a batch of invoices, read once. same_amount: by supplier, amount and day."""

    taken_back: TakenBack
    same_number: dict[str, list[DocumentRow]] = field(default_factory=dict)
    same_amount: Mapping[tuple[str, Any, Any], Sequence[DocumentRow]] = field(default_factory=dict)

    @property
    def suppliers(self) -> Suppliers:
        return self.taken_back.suppliers


def earlier_of(integration: Integration, rows: Sequence[DocumentRow]) -> Earlier:
    """What the ledger has beside these."""
    known = taken_back(integration, rows)
    with integration.ledger.read() as tx:
        numbered = earlier.received_numbered(tx, integration.books, _KIND, {row.number for row in rows}, rows)
        numbered = counted(integration, tx, numbered)
        amounts = {row.amount for row in rows if row.amount}
        days = {row.business_date for row in rows if row.business_date is not None}
        alike = earlier.invoices_of_amounts(tx, integration.books, amounts, days, rows)
    by_amount: dict[tuple[str, Any, Any], list[DocumentRow]] = {}
    for row in alike:
        by_amount.setdefault((known.suppliers.of(row), row.amount, row.business_date), []).append(row)
    return Earlier(known, by_number(numbered), by_amount)


def taken_back(integration: Integration, rows: Sequence[DocumentRow] = ()) -> TakenBack:
    """Which invoices a supplier has taken back, by documents that are held for it and by those of this batch."""

    def numbers_of(row: DocumentRow, _suppliers: Suppliers) -> Iterable[str]:
        partner = integration.partner_of(row) if _may_take_back(row.canonical) else None
        told = about_of(stored(row.kind, row.canonical, Invoice), partner, is_flat(row)) if partner else None
        return told.numbers if told is not None and told.does in TAKES_BACK else ()

    return earlier_documents.taken_back(integration, _KIND, Reason.NOT_A_FIRST_INVOICE, rows, numbers_of)


def _may_take_back(canonical: str) -> bool:
    """A cheap look: most invoices say neither."""
    if says_purpose(canonical):
        return True
    return '"type"' in canonical and type_of(meaning_of(canonical).type or "") in CORRECTING_TYPES


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
    found += [one.elements[1] for one in _extended(invoice) if one.elements[0].strip().upper() in ORIGINAL]
    own = folded(invoice.number)
    return tuple(dict.fromkeys(one.strip() for one in found if one.strip() and folded(one) != own))


def _extended(invoice: Invoice) -> Iterator[KeptSegment]:
    """N9, the extended reference: some senders name an original by it."""
    for one in (*invoice.extras, *(one for line in invoice.lines for one in line.extras)):
        if one.segment_id == "N9" and len(one.elements) > 1:
            yield one


def check_against_earlier(
    integration: Integration, row: DocumentRow, invoice: Invoice, partner: Partner, known: Earlier, *, by_hand: bool
) -> Invoice:
    """The invoice as it is posted: a replacement counts as a first one once its original was given up by a person.

    by_hand: a person asked for it.

    Raises:
        NeedsCorrection: it is about another one, is taken back by another one, or came before in other words.
    """
    told = about_of(invoice, partner, is_flat(row))
    if told is not None:
        return _about_another(integration, row, invoice, told, known.suppliers, by_hand=by_hand)
    refuse(known.taken_back.why(row, "invoice"))
    _check_summed_up(integration, row, invoice, partner, known.suppliers)
    refuse(same_number(row, known.same_number, known.suppliers))
    if partner.similar_numbers == "held":
        _check_similar(row, invoice, known)
    return invoice


def _about_another(
    integration: Integration, row: DocumentRow, invoice: Invoice, about: About, suppliers: Suppliers, *, by_hand: bool
) -> Invoice:
    with integration.ledger.read() as tx:
        found = earlier.received_numbered(tx, integration.books, _KIND, {*about.named, invoice.number})
        originals = [
            one
            for one in found
            if one.id != row.id
            and suppliers.of(one) == suppliers.of(row)
            and folded(one.number) in about.numbers
            and one.state is not S.REJECTED
            and not _may_take_back(one.canonical)
        ]
        entries = entries_of(tx, originals, target_of(integration.erp, BILLS).kinds)
    if about.does in IN_ITS_PLACE and by_hand and given_up(originals):
        return changed(invoice, purpose=Purpose.ORIGINAL)
    shown = [_shown(one, invoice, entries.get(one.id, "")) for one in originals]
    wake_originals(integration, originals)
    raise NeedsCorrection(
        Reason.NOT_A_FIRST_INVOICE,
        f"Invoice {row.number} {about.does} {names(about, shown, _FACTS)} ({about.code}).",
        remedy=_remedy(about.does, originals),
        data={
            "does": about.does,
            "code": about.code,
            "named": list(about.named),
            "refers_to": list(about.numbers),
            "originals": shown,
        },
    )


def _remedy(does: str, originals: Sequence[DocumentRow]) -> str:
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
    total = rounded(before.total or Decimal(0), before.currency)
    difference = rounded(invoice.total or Decimal(0), invoice.currency) - total
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


def _check_summed_up(
    integration: Integration, row: DocumentRow, invoice: Invoice, partner: Partner, suppliers: Suppliers
) -> None:
    """A consolidated invoice or credit that names one that we have would be posted a second time."""
    code = type_of(invoice.type)
    if code not in _SUMS_UP | _SUMS_UP_CREDITS:
        return
    named = originals_named(invoice, partner, is_flat(row))
    if not named:
        return
    with integration.ledger.read() as tx:
        found = earlier.received_numbered(tx, integration.books, _KIND, named)
    here = [
        one
        for one in found
        if suppliers.of(one) == suppliers.of(row)
        and one.id != row.id
        and one.state not in GIVEN_UP
        and (code in _SUMS_UP or stored(one.kind, one.canonical, Invoice).is_credit)
    ]
    if here:
        raise NeedsCorrection(
            Reason.NOT_A_FIRST_INVOICE,
            f"Invoice {row.number} sums up others (BIG07 {code}), of which {len(here)} came already: "
            f"{', '.join(one.number for one in here[:5])}.",
            remedy="Look which of them are posted; enter what is left by hand, then discard this.",
            data={
                "does": "sums up",
                "code": f"BIG07 {code}",
                "named": list(named),
                "originals": [_shown(one, invoice, "") for one in here[:LINES_SHOWN]],
            },
        )


def _check_similar(row: DocumentRow, invoice: Invoice, known: Earlier) -> None:
    """An earlier one of the same amount and day whose number only looks different."""
    for one in known.same_amount.get((known.suppliers.of(row), row.amount, row.business_date), ()):
        if one.id >= row.id or one.state in GIVEN_UP or folded(one.number) == folded(row.number):
            continue
        if similar(one.number) != similar(row.number):
            continue
        if stored(one.kind, one.canonical, Invoice).is_credit != invoice.is_credit:
            continue
        raise NeedsCorrection(
            Reason.PROBABLY_THE_SAME,
            f"Invoice {row.number} is probably {one.number} (document {one.id}, {one.state}): the same amount "
            f"{row.amount} and day, and a number that differs in zeros or punctuation only.",
            remedy="If it is the same, discard this one. If both are right, set `similar_numbers: ignored` in the "
            "partner's file and replay it.",
            data={"number": row.number, "earlier_document": one.id, "earlier_number": one.number},
        )


def hold_taken_back(integration: Integration, rows: Sequence[DocumentRow]) -> dict[int, NeedsCorrection]:
    """Those of these invoices, about to be posted, that their supplier has taken back meanwhile."""
    known = taken_back(integration)
    return not_begun(integration, {row.id: known.why(row, "invoice") for row in rows})
