"""What there is to pay: open items of suppliers, and what bank and journal lines that name them have paid so far.

Exact does not say what a part payment leaves of an item (exact-online 10.6), so that it is worked out from the lines
that carry its number. An item that is matched is settled, whoever did it; one in Exact's own payment run is not ours.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from ml_connector.documents.common import changed
from ml_connector.documents.payables.settlements import ItemKind, OpenItem
from ml_connector.flows.core.ports import Identity
from ml_connector.systems.exact_online.wire.client import ExactClient, Row
from ml_connector.systems.exact_online.wire.filters import all_of, any_of, equals, one_of_guids
from ml_connector.systems.exact_online.wire.odata_literals import (
    code,
    day,
    guid,
    guid_literal,
    is_guid,
    number,
    text_literal,
    whole,
)

ITEMS = "cashflow/Payments"
OPEN, SELECTED, PROCESSED, MATCHED = 20, 30, 40, 50
#: Lines that pay, and the sign by which they do: out of the bank is negative, a debit of payables positive (10.5).
PAYING = (("financialtransaction/BankEntryLines", -1), ("generaljournalentry/GeneralJournalEntryLines", 1))
_SELECT = (
    "ID,Account,AmountFC,Currency,DueDate,EntryNumber,GLAccount,Status,TransactionAmountFC,TransactionEntryID,YourRef"
)
_STATES = {
    OPEN: "open",
    SELECTED: "selected for payment in Exact",
    PROCESSED: "sent to the bank by Exact",
    MATCHED: "matched",
}
_ZERO = Decimal(0)
T = TypeVar("T")


class OpenItems:
    """Open items of one division."""

    def __init__(self, client: ExactClient) -> None:
        self._client = client

    def of(self, identities: Sequence[Identity]) -> list[OpenItem]:
        """Items of these suppliers with these numbers of theirs."""
        asked: dict[tuple[str, str], Identity] = {}
        for one in identities:
            if is_guid(one.party_id) and one.number.strip():
                asked.setdefault((one.party_id.lower(), _folded(one.number)), one)
        wanted = sorted((one.party_id.lower(), one.number.strip()) for one in asked.values())
        rows = self._rows_matching(wanted, _of_supplier)
        named = [(row, asked.get((guid(row.get("Account")), _folded(code(row.get("YourRef")))))) for row in rows]
        return self._items([(row, one.party_id, one.number) for row, one in named if one is not None])

    def by_bill(self, bills: Sequence[str]) -> list[OpenItem]:
        """Items of these entries, by EntryID."""
        wanted = sorted({one.lower() for one in bills if is_guid(one)})
        rows = self._rows_matching(wanted, one_of_guids("TransactionEntryID"))
        return self._items([(row, guid(row.get("Account")), code(row.get("YourRef"))) for row in rows])

    def _rows_matching(self, wanted: Sequence[T], condition: Callable[[Sequence[T]], str]) -> list[Row]:
        pages = self._client.rows_matching(ITEMS, {"$select": _SELECT}, wanted, condition)
        return [row for rows in pages for row in rows]

    def _items(self, found: Sequence[tuple[Row, str, str]]) -> list[OpenItem]:
        """Of several instalments of one entry the earliest due one is paid first."""
        ordered = sorted(found, key=lambda one: (str(day(one[0].get("DueDate")) or ""), guid(one[0].get("ID"))))
        paid = self._paid([row for row, _, _ in ordered])
        items: list[OpenItem] = []
        for row, party, number_ in ordered:
            item = _item(row, party, number_)
            place = (guid(row.get("Account")), item.entry)
            # Lines pay in the item's own sign; what is more than its due is left for the next instalment.
            part = _within(paid.get(place, _ZERO), item.total) if item.state == _STATES[OPEN] else _ZERO
            paid[place] = paid.get(place, _ZERO) - part
            items.append(_with_due(item, part))
        return items

    def _paid(self, rows: Sequence[Row]) -> dict[tuple[str, str], Decimal]:
        """What lines pay, by supplier and number of the entry; of items that are open alone: others need no look."""
        open_ = [row for row in rows if whole(row.get("Status")) not in {MATCHED, SELECTED, PROCESSED}]
        wanted = sorted({(guid(row.get("Account")), entry) for row in open_ if (entry := _entry(row))})
        payables = {(guid(row.get("Account")), _entry(row)): guid(row.get("GLAccount")) for row in open_}
        paid: dict[tuple[str, str], Decimal] = {}
        select = {"$select": "Account,AmountFC,GLAccount,OurRef"}
        for endpoint, sign in PAYING:
            for lines in self._client.rows_matching(endpoint, select, wanted, _of_item):
                for line in lines:
                    place = (guid(line.get("Account")), str(whole(line.get("OurRef")) or ""))
                    if place in payables and guid(line.get("GLAccount")) == payables[place]:
                        paid[place] = paid.get(place, _ZERO) + sign * number(line.get("AmountFC"))
        return paid


def _item(row: Row, party: str, number_: str) -> OpenItem:
    """An invoice is credited to payables: its amounts are below zero there (exact-online 10.3)."""
    total = -number(row.get("TransactionAmountFC") if row.get("TransactionAmountFC") is not None else row["AmountFC"])
    amount = -number(row.get("AmountFC")) or total
    status = whole(row.get("Status"))
    return OpenItem(
        id=guid(row.get("ID")),
        bill=guid(row.get("TransactionEntryID")),
        number=number_,
        party_id=party,
        kind=ItemKind.CREDIT if total < 0 else ItemKind.BILL,
        currency=code(row.get("Currency")),
        total=amount,
        due=_ZERO if status == MATCHED else amount,
        ready=status in {OPEN, MATCHED},
        settled=status == MATCHED,
        state=_STATES.get(status or 0, f"of status {status}"),
        entry=_entry(row),
        account=guid(row.get("GLAccount")),
        on=day(row.get("DueDate")),
    )


def _with_due(item: OpenItem, paid: Decimal) -> OpenItem:
    return changed(item, due=item.due - paid) if paid else item


def _within(paid: Decimal, total: Decimal) -> Decimal:
    """Of what is paid, what this item can take."""
    return max(min(paid, total), _ZERO) if total >= 0 else min(max(paid, total), _ZERO)


def _entry(row: Row) -> str:
    found = whole(row.get("EntryNumber"))
    return str(found) if found is not None else ""


def _folded(text: str) -> str:
    """Exact's database compares text without regard to case and trailing blanks."""
    return text.strip().casefold()


def _of_supplier(wanted: Sequence[tuple[str, str]]) -> str:
    by_party: dict[str, list[str]] = {}
    for party, reference in wanted:
        by_party.setdefault(party, []).append(equals("YourRef", text_literal(reference)))
    parts = [
        "(" + all_of([equals("Account", guid_literal(party)), any_of(some)]) + ")" for party, some in by_party.items()
    ]
    return any_of(parts)


def _of_item(wanted: Sequence[tuple[str, str]]) -> str:
    by_party: dict[str, list[str]] = {}
    for party, entry in wanted:
        by_party.setdefault(party, []).append(equals("OurRef", entry))
    parts = [
        "(" + all_of([equals("Account", guid_literal(party)), any_of(some)]) + ")" for party, some in by_party.items()
    ]
    return any_of(parts)
