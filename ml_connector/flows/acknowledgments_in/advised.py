"""Which documents of ours an application advice (824) is about, and what it says of them in words."""

from collections.abc import Sequence

from ml_connector.documents.application_advice import AdviceError, AdviceItem
from ml_connector.documents.common import DocumentKind, KeptSegment
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.sent_formats import BUSINESS_SETS, SET_OF_KIND, group_of
from ml_connector.flows.meaning import answer_codes
from ml_connector.flows.orders_out.order_revisions import FLOW as ORDERS
from ml_connector.flows.restored.held import of_one_partner
from ml_connector.ledger.exchange import envelopes, related
from ml_connector.ledger.exchange.envelopes import SentTo
from ml_connector.ledger.exchange.files import Tx
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

#: Element 128 of an order's number, of an invoice's and of a shipment's; and of a transaction's, which may be any.
ORDER_NUMBERS, INVOICE_NUMBERS = frozenset({"PO", "ON", "OQ"}), frozenset({"IV"})
SHIPMENT_NUMBERS, ANY_NUMBERS = frozenset({"SI", "BM", "2I"}), frozenset({"TN"})
#: What has left.
_LEFT = frozenset({S.SENDING, S.UNKNOWN_OUTCOME, S.SENT, S.OVERDUE, S.ACKNOWLEDGED, S.REFUSED})
#: Digits of a control number that we write (x12-procurement 2); characters of a message.
_LONGEST_CONTROL, _LONGEST = 9, 600


def advised(
    integration: Integration,
    tx: Tx,
    row: DocumentRow,
    item: AdviceItem,
    sent_to: Sequence[SentTo],
    *,
    whole_group: bool,
) -> list[DocumentRow]:
    """The documents that an item names.

    Raises:
        NeedsCorrection: none of ours, several, or its controls and its number name different ones.
    """
    by_controls = _by_controls(tx, row, item, sent_to)
    numbers = _numbers(item, ORDER_NUMBERS | INVOICE_NUMBERS | SHIPMENT_NUMBERS)
    by_number = _by_number(integration, tx, row, item)
    if not by_controls and not by_number:
        raise nothing_sent(item, row)
    found = by_number if by_controls is None else by_controls
    if by_controls is not None and item.set_control.strip() and not whole_group:
        found = [one for one in found if _same(one.set_control, item.set_control)]
    if by_controls is not None and numbers and not whole_group:
        # An advice about an invoice may name the order that it is for.
        found = [one for one in found if {one.number, one.order_number} & set(numbers)]
    if whole_group and by_controls is None:
        found = [each for one in found for each in related.documents_of_file(tx, one.file_id or 0)]
    if not found:
        raise answer_codes.undecided(
            f"The application advice names group {item.group_control}, set {item.set_control or '(none)'} and"
            f" {item.qualifier} {item.number}, which are not one document of ours.",
            remedy="Ask the partner which document is meant, settle it by hand and discard this.",
            data=_named(item),
        )
    if len(found) > 1 and not whole_group:
        raise answer_codes.undecided(
            f"The application advice names {item.qualifier} {item.number}, of which {len(found)} documents were sent.",
            remedy="Ask the partner which one is meant (OTI08, OTI09), settle it by hand and discard this.",
            data={**_named(item), "documents": [one.id for one in found][: answer_codes.SHOWN]},
        )
    return found


def _by_controls(tx: Tx, row: DocumentRow, item: AdviceItem, sent_to: Sequence[SentTo]) -> list[DocumentRow] | None:
    """What left in the group that OTI08 names; None where it names none."""
    control = item.group_control.strip()
    if not control:
        return None
    sets = [item.set_type] if item.set_type else BUSINESS_SETS
    wanted = dict.fromkeys(group_of(one) for one in sets if one in BUSINESS_SETS)
    if not (control.isascii() and control.isdigit() and len(control) <= _LONGEST_CONTROL):
        return []
    by = envelopes.sender_of(tx, row.interchange_id)
    for to in sent_to:
        groups = [envelopes.find_sent_group(tx, to, one, int(control), by) for one in wanted]
        found = [each for group in groups if group is not None for each in related.documents_of_group(tx, group.id)]
        if found:
            return [one for one in found if one.state in _LEFT]
    return []


