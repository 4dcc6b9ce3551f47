"""Bills and credits by the numbers that suppliers gave them, and what is due of them now (intacct 7.1, 7.2).

The bill that a Vendor Invoice made has a number of its own: it is found by its document.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ml_connector.documents.payables.settlements import ItemKind, OpenItem
from ml_connector.flows.core.ports import Identity
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.client import Gateway, readable
from ml_connector.systems.sage_intacct.wire.paging import whole_list
from ml_connector.systems.sage_intacct.wire.queries import Query, Where, all_of, any_of, chunks, equals, one_of
from ml_connector.systems.sage_intacct.wire.values import Row, day, key, number, text

#: Numbers that one query asks for.
_AT_ONCE = 200
_FIELDS = (
    *("RECORDNO", "RECORDID", "VENDORID", "CURRENCY", "TRX_TOTALENTERED", "TRX_TOTALDUE", "STATE", "WHENCREATED"),
)
#: States of what can be paid; one that is selected by somebody else is theirs to pay (intacct 6.4).
_READY = frozenset({"posted", "approved", "paid", "partially paid"})
#: What was taken back is no item any more.
_GONE = frozenset({"reversed", "reversal", "declined"})


class OpenItems:
    """What there is to pay."""

    def __init__(self, gateway: Gateway, settings: IntacctConnection) -> None:
        self._gateway = gateway
        self._settings = settings

    def of(self, identities: Sequence[Identity]) -> list[OpenItem]:
        """Bills and credits of these vendors with these numbers."""
        asked: dict[tuple[str, str], Identity] = {}
        for one in identities:
            if one.party_id.strip() and xml.stripped(one.number):
                asked.setdefault(_place(one.party_id, xml.stripped(one.number)), one)
        if not asked:
            return []
        wanted = list(asked.values())
        with readable(self._gateway.connection, "what is due"):
            found = {
                (kind, key(row, "RECORDNO")): (row, text(row, "RECORDID"))
                for kind, name in ((ItemKind.BILL, "APBILL"), (ItemKind.CREDIT, "APADJUSTMENT"))
                for row in self._rows(name, _FIELDS, "VENDORID", "RECORDID", wanted)
            }
            found.update(self._made_by_documents(wanted))
        items: list[OpenItem] = []
        for (kind, _), (row, number_) in found.items():
            named = asked.get(_place(text(row, "VENDORID"), number_))
            item = _item(row, kind, named, self._settings.base_currency) if named is not None else None
            if item is not None:
                items.append(item)
        return items

    def by_record(self, records: Sequence[str]) -> list[OpenItem]:
        """Bills by their record numbers; those that are gone are left out."""
        found: list[OpenItem] = []
        with readable(self._gateway.connection, "what is due"):
            for group in chunks((one for one in records if one.isdecimal()), _AT_ONCE):
                for row in self._query("APBILL", _FIELDS, one_of("RECORDNO", group)):
                    asked = Identity(text(row, "VENDORID"), text(row, "RECORDID"))
                    item = _item(row, ItemKind.BILL, asked, self._settings.base_currency)
                    found += [item] if item is not None else []
        return found

    def _made_by_documents(self, wanted: Sequence[Identity]) -> dict[tuple[ItemKind, str], tuple[Row, str]]:
        """Bills that Vendor Invoices with these numbers of suppliers have made, by PRRECORDKEY (intacct 7.2)."""
        definition = equals("DOCPARID", self._settings.invoice_definition)
        fields = ("DOCID", "CUSTVENDID", "VENDORDOCNO", "PRRECORDKEY", "STATE")
        documents = self._rows("PODOCUMENT", fields, "CUSTVENDID", "VENDORDOCNO", wanted, definition)
        numbers = {text(row, "PRRECORDKEY"): text(row, "VENDORDOCNO") for row in documents if text(row, "PRRECORDKEY")}
        found: dict[tuple[ItemKind, str], tuple[Row, str]] = {}
        for group in chunks(numbers, _AT_ONCE):
            for row in self._query("APBILL", _FIELDS, one_of("RECORDNO", group)):
                found[ItemKind.BILL, key(row, "RECORDNO")] = (row, numbers[key(row, "RECORDNO")])
        return found

    def _rows(
        self,
        name: str,
        fields: Sequence[str],
        party: str,
        number_: str,
        wanted: Sequence[Identity],
        also: Where | None = None,
    ) -> Iterator[Row]:
        by_party: dict[str, list[str]] = {}
        for one in wanted:
            by_party.setdefault(one.party_id.strip(), []).append(xml.stripped(one.number))
        parts = [
            all_of([equals(party, who), one_of(number_, group)])
            for who, numbers in by_party.items()
            for group in chunks(numbers, _AT_ONCE)
        ]
        for start in range(0, len(parts), _AT_ONCE // 10):
            yield from self._query(name, fields, all_of([also, any_of(parts[start : start + _AT_ONCE // 10])]))

    def _query(self, name: str, fields: Sequence[str], where: Where | None) -> list[dict[str, str]]:
        settings = self._settings
        query = Query(name, fields, where, page_size=settings.page_size, private=settings.shows_private, loose=True)
        return whole_list(self._gateway, query)


def _item(row: Row, kind: ItemKind, asked: Identity, currency: str) -> OpenItem | None:
    """An open item; None for one that was taken back. An adjustment above zero is owed like a bill, and no credit."""
    state = text(row, "STATE")
    if state.casefold() in _GONE:
        return None
    total, due = number(row, "TRX_TOTALENTERED"), number(row, "TRX_TOTALDUE")
    debit = kind is ItemKind.CREDIT and total > 0
    values: dict[str, Any] = {"ready": state.casefold() in _READY and not debit}
    return OpenItem(
        id=key(row, "RECORDNO"),
        bill=key(row, "RECORDNO"),
        number=asked.number,
        party_id=asked.party_id,
        kind=kind,
        currency=text(row, "CURRENCY") or currency,
        total=total,
        due=due,
        settled=due == 0,
        state="a debit adjustment, which is paid by hand" if debit else state,
        entry=text(row, "RECORDID"),
        on=day(row, "WHENCREATED"),
        **values,
    )


def _place(party: str, number_: str) -> tuple[str, str]:
    return party.strip().casefold(), number_.strip().casefold()
