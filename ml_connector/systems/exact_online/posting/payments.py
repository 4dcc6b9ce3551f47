"""How a payment that others made becomes one entry, a line an invoice, and finding those that are there (10.5, 10.6).

Headers have no text: our key stands at the end of the description of every line, the payment's own number in its notes.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.documents.payables.settlements import Payment, PaymentLine
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import Existing, Identity, PlannedOperation, StoredOperation, Written
from ml_connector.systems.exact_online.posting.bills import key_in, with_key
from ml_connector.systems.exact_online.settings import ExactSettings
from ml_connector.systems.exact_online.wire.client import ExactClient, Row
from ml_connector.systems.exact_online.wire.entities import BANK_ENTRY, JOURNAL_ENTRY, Writable
from ml_connector.systems.exact_online.wire.filters import all_of, any_of, equals
from ml_connector.systems.exact_online.wire.odata_literals import (
    code,
    guid,
    guid_literal,
    is_guid,
    number,
    text_literal,
    to_json,
    whole,
)

KINDS = frozenset({BANK_ENTRY.kind, JOURNAL_ENTRY.kind})
#: Lines of an entry, and the sign by which they pay.
_LINES = {
    BANK_ENTRY.kind: ("financialtransaction/BankEntryLines", -1),
    JOURNAL_ENTRY.kind: ("generaljournalentry/GeneralJournalEntryLines", 1),
}
_SELECT = "Account,AmountFC,Description,EntryID,EntryNumber,Notes"
_INT32 = 2_147_483_647
_ZERO = Decimal(0)
Body = dict[str, Any]


class PaymentPlanner:
    """Payment -> the exact payload. company: the division it is for. account_of: the guid of a GL account's code."""

    def __init__(
        self, settings: ExactSettings, company: Callable[[], str], account_of: Callable[[str], str | None]
    ) -> None:
        self._settings = settings
        self._company = company
        self._account_of = account_of

    @property
    def _what(self) -> Writable:
        return BANK_ENTRY if self._settings.payments_as == "bank_entry" else JOURNAL_ENTRY

    def plan(self, payment: Payment, key: str) -> list[PlannedOperation]:
        """One entry: a line for each invoice, by whose number Exact matches it; discounts on lines of their own.

        Raises:
            NeedsCorrection: an account is missing, or an invoice's number is none that a line can hold.
        """
        what = self._what
        told = payment.description or f"Payment {payment.reference}"
        shared: Body = {
            "Date": payment.payment_date,
            "Description": with_key(told, key, self._settings.description_length),
            "Notes": payment.reference,
        }
        lines = [self._paid(payment, line, shared) for line in payment.lines]
        lines += [self._discount(line, shared) for line in payment.lines if line.discount]
        if what is JOURNAL_ENTRY:
            clearing = self._account(self._settings.clearing_account, "clearing_account")
            total = sum((line["AmountFC"] for line in lines), _ZERO)
            lines.append({**shared, "GLAccount": clearing, "AmountFC": -total})
        else:
            for line in lines:
                line["AmountFC"] = -line["AmountFC"]
        body: Body = {"JournalCode": payment.account, "Currency": payment.currency, what.lines: lines}
        if payment.exchange_rate is not None:
            # On the header of a journal entry, on the lines of a bank entry (10.6).
            for place in [body] if what is JOURNAL_ENTRY else lines:
                place["ExchangeRate"] = payment.exchange_rate
        return [PlannedOperation(what.kind, f"{self._company()}/{what.endpoint}", to_json(body))]

    def _paid(self, payment: Payment, line: PaymentLine, shared: Body) -> Body:
        if not line.entry.isdecimal() or int(line.entry) > _INT32 or not is_guid(line.account):
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"Payment {payment.reference}: invoice {line.number} has no entry number or account of payables that a"
                " line can name.",
                remedy="Book the payment by hand, then discard this.",
                data={"number": line.number, "entry": line.entry},
            )
        return {
            **shared,
            "Account": payment.party_id,
            "GLAccount": line.account,
            "AmountFC": line.amount + line.discount,
            "OurRef": int(line.entry),
        }

    def _discount(self, line: PaymentLine, shared: Body) -> Body:
        account = self._account(self._settings.discount_account, "discount_account")
        return {**shared, "GLAccount": account, "AmountFC": -line.discount}

    def _account(self, wanted: str, setting: str) -> str:
        found = self._account_of(wanted) if wanted else None
        if found is None:
            raise NeedsCorrection(
                Reason.UNMAPPED_ACCOUNT,
                f"The connection's {setting} {f'{wanted} is not a GL account in Exact' if wanted else 'is missing'}.",
                remedy=f"Write a GL account's code as `{setting}` of the connection, then replay this.",
                data={"setting": setting, "account": wanted},
            )
        return found


