"""Orders beside those that came before: cancelled, changed, replaced, repeated, or of the same number.

What is about another order (an 860, or an 850 that is no original) is held and shown beside it with the difference;
what it takes back is held too, as long as it is not posted. After that only a person decides.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ml_connector.config.partners import Partner, rules_for
from ml_connector.documents.common import DocumentKind, Purpose, changed
from ml_connector.documents.json import load
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.errors import NeedsCorrection, Reason, WeAreWrong
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.meaning.document_codes import PURPOSES
from ml_connector.flows.meaning.order_codes import is_first, purpose_of
from ml_connector.flows.posting.earlier_documents import (
    GIVEN_UP,
    IN_ITS_PLACE,
    TAKES_BACK,
    Suppliers,
    by_number,
    entries_of,
    folded,
    given_up,
    not_begun,
    similar,
    wake_originals,
)
from ml_connector.flows.posting.partially_posted import counted
from ml_connector.flows.sales_orders_in.changes.beside import shown
from ml_connector.flows.sales_orders_in.changes.deciding import Books, Coming, decide, is_applied, taken_with
from ml_connector.flows.sales_orders_in.changes.taken import TakenChange
from ml_connector.flows.sales_orders_in.changes.turns import as_change
from ml_connector.flows.sales_orders_in.made_orders import orders_from
from ml_connector.ledger.work import earlier
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

_KINDS = (DocumentKind.ORDER, DocumentKind.ORDER_CHANGE)
#: What holds a document that is about another order.
_HELD_FOR = (Reason.NOT_A_FIRST_ORDER, Reason.ORDER_CHANGE_WAITS, Reason.ORDER_CHANGE_UNCLEAR, Reason.ORDER_CHANGE_OLD)
_NOT_YET = frozenset({S.PARSED, S.QUARANTINED})


class TakenBack:
    """What customers have taken back or changed, and by which document; one that names a release is about it alone."""

    def __init__(self, customers: Suppliers, held: Sequence[DocumentRow]) -> None:
        """held: documents that are held for it."""
        self.customers = customers
        self._by: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for row in held:
            self.add(row)

    def add(self, row: DocumentRow) -> None:
        """What this document says of an earlier one, if it says anything."""
        order = read_order(row) if row.canonical else None
        if order is not None and does_of(order)[0] in TAKES_BACK:
            key = (self.customers.of(row), folded(row.number))
            self._by.setdefault(key, []).append((row.id, order.release))

    def by(self, row: DocumentRow, release: str, but: Collection[int] = ()) -> int | None:
        """The document that takes this one back. but: documents whose changes are in it."""
        about = self._by.get((self.customers.of(row), folded(row.number)), ())
        return next((one for one, named in about if one not in {row.id, *but} and named in {"", release}), None)


@dataclass(frozen=True)
class Earlier:
    """What the ledger has beside a batch of orders, read once."""

    taken_back: TakenBack
    same_number: dict[str, list[DocumentRow]]
    changes: dict[str, list[Coming]]
    #: First orders whose number is like one of these, by the number as it is when it is made plain.
    alike: dict[str, list[DocumentRow]] = field(default_factory=dict)

    def changes_of(self, row: DocumentRow, release: str) -> list[Coming]:
        """The changes of a customer's order (of this release of it), but for this one."""
        customer = self.taken_back.customers.of(row)
        return [
            one
            for one in self.changes.get(folded(row.number), ())
            if one.row.id != row.id and self.taken_back.customers.of(one.row) == customer
            if not one.change.release or not release or one.change.release == release
        ]


def read_order(row: DocumentRow) -> PurchaseOrder | OrderChange:
    """The document of a row of this flow."""
    found = load(row.kind, row.canonical)
    if isinstance(found, PurchaseOrder | OrderChange):
        return found
    raise WeAreWrong(f"Document {row.id} is a {type(found).__name__}, no order.")


def does_of(order: PurchaseOrder | OrderChange) -> tuple[str, str]:
    """What a document does to an earlier one, in a word, and the code that says so; nothing for a first order."""
    if isinstance(order, PurchaseOrder):
        code = purpose_of(order)
        return (
            ("", "") if is_first(order) else (PURPOSES.get(code, "is said to be something else than"), f"BEG01 {code}")
        )
    code = str(order.purpose or "").strip().upper()
    return PURPOSES.get(code, "changes"), f"860, BCH01 {code or '(empty)'}"


