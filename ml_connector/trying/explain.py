"""Where the values of a bill came from: the first place, in the order of docs/coding.md, that says the value it has.

Values are those that the real steps decided; nothing is decided here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ml_connector.config.integrations import Coding
from ml_connector.config.partners import Partner
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.documents.erp_postings import Bill, BillLine
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.records import from_json, stored_values
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.reference.dimension_codes import places_of
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.shipments_in.shipments import receipts_from
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.trying import explain_orders

#: What, of which line (empty: of the whole document), the value, and where it came from.
Decided = tuple[str, str, str, str]
_SETTINGS = {True: "the partner's file", False: "the integration's settings"}


def decisions(made: Integration, book: ReferenceBook, row: DocumentRow) -> list[Decided]:
    """What was decided about a received document, value by value."""
    if row.direction is Direction.OUT or not row.work or not row.work.strip():
        return []
    if row.kind is DocumentKind.SHIP_NOTICE:
        return [decided for one in receipts_from(row.work) for decided in _receipt(stored_values(one))]
    if taken := explain_orders.change_in(row):
        return list(explain_orders.changes(taken))
    if row.kind is DocumentKind.ORDER:
        order = stored(row.kind, row.canonical, PurchaseOrder)
        return list(explain_orders.decisions(made, made.partner_of(row), order, row.work))
    if row.kind is not DocumentKind.INVOICE or '"mode"' not in row.work or '"invoice_date"' not in row.work:
        return []
    bill = from_json(Bill, row.work)
    partner = made.partner_of(row)
    coding = made.settings.flows.invoices_in.coding
    return list(_bill(bill, partner)) + [
        decided for line in bill.lines for decided in _line(line, bill, partner, coding, book)
    ]


def _receipt(receipt: Mapping[str, Any]) -> Iterable[Decided]:
    yield "receipt_date", "", receipt["receipt_date"], "shipments_in.receipt_date of the integration"
    for told in receipt["told"]:
        yield "told", "", told, "the ship notice"
    for line in receipt["lines"]:
        place = f"{line['order_number']} line {line['line_number']}"
        yield "quantity", place, line["quantity"], "the ship notice"


def _bill(bill: Bill, partner: Partner | None) -> Iterable[Decided]:
    vendor = "`vendor` of the partner's file, found among the ERP's vendors"
    yield "vendor", "", bill.vendor_code, vendor
    yield "credit", "", "yes" if bill.credit else "no", "the document's type and total"
    yield "currency", "", bill.currency, "the document, else its order, else the vendor"
    yield "total", "", str(bill.total), "the document"
    own = partner is not None and partner.invoice_mode is not None
    yield "mode", "", bill.mode.value, f"{_SETTINGS[own]}, and whether all lines name orders"
    yield "tolerances", "", "allowed", _SETTINGS[partner is not None and partner.tolerances is not None]
    if bill.due_date is not None:
        yield "due_date", "", bill.due_date.isoformat(), "the document's terms"
    for tax in bill.taxes:
        mapped = f"as {tax.tax_id}, the rule of coding.vat that fits" if tax.tax_id else "no rule of coding.vat fits"
        yield "tax", tax.kind, str(tax.amount), f"the document; {mapped}"
    for told in bill.told:
        yield "told", "", told, "the document"


def _line(
    line: BillLine, bill: Bill, partner: Partner | None, coding: Coding, book: ReferenceBook
) -> Iterable[Decided]:
    place = f"charge {line.charge_code}" if line.charge_code else f"line {line.number}"
    order_line = _order_line(book.order(line.order_number) if line.order_number else None, line)
    if order_line is not None:
        yield "order_line", place, f"{line.order_number} line {order_line.number}", "the item, or the line number"
    named = line.item_id or (order_line.item_code if order_line is not None else "")
    item = book.item(named) if named else None
    code = item.code if item is not None else ""
    vendor = book.vendor(bill.vendor_id)
    own_charge = partner.charges.get(line.charge_code, "") if partner is not None and line.charge_code else ""
    if line.gl_account_code:
        account = book.coding_tables().gl_account(line.gl_account_code)
        names = {line.gl_account_code, account.id if account is not None else ""}
        # Where the line cannot carry an account, the one named is that of its item.
        mapped = coding if line.gl_account_id else Coding()
        yield (
            "gl_account",
            place,
            line.gl_account_code,
            _first(
                names,
                (own_charge, "charges of the partner"),
                (mapped.charge_accounts.get(line.charge_code, ""), "coding.charge_accounts"),
                (order_line.gl_account if order_line else "", "the order line"),
                (mapped.item_accounts.get(code, ""), "coding.item_accounts"),
                (item.gl_account if item else "", "the item in the ERP"),
                (partner.gl_account if partner else "", "gl_account of the partner"),
                (vendor.gl_account if vendor else "", "the vendor in the ERP"),
                (coding.default_account, "coding.default_account"),
            ),
        )
    on_order = order_line.dimensions if order_line is not None else {}
    for what, value in line.dimensions.items():
        places = places_of(what, on_order.get(what, ""), code, item, vendor, partner, coding)
        yield what, place, value, _first({value}, *places)
    if line.vat_code:
        yield "vat_code", place, line.vat_code, "the rule of coding.vat that fits the document's tax"
    if line.charge_code and line.item_id:
        yield "item", place, code or line.item_id, "charges of the partner" if own_charge else "coding.charge_items"


def _order_line(order: OpenOrder | None, line: BillLine) -> OpenOrderLine | None:
    return next((one for one in order.lines if one.id == line.order_line_id), None) if order is not None else None


def _first(values: set[str], *places: tuple[str, str]) -> str:
    """The first place that has one of these values; what none of them has was decided elsewhere."""
    return next((name for value, name in places if value and value in values), "another rule of docs/coding.md")
