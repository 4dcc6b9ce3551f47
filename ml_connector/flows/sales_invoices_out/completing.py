"""What an ERP's invoice does not repeat from its master data: the customer's item numbers, barcodes, codes of places.

Of the tables that the ERP has; what the invoice says itself goes first. Two readings are compared under the same
tables, so that master data that change make no news.
"""

from collections.abc import Iterable
from typing import Any

from ml_connector.documents.common import changed
from ml_connector.documents.sales.invoices import Address, SalesInvoice, SalesInvoiceLine
from ml_connector.documents.sales.reference import Customer, CustomerLocation, ItemFacts, NumberKind, SalesTable
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.meaning.sent_parts import barcode
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.ledger.work.documents import DocumentRow


class MasterData:
    """Completes invoices by the newest reference tables, read once."""

    def __init__(self, integration: Integration) -> None:
        erp = integration.erp
        self._book = ReferenceBook.of(integration)
        self._source: Any = erp.sources.get("sales_invoices")
        self._places: dict[str, list[CustomerLocation]] | None = None

    @property
    def versions(self) -> dict[str, int]:
        """The versions of the tables that were looked at."""
        return {table: version for table, version in self._book.versions.items() if version}

    def of_row(self, row: DocumentRow) -> SalesInvoice | None:
        """The invoice that a document was made of, completed; None where its record is not kept."""
        return self.completed(self._source.from_record(row.source)) if row.source else None

    def completed(self, invoice: SalesInvoice) -> SalesInvoice:
        """The invoice with what master data say of its items and of where it went."""
        lines = tuple(self._line(line, invoice.customer_code) for line in invoice.lines)
        return changed(invoice, lines=lines, ship_to=self._place(invoice))

    def _line(self, line: SalesInvoiceLine, customer: str) -> SalesInvoiceLine:
        facts: ItemFacts | None = self._book.table(SalesTable.ITEM_FACTS).get(line.item_code)
        if facts is None or not line.item_code:
            return line
        return changed(
            line,
            customers_item=line.customers_item or _only(_theirs(facts, customer, line.unit)),
            gtin=line.gtin or _only(_barcodes(facts, line.unit)),
        )

    def _place(self, invoice: SalesInvoice) -> Address | None:
        """Where it went, by the customer's own code for it: of the one place with that address."""
        place = invoice.ship_to
        if place is None or place.customers_code or not (place.street and place.postal_code):
            return place
        customer: Customer | None = self._book.table(SalesTable.CUSTOMERS).get(invoice.customer_code)
        if customer is None:
            return place
        codes = [one.their_code for one in self._locations(customer.id) if _address(one) == _address(place)]
        return changed(place, customers_code=_only(codes))

    def _locations(self, customer_id: str) -> list[CustomerLocation]:
        if self._places is None:
            self._places = {}
            for one in self._book.records(SalesTable.CUSTOMER_LOCATIONS):
                if one.their_code and one.active:
                    self._places.setdefault(one.customer, []).append(one)
        return self._places.get(customer_id, [])


def _theirs(facts: ItemFacts, customer: str, unit: str) -> list[str]:
    """Numbers that a customer has for an item in a unit."""
    own = [one for one in facts.numbers if one.kind == NumberKind.CUSTOMER and one.party == customer]
    return [one.number for one in own if one.unit == unit] or [one.number for one in own if not one.unit]


def _barcodes(facts: ItemFacts, unit: str) -> list[str]:
    """Barcodes of an item in a unit; one that is for all units only where none is its own."""
    kinds = {NumberKind.GTIN, NumberKind.BARCODE}
    codes = [one for one in facts.numbers if one.kind in kinds and barcode(one.number)]
    return [one.number for one in codes if one.unit == unit] or [one.number for one in codes if not one.unit]


def _only(found: Iterable[str]) -> str:
    """The one that there is; of several nobody knows which is meant."""
    different = set(found)
    return different.pop() if len(different) == 1 else ""


def _address(place: Address | CustomerLocation) -> tuple[str, ...]:
    parts = (*place.street, place.city, place.postal_code)
    return tuple(" ".join(part.casefold().split()) for part in parts if part.strip())