def _by_number(integration: Integration, tx: Tx, row: DocumentRow, item: AdviceItem) -> list[DocumentRow]:
    """What left to this partner under a number that the item gives; an order's number counts only where none is of
    the document itself.
    """
    orders, invoices = _numbers(item, ORDER_NUMBERS), _numbers(item, INVOICE_NUMBERS)
    shipments = _numbers(item, SHIPMENT_NUMBERS)
    own = [*invoices, *shipments]
    any_ = [] if orders or own else _numbers(item, ANY_NUMBERS)
    books, of_orders = integration.books, [] if own else [*orders, *any_]
    named = documents.outbound_of_orders(tx, books, ORDERS, of_orders)
    for kind, numbers in (
        (DocumentKind.ORDER_ACKNOWLEDGMENT, of_orders),
        (DocumentKind.INVOICE, [*invoices, *any_]),
        (DocumentKind.SHIP_NOTICE, [*shipments, *any_]),
    ):
        named += documents.outbound_numbered(tx, books, kind, numbers)
    found = [one for one in named if of_one_partner(one, row) and one.state in _LEFT]
    if item.set_type.strip():
        found = [one for one in found if SET_OF_KIND.get(one.kind) == item.set_type.strip()]
    if item.set_control.strip():
        found = [one for one in found if _same(one.set_control, item.set_control)]
    return found


def _numbers(item: AdviceItem, qualifiers: frozenset[str]) -> list[str]:
    """Numbers of these kinds that an item gives: OTI03, and the references below it."""
    given = [(item.qualifier, item.number), *((one.qualifier, one.value) for one in item.references)]
    return [number.strip() for kind, number in given if kind.strip().upper() in qualifiers and number.strip()]


def _same(one: str | None, other: str) -> bool:
    return (one or "").lstrip("0") == other.strip().lstrip("0")


def texts(item: AdviceItem) -> tuple[str, ...]:
    """What an item says in words: each error (TED) with its place, value and notes (NTE), and what else there is."""
    found = [_error(error) for error in item.errors]
    found += [text for extra in item.extras for text in _words(extra)]
    return tuple(dict.fromkeys(text for text in found if text))


def _error(error: AdviceError) -> str:
    place = error.segment_id + (f"{error.element:02d}" if error.segment_id and error.element else "")
    said = [error.message, *error.notes, *(text for extra in error.extras for text in _words(extra))]
    where = ", ".join(part for part in (place, f"value {error.value}" if error.value else "") if part)
    told = "; ".join(text.strip() for text in said if text.strip()) or f"error {error.code}"
    return f"{error.code}: {told}{f' ({where})' if where else ''}"


def _words(extra: KeptSegment) -> list[str]:
    """The text of a note or description; of a code list its code."""
    place = {"NTE": 1, "RED": 0, "LQ": 1}.get(extra.segment_id)
    own = [extra.elements[place]] if place is not None and len(extra.elements) > place else []
    return [text for text in (*own, *(text for inner in extra.inside for text in _words(inner))) if text.strip()]


def _named(item: AdviceItem) -> dict[str, str]:
    facts = {
        "qualifier": item.qualifier,
        "number": item.number,
        "group": item.group_control,
        "set": item.set_control,
        "set_type": item.set_type,
    }
    return {name: value for name, value in facts.items() if value}


def nothing_sent(item: AdviceItem | None, row: DocumentRow) -> NeedsCorrection:
    """An advice about nothing that went to this partner."""
    item = item or AdviceItem(code="")
    shown = f"{item.qualifier} {item.number}".strip() or f"group {item.group_control or '(none)'}"
    told = "; ".join(texts(item)[:3])
    message = f"The application advice is about {shown}, which was not sent to {row.partner}."
    return NeedsCorrection(
        Reason.ACKNOWLEDGES_NOTHING_SENT,
        f"{message} It says: {told}"[:_LONGEST] if told else message,
        remedy="Kept and matched again later; if it stays, ask the partner what it is about.",
        data=_named(item),
    )