def earlier_of(integration: Integration, rows: Sequence[DocumentRow]) -> Earlier:
    """What the ledger has beside these."""
    with integration.ledger.read() as tx:
        numbers = {row.number for row in rows}
        numbered = earlier.received_numbered(tx, integration.books, DocumentKind.ORDER, numbers, rows)
        numbered = [one for one in counted(integration, tx, numbered) if one.canonical]
        later = earlier.received_numbered(tx, integration.books, DocumentKind.ORDER_CHANGE, numbers, rows)
        plain = {similar(number) for number in numbers}
        days = {row.business_date for row in rows if row.business_date is not None}
        near = earlier.orders_dated(tx, integration.books, days, lambda number: similar(number) in plain, rows)
    alike: dict[str, list[DocumentRow]] = {}
    for one in near:
        alike.setdefault(similar(one.number), []).append(one)
    first = [one for one in numbered if _is_first(one)]
    firsts = {one.id for one in first}
    changes: dict[str, list[Coming]] = {}
    for one in (*(row for row in numbered if row.id not in firsts), *(row for row in later if row.canonical)):
        change = as_change(read_order(one))
        if change is not None:
            changes.setdefault(folded(one.number), []).append(Coming(one, change))
    return Earlier(taken_back(integration, rows), by_number(first), changes, alike)


def taken_back(integration: Integration, rows: Sequence[DocumentRow] = ()) -> TakenBack:
    """Which orders customers have taken back or changed: by documents that are held for it, and by those of a batch."""
    with integration.ledger.read() as tx:
        held = [
            one
            for kind in _KINDS
            for reason in _HELD_FOR
            for one in earlier.received_held_for(tx, integration.books, kind, reason)
        ]
        found = TakenBack(Suppliers(tx, integration.books), held)
    for row in rows:
        found.add(row)
    return found


def check_against_earlier(
    integration: Integration,
    row: DocumentRow,
    order: PurchaseOrder | OrderChange,
    known: Earlier,
    partner: Partner,
    books: Books,
    *,
    by_hand: bool,
) -> tuple[PurchaseOrder, Sequence[Coming]] | TakenChange:
    """The order as it is posted, and the changes that are in it; or the change as it is written.

    A replacement counts as a first order once its original was given up by a person.

    Raises:
        NeedsCorrection: it is about another one that it cannot be applied to, is taken back, or its number came before.
    """
    does, code = does_of(order)
    originals = [
        one
        for one in known.same_number.get(folded(row.number), ())
        if one.id != row.id and known.taken_back.customers.of(one) == known.taken_back.customers.of(row)
        if not order.release or stored(one.kind, one.canonical, PurchaseOrder).release == order.release
    ]
    if does or isinstance(order, OrderChange):
        if isinstance(order, PurchaseOrder) and does in IN_ITS_PLACE and by_hand and given_up(originals):
            return changed(order, purpose=Purpose.ORIGINAL), ()
        taken = _taken_change(integration, row, order, originals, known, partner, books, by_hand=by_hand)
        if taken is not None:
            return taken
        raise _about_another(integration, order, does, code, originals)
    whole, inside = order, _inside(integration, row, order, known, partner, books)
    if inside:
        whole = taken_with(order, inside, rules_for(books.settings, partner.sales)) or order
    ids = [one.row.id for one in inside]
    why = _why_taken_back(known.taken_back, row, order.release, ids) or _same_number(row, order, originals)
    if why is None and partner.similar_numbers == "held":
        why = _similar(row, order, known)
    if why is not None:
        raise why
    return whole, inside


def _taken_change(
    integration: Integration,
    row: DocumentRow,
    order: PurchaseOrder | OrderChange,
    originals: Sequence[DocumentRow],
    known: Earlier,
    partner: Partner,
    books: Books,
    *,
    by_hand: bool,
) -> TakenChange | None:
    """The change that a document is, where changes are applied; None where a person compares it with its order.

    Raises:
        NeedsCorrection: it waits, is old, or is not clear.
    """
    change = as_change(order)
    if change is None or not is_applied(integration, partner):
        return None
    if not originals:
        raise NeedsCorrection(
            Reason.ORDER_CHANGE_WAITS,
            f"The change of order {order.number} waits: its order never came.",
            remedy="It goes on by itself when the order comes. If it came another way, change it in the ERP by hand, "
            "then discard this.",
            data={"order": order.number, "waits_for": 0, "sequence": change.sequence},
        )
    there = [one for one in originals if one.state not in GIVEN_UP]
    by_itself = isinstance(order, OrderChange) or (there and there[0].state is S.POSTED)
    if len(there) != 1 or not by_itself:
        return None
    others = known.changes_of(row, order.release)
    try:
        return decide(integration, Coming(row, change), there[0], others, partner, books, by_hand=by_hand)
    except NeedsCorrection as held:
        with integration.ledger.read() as tx:
            entries = entries_of(tx, there)
        held.data.setdefault("originals", [shown(there[0], order, entries.get(there[0].id, ""))])
        wake_originals(integration, there)
        raise


def _inside(
    integration: Integration, row: DocumentRow, order: PurchaseOrder, known: Earlier, partner: Partner, books: Books
) -> list[Coming]:
    """The changes that came before an order was posted and are posted with it; none where one of them is not clear."""
    if not is_applied(integration, partner):
        return []
    waiting = [one for one in known.changes_of(row, order.release) if one.row.state in _NOT_YET]
    waiting = [one for one in waiting if one.row.kind is DocumentKind.ORDER_CHANGE]
    try:
        after = taken_with(order, waiting, rules_for(books.settings, partner.sales))
    except NeedsCorrection:
        return []  # the order is held beside it, and the change says why
    return waiting if after is not None else []


