"""810 to and from Invoice (x12-procurement 8)."""

from typing import Any

from ml_connector.documents.common import ItemId, Purpose, changed
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.edi.mapping.common import (
    ALLOWANCES,
    DATES,
    PARTIES,
    REFERENCES,
    TAXES,
    TERMS,
    Contacts,
    currency,
    currency_of_lines,
)
from ml_connector.edi.mapping.fields import CENTS, DAY, NUMBER, Field, Pairs, SegmentMap, coded
from ml_connector.edi.mapping.notes import GeneralNotes
from ml_connector.edi.mapping.scopes import One, Scope, Text
from ml_connector.edi.mapping.totals import Totals


def _line_order(values: dict[str, Any]) -> None:
    """The order a line belongs to: its last PO pair, which leaves the item ids, else its REF*PO."""
    items: tuple[ItemId, ...] = values.get("items", ())
    for position in range(len(items) - 1, -1, -1):
        if items[position].qualifier == "PO":
            values["order_number"] = items[position].value
            values["items"] = items[:position] + items[position + 1 :]
            return
    for reference in values.get("references", ()):
        if reference.qualifier == "PO" and reference.value:
            values["order_number"] = reference.value
            return


def _line_with_order(line: InvoiceLine) -> InvoiceLine:
    """A line whose order number stands as the last item pair, unless its REF*PO says it."""
    if not line.order_number:
        return line
    said = next((r.value for r in line.references if r.qualifier == "PO" and r.value), "")
    others = any(item.qualifier == "PO" for item in line.items)
    if not others and said == line.order_number:
        return line
    pair = ItemId(qualifier="PO", value=line.order_number)
    return changed(line, items=(*line.items, pair))


def _complete(values: dict[str, Any]) -> None:
    """BIG04 may be empty: then a REF*PO names the order (x12-procurement 8)."""
    currency_of_lines(values)
    if values.get("order_number"):
        return
    for reference in values.get("references", ()):
        if reference.qualifier == "PO" and reference.value:
            values["order_number"] = reference.value
            return


LINE = Scope(
    InvoiceLine,
    SegmentMap(
        "IT1",
        Field(1, "number"),
        Field(2, "quantity", NUMBER),
        Field(3, "unit"),
        Field(4, "price", NUMBER),
        Field(5, "price_basis"),
        pairs=Pairs(6, 26),
    ),
    [TAXES, Text(), REFERENCES, DATES, ALLOWANCES, PARTIES],
    name="lines",
    after_read=_line_order,
    before_write=_line_with_order,
)

INVOICE = Scope(
    Invoice,
    SegmentMap(
        "BIG",
        Field(1, "invoice_date", DAY),
        Field(2, "number"),
        Field(3, "order_date", DAY),
        Field(4, "order_number"),
        Field(5, "release"),
        Field(7, "type"),
        Field(8, "purpose", coded(Purpose)),
        Field(10, "original_invoice"),
    ),
    [
        GeneralNotes(),
        currency("SE"),
        REFERENCES,
        Contacts(),
        PARTIES,
        TERMS,
        DATES,
        LINE,
        One(
            SegmentMap(
                "TDS",
                Field(1, "total", CENTS),
                Field(2, "discountable", CENTS),
                Field(3, "discounted", CENTS),
                Field(4, "terms_discount", CENTS),
            )
        ),
        TAXES,
        ALLOWANCES,
        Totals(),
    ],
    after_read=_complete,
)