class PaymentFinder:
    """Looks for entries by the texts of their lines."""

    def __init__(self, client: ExactClient) -> None:
        self._client = client

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Those with our keys, by operation id. A line without one proves nothing: parts of equal amounts are many."""
        return {number_: found[0] for number_, found in self.copies(operations).items()}

    def copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        """All entries with our keys."""
        found: dict[int, list[Written]] = {}
        for kind in KINDS:
            texts = {one.id: _text(json.loads(one.payload)) for one in operations if one.kind == kind}
            by_key: dict[str, dict[str, Row]] = {}
            for row in self._lines(kind, sorted(set(texts.values())), _described):
                by_key.setdefault(key_in(row.get("Description")), {}).setdefault(guid(row.get("EntryID")), row)
            for operation, text in texts.items():
                entries = by_key.get(key_in(text), {}) if key_in(text) else {}
                if entries:
                    found[operation] = [_written(kind, entry, row) for entry, row in entries.items()]
        return found

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Entries with these payments' numbers in their notes, one for each entry."""
        asked: dict[tuple[str, str], Identity] = {}
        for one in dict.fromkeys(identities):
            if is_guid(one.party_id) and one.number.strip():
                asked.setdefault((one.party_id.lower(), _folded(one.number)), one)
        wanted = sorted((party, one.number.strip()) for (party, _), one in asked.items())
        found: list[Existing] = []
        for kind in sorted(KINDS):
            groups: dict[tuple[str, Identity], list[Row]] = {}
            for row in self._lines(kind, wanted, _noted):
                one_ = asked.get((guid(row.get("Account")), _folded(code(row.get("Notes")))))
                if one_ is not None:
                    groups.setdefault((guid(row.get("EntryID")), one_), []).append(row)
            found += [_existing(kind, entry, identity, rows) for (entry, identity), rows in groups.items()]
        return found

    def _lines(self, kind: str, wanted: Sequence[Any], condition: Callable[[Sequence[Any]], str]) -> Iterator[Row]:
        endpoint, _ = _LINES[kind]
        for rows in self._client.rows_matching(endpoint, {"$select": _SELECT}, wanted, condition):
            yield from rows


def _text(body: Mapping[str, Any]) -> str:
    lines = body.get(BANK_ENTRY.lines) or body.get(JOURNAL_ENTRY.lines) or [{}]
    return str(lines[0].get("Description", ""))


def _written(kind: str, entry: str, row: Row) -> Written:
    return Written(entry, {"entry_number": str(whole(row.get("EntryNumber")) or ""), "found_in": _LINES[kind][0]})


def _existing(kind: str, entry: str, identity: Identity, rows: Sequence[Row]) -> Existing:
    _, sign = _LINES[kind]
    amount = sum((sign * number(row.get("AmountFC")) for row in rows), _ZERO)
    return Existing(
        identity=identity,
        outside_id=entry,
        our_key=key_in(rows[0].get("Description")),
        number=str(whole(rows[0].get("EntryNumber")) or ""),
        amount=str(amount),
        source=_LINES[kind][0],
        kind=kind,
    )


def _folded(text: str) -> str:
    return text.strip().casefold()


def _described(texts: Sequence[str]) -> str:
    return any_of([equals("Description", text_literal(text)) for text in texts])


def _noted(wanted: Sequence[tuple[str, str]]) -> str:
    by_party: dict[str, list[str]] = {}
    for party, reference in wanted:
        by_party.setdefault(party, []).append(equals("Notes", text_literal(reference)))
    return any_of(
        ["(" + all_of([equals("Account", guid_literal(party)), any_of(some)]) + ")" for party, some in by_party.items()]
    )
