"""What is paid and what is open: payments of bills and journal entries as an ERP takes them, open items as it has them.

Neutral between ERPs: ids are the ERP's own, amounts are exact. An amount has the sign of what it settles: a bill is
above zero, a credit below.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from ml_connector.documents.common import Record


class ItemKind(StrEnum):
    """What an open item is: what is owed to a supplier, or what a supplier owes."""

    BILL = "bill"
    CREDIT = "credit"


class OpenItem(Record):
    """A bill or credit as it stands in the books. number: the supplier's; entry: what the ERP calls it, to match by.

    total and due are below zero of a credit. ready: it can be paid; else `state` says why not. account: of payables.
    bill: the ERP's id of the bill, where what is open of it has one of its own.
    """

    id: str
    bill: str = ""
    number: str
    party_id: str
    kind: ItemKind = ItemKind.BILL
    currency: str
    total: Decimal
    due: Decimal
    ready: bool = True
    #: The ERP itself has matched it with what pays it.
    settled: bool = False
    state: str = ""
    entry: str = ""
    account: str = ""
    on: date | None = None


class PaymentLine(Record):
    """What a payment settles of one open item. discount: what is taken off besides, so that the item is settled."""

    item_id: str
    number: str
    kind: ItemKind = ItemKind.BILL
    amount: Decimal
    discount: Decimal = Decimal(0)
    entry: str = ""
    account: str = ""
    bill: str = ""


class Payment(Record):
    """A payment to one supplier, ready to be entered. reference: its number there (cheque, transfer, payment id).

    amount is what its lines come to. method: element 591, or what the payer calls it. account: that it is paid from.
    Below zero it takes back an earlier one. exchange_rate: of its currency, where the payer tells.
    """

    party_id: str
    party_code: str = ""
    reference: str
    payment_date: date
    currency: str
    amount: Decimal
    method: str = ""
    account: str = ""
    exchange_rate: Decimal | None = None
    description: str = ""
    #: What was decided beside the values, in words.
    told: tuple[str, ...] = ()
    lines: tuple[PaymentLine, ...]


class EntryLine(Record):
    """A line of a journal entry: above zero a debit, below a credit."""

    account: str
    amount: Decimal
    description: str = ""
    party_id: str = ""
    dimensions: dict[str, str] = msgspec.field(default_factory=dict)


class JournalEntry(Record):
    """An entry in a journal, whose lines come to zero. reference: by which it is found again."""

    journal: str
    reference: str
    entry_date: date
    currency: str
    description: str = ""
    lines: tuple[EntryLine, ...]


class Settlement(Record):
    """All that one advice or payment of others becomes: payments by payee, and entries of what no bill carries."""

    payments: tuple[Payment, ...] = ()
    entries: tuple[JournalEntry, ...] = ()
    told: tuple[str, ...] = ()
    #: Of a payment of others: its newest status there, and items that the ERP has not matched with what was booked.
    status: str = ""
    unmatched: tuple[str, ...] | None = None

    @property
    def parties(self) -> frozenset[str]:
        """Who is paid."""
        return frozenset(payment.party_id for payment in self.payments)
