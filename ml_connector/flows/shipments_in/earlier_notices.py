"""Ship notices beside those that came before: cancelled, changed, replaced, repeated or sent again.

What is about another notice is held and shown beside it with the difference, whether that was received, is held, or
never came; and what it takes back is held too, as long as it is not received. After that only a person decides.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind, Purpose, Reference, changed
from ml_connector.documents.shipments import ShipNotice
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.meaning.document_codes import PURPOSES
from ml_connector.flows.meaning.notice_codes import is_first, named, purpose_of
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

_KIND = DocumentKind.SHIP_NOTICE
#: REF01 of another notice's number (element 128): ship notice, shipment id of the shipper, packing list, original.
NAMES_NOTICE = ("MA", "SI", "PK", "OI")
#: REF01 of the shipment itself: two notices of one order with the same one are of one shipment.
OF_SHIPMENT = ("BM", "CN", "2I", *NAMES_NOTICE)
_FACTS = "document {document}, {state}, {shipped} shipped, this one {difference} more"


@dataclass(frozen=True)
class Earlier:
    """What the ledger has beside a batch of notices, read once."""

    taken_back: TakenBack
    same_number: dict[str, list[DocumentRow]]
    #: By order and day.
    same_day: Mapping[tuple[str, Any], Sequence[DocumentRow]] = field(default_factory=dict)


def about_of(notice: ShipNotice) -> About | None:
    """What a notice does to others by its purpose; None for a first one."""
    if is_first(notice):
        return None
    code = purpose_of(notice)
    own = folded(notice.number)
    values = (one.value.strip() for one in _references(notice) if one.qualifier.upper() in NAMES_NOTICE)
    originals = tuple(dict.fromkeys(value for value in values if value and folded(value) != own))
    return about(PURPOSES.get(code, "is said to be something else than"), f"BSN01 {code}", notice.number, originals)


def _references(notice: ShipNotice) -> Iterator[Reference]:
    yield from notice.references
    for order in notice.orders:
        yield from order.references


def earlier_of(integration: Integration, rows: Sequence[DocumentRow]) -> Earlier:
    """What the ledger has beside these."""
    known = taken_back(integration, rows)
    with integration.ledger.read() as tx:
        numbered = earlier.received_numbered(tx, integration.books, _KIND, {row.number for row in rows}, rows)
        numbered = counted(integration, tx, numbered)
        days = {row.business_date for row in rows if row.business_date is not None}
        orders = {row.order_number for row in rows}
        alike = earlier.received_of_orders_dated(tx, integration.books, _KIND, orders, days, rows) if days else []
    by_day: dict[tuple[str, Any], list[DocumentRow]] = {}
    for one in alike:
        by_day.setdefault((one.order_number, one.business_date), []).append(one)
    numbers = by_number(one for one in numbered if one.state is not S.PARSED or _is_first(one))
    return Earlier(known, numbers, by_day)


def taken_back(integration: Integration, rows: Sequence[DocumentRow] = ()) -> TakenBack:
    """Which notices a supplier has taken back, by documents that are held for it and by those of this batch."""

    def numbers_of(row: DocumentRow, suppliers: Suppliers) -> Iterable[str]:
        notice = _notice(row) if says_purpose(row.canonical) else None
        told = about_of(notice) if notice is not None else None
        if notice is None or told is None or told.does not in TAKES_BACK:
            return ()
        originals = _originals(integration, row, notice, told, suppliers)
        return [*told.numbers, *(folded(one.number) for one in originals)]

    return earlier_documents.taken_back(integration, _KIND, Reason.NOT_A_FIRST_NOTICE, rows, numbers_of)


def check_against_earlier(
    integration: Integration, row: DocumentRow, notice: ShipNotice, partner: Partner, known: Earlier, *, by_hand: bool
) -> ShipNotice:
    """The notice as it is received: a replacement counts as a first one once its original was given up by a person.

    by_hand: a person asked for it.

    Raises:
        NeedsCorrection: it is about another one, is taken back by another one, or came before, by another file of its
            supplier or under a number that only looks different.
    """
    told = about_of(notice)
    if told is not None:
        return _about_another(integration, row, notice, told, known.taken_back.suppliers, by_hand=by_hand)
    refuse(known.taken_back.why(row, "ship notice"))
    refuse(same_number(row, known.same_number, known.taken_back.suppliers))
    if partner.similar_numbers == "held":
        _check_similar(row, notice, known)
    return notice


def _check_similar(row: DocumentRow, notice: ShipNotice, known: Earlier) -> None:
    """An earlier one of the same day and content whose number only looks different."""
    suppliers = known.taken_back.suppliers
    for one in known.same_day.get((row.order_number, row.business_date), ()):
        if one.id >= row.id or one.state in GIVEN_UP or folded(one.number) == folded(row.number):
            continue
        if similar(one.number) != similar(row.number) or suppliers.of(one) != suppliers.of(row):
            continue
        if not _is_first(one) or _by_item(_notice(one)) != _by_item(notice):
            continue
        raise NeedsCorrection(
            Reason.PROBABLY_THE_SAME,
            f"Ship notice {row.number} is probably {one.number} (document {one.id}, {one.state}): the same goods and "
            "day, and a number that differs in zeros or punctuation only.",
            remedy="If it is the same, discard this one. If both are right, set `similar_numbers: ignored` in the "
            "partner's file and replay it.",
            data={"number": row.number, "earlier_document": one.id, "earlier_number": one.number},
        )


def hold_taken_back(integration: Integration, rows: Sequence[DocumentRow]) -> dict[int, NeedsCorrection]:
    """Those of these notices, about to be received, that their supplier has taken back meanwhile."""
    known = taken_back(integration)
    return not_begun(integration, {row.id: known.why(row, "ship notice") for row in rows})


def _about_another(
    integration: Integration, row: DocumentRow, notice: ShipNotice, told: About, suppliers: Suppliers, *, by_hand: bool
) -> ShipNotice:
    originals = _originals(integration, row, notice, told, suppliers)
    if told.does in IN_ITS_PLACE and by_hand and given_up(originals):
        return changed(notice, purpose=Purpose.ORIGINAL)
    with integration.ledger.read() as tx:
        entries = entries_of(tx, originals)
    shown = [_shown(one, notice, entries.get(one.id, "")) for one in originals]
    if told.does in TAKES_BACK:
        wake_originals(integration, originals)
    numbers = dict.fromkeys([*told.numbers, *(folded(one.number) for one in originals)])
    raise NeedsCorrection(
        Reason.NOT_A_FIRST_NOTICE,
        f"Ship notice {row.number} {told.does} {names(told, shown, _FACTS)} ({told.code}).",
        remedy=_remedy(told.does, originals),
        data={
            "does": told.does,
            "code": told.code,
            "named": list(told.named),
            "refers_to": list(numbers),
            "originals": shown,
        },
    )


def _originals(
    integration: Integration, row: DocumentRow, notice: ShipNotice, told: About, suppliers: Suppliers
) -> list[DocumentRow]:
    """The first notices that this one is about: by number; else those of its orders that name the same shipment."""

    def fits(one: DocumentRow) -> bool:
        """Whether it is a first notice of the same supplier; what was rejected never came."""
        same = one.id != row.id and suppliers.of(one) == suppliers.of(row) and one.state is not S.REJECTED
        return same and _is_first(one)

    orders = {order.order_number for order in notice.orders}
    with integration.ledger.read() as tx:
        numbered = earlier.received_numbered(tx, integration.books, _KIND, {*told.named, notice.number})
        found = [one for one in numbered if folded(one.number) in told.numbers and fits(one)]
        if found:
            return found
        of_orders = earlier.received_of_orders(tx, integration.books, _KIND, orders)
    shipment = _shipment(notice)
    return [one for one in of_orders if fits(one) and shipment & _shipment(_notice(one))]


def _is_first(row: DocumentRow) -> bool:
    return bool(row.canonical) and (not says_purpose(row.canonical) or is_first(_notice(row)))


def _notice(row: DocumentRow) -> ShipNotice:
    return stored(row.kind, row.canonical, ShipNotice)


def _shipment(notice: ShipNotice) -> set[tuple[str, str]]:
    """What tells the shipment of a notice from others."""
    return {
        (one.qualifier.upper(), folded(one.value))
        for one in _references(notice)
        if one.qualifier.upper() in OF_SHIPMENT and one.value.strip()
    }


def _remedy(does: str, originals: Sequence[DocumentRow]) -> str:
    if any(one.state is S.POSTED for one in originals):
        return (
            "The original is received: put that right in the ERP by hand (receive the difference, or return it), then "
            "discard this."
        )
    if originals and not given_up(originals):
        again = " Then replay this, and it is received in its place." if does in IN_ITS_PLACE else ""
        return f"Neither is received. If the supplier's word counts, discard the original.{again} If not, discard this."
    return (
        "Ask the supplier which notice is meant and look for its receipt in the ERP; put it right by hand, then "
        "discard this."
    )


def _shown(original: DocumentRow, notice: ShipNotice, entry: str) -> dict[str, Any]:
    """An original as it is shown beside the notice that is about it."""
    before = _notice(original)
    was, now = _by_item(before), _by_item(notice)
    shipped = sum(was.values(), Decimal(0))
    return {
        "document": original.id,
        "number": original.number,
        "state": str(original.state),
        "reason": original.reason or "",
        "received_as": entry,
        "date": before.notice_date.isoformat() if before.notice_date else "",
        "shipped": str(shipped),
        "difference": str(sum(now.values(), Decimal(0)) - shipped),
        "lines": _differences(was, now)[:LINES_SHOWN],
    }


def _by_item(notice: ShipNotice) -> dict[tuple[str, str, str], Decimal]:
    """What is shipped, by order, item and unit."""
    found: dict[tuple[str, str, str], Decimal] = {}
    for order in notice.orders:
        for item in order.items:
            key = (order.order_number, named(item), item.unit)
            found[key] = found.get(key, Decimal(0)) + (item.quantity or Decimal(0))
    return found


def _differences(
    was: Mapping[tuple[str, str, str], Decimal], now: Mapping[tuple[str, str, str], Decimal]
) -> list[dict[str, str]]:
    """What differs item by item."""
    return [
        {"order": key[0], "item": key[1], "unit": key[2], "was": str(was.get(key, "")), "now": str(now.get(key, ""))}
        for key in dict.fromkeys([*was, *now])
        if was.get(key) != now.get(key)
    ]