def hold_taken_back(integration: Integration, rows: Sequence[DocumentRow]) -> dict[int, NeedsCorrection]:
    """Those of these orders, about to be posted, that their customer has changed or taken back meanwhile."""
    known = taken_back(integration)
    held = {}
    for row in rows:
        inside = [one for order in orders_from(row.work or "") for one in order.changes]
        held[row.id] = _why_taken_back(known, row, read_order(row).release, inside)
    return not_begun(integration, held)


def _is_first(row: DocumentRow) -> bool:
    return is_first(stored(row.kind, row.canonical, PurchaseOrder))


def _why_taken_back(
    known: TakenBack, row: DocumentRow, release: str, inside: Collection[int] = ()
) -> NeedsCorrection | None:
    by = known.by(row, release, inside)
    if by is None:
        return None
    return NeedsCorrection(
        Reason.TAKEN_BACK_BY_CUSTOMER,
        f"The customer has changed order {row.number} or taken it back: document {by}.",
        remedy=f"Look at both. If the change counts, enter the order in the ERP as it is now and discard both, or "
        "discard "
        f"this one alone where it is cancelled or replaced; if not, discard document {by}, and this one is taken up by "
        "itself.",
        data={"number": row.number, "taken_back_by": by},
    )


def _same_number(row: DocumentRow, order: PurchaseOrder, originals: Sequence[DocumentRow]) -> NeedsCorrection | None:
    """Why an order waits beside one of the same number of its customer that came under another partner."""
    for one in originals:
        waits_too = one.state is S.PARSED and one.id > row.id
        if one.state in GIVEN_UP or one.state is S.QUARANTINED or waits_too or one.business_key == row.business_key:
            continue
        if stored(one.kind, one.canonical, PurchaseOrder).release != order.release:
            continue
        return NeedsCorrection(
            Reason.DUPLICATE_INVOICE_NUMBER,
            f"Order {row.number} of this customer came before, from partner {one.partner}.",
            remedy="Ask the customer whether it ordered twice; discard the one that does not count.",
            data={"number": row.number, "earlier_document": one.id},
        )
    return None


def _similar(row: DocumentRow, order: PurchaseOrder, known: Earlier) -> NeedsCorrection | None:
    """Why an order waits beside an earlier one of its customer's of the same day and goods, whose number only looks
    different.
    """
    customers = known.taken_back.customers
    for one in known.alike.get(similar(row.number), ()):
        if one.id >= row.id or one.state in GIVEN_UP or one.business_date != row.business_date:
            continue
        if folded(one.number) == folded(row.number) or customers.of(one) != customers.of(row) or not _is_first(one):
            continue
        before = stored(one.kind, one.canonical, PurchaseOrder)
        if before.release != order.release or _goods(before) != _goods(order):
            continue
        return NeedsCorrection(
            Reason.PROBABLY_THE_SAME,
            f"Order {row.number} is probably {one.number} (document {one.id}, {one.state}): the same goods and day, "
            "and a number that differs in zeros or punctuation only.",
            remedy="If it is the same, discard this one. If both are right, set `similar_numbers: ignored` in the "
            "partner's file and replay it.",
            data={"number": row.number, "earlier_document": one.id, "earlier_number": one.number},
        )
    return None


def _goods(order: PurchaseOrder) -> Counter[tuple[str, str, str]]:
    """What is ordered: item, unit and quantity of every line, in whatever order."""
    return Counter(
        (line.buyers_item or line.vendors_item or line.gtin or line.description, line.unit, str(line.quantity))
        for line in order.lines
    )


def _about_another(
    integration: Integration,
    order: PurchaseOrder | OrderChange,
    does: str,
    code: str,
    originals: Sequence[DocumentRow],
) -> NeedsCorrection:
    with integration.ledger.read() as tx:
        entries = entries_of(tx, originals)
    beside = [shown(one, order, entries.get(one.id, "")) for one in originals]
    wake_originals(integration, originals)
    facts = "; ".join(f"document {one['document']}, {one['state']}" for one in beside) or "it never came"
    posted = any(one.state is S.POSTED for one in originals)
    remedy = (
        "The order is in the ERP: see the difference below, change or cancel it there by hand as far as it allows "
        "that, tell the customer, then discard this."
        if posted
        else "Enter the order in the ERP as it is to be, or leave it out if it is cancelled; then discard this and the "
        "original."
    )
    if does in IN_ITS_PLACE and not posted:
        remedy = "Discard the original, then replay this: it is posted in its place."
    return NeedsCorrection(
        Reason.NOT_A_FIRST_ORDER,
        f"The customer {does} order {order.number} ({code}): {facts}.",
        remedy=remedy,
        data={"does": does, "code": code, "refers_to": [folded(order.number)], "originals": beside},
    )
