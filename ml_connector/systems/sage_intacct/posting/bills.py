"""How a bill becomes the exact calls (intacct 7.1, 7.2, 8): with an order a Vendor Invoice that is converted from the
order or its receivers, and makes the bill itself; without one an AP bill; a credit is an adjustment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from ml_connector.documents.erp_postings import Bill, BillLine
from ml_connector.documents.values.currencies import rounded_to, smallest
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import Identity, PlannedOperation
from ml_connector.systems.our_keys import with_key
from ml_connector.systems.sage_intacct.posting import functions
from ml_connector.systems.sage_intacct.posting.attachments import attachment_of
from ml_connector.systems.sage_intacct.posting.kinds import Kinds
from ml_connector.systems.sage_intacct.posting.places import Places
from ml_connector.systems.sage_intacct.posting.sources import SourceLine, Sources
from ml_connector.systems.sage_intacct.posting.taxes import check_untaxed, entries_of
from ml_connector.systems.sage_intacct.posting.writing import Kind, currency_of, planned
from ml_connector.systems.sage_intacct.reading.orders import LineKey
from ml_connector.systems.sage_intacct.reading.records import CLASS, DEPARTMENT, LOCATION, PROJECT
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.values import CENT, decimal, money, slashed, split_day
from ml_connector.systems.sage_intacct.wire.xml import Element, Value, told_of

#: Decimal places of a price at most.
PRICE_PLACES = 10
#: Names of a currency's values in capitals (intacct 7.1).
_CAPITALS = {"currency": "CURRENCY", "exchratetype": "EXCH_RATE_TYPE_ID"}
Part = tuple[SourceLine, Decimal]


@dataclass(frozen=True)
class Item:
    """A line of a Vendor Invoice. source: what it is converted from; none for a charge."""

    line: BillLine
    quantity: Decimal
    amount: Decimal
    source: SourceLine | None = None


class BillPlanner:
    """Bill -> the exact calls."""

    def __init__(self, settings: IntacctConnection, kinds: Kinds, places: Places, sources: Sources) -> None:
        self._settings = settings
        self._kinds = kinds
        self._places = places
        self._sources = sources

    def plan(self, bill: Bill, key: str) -> list[PlannedOperation]:
        """The writes that post a bill.

        Raises:
            NeedsCorrection: it cannot be expressed, or what it bills was not received.
        """
        if bill.credit:
            check_untaxed(bill, self._settings, "an adjustment")
            return [self._adjustment(bill, key)]
        attached = attachment_of(bill, key, self._settings)
        original, before = (attached[0], [attached[1]]) if attached is not None else ("", [])
        if any(line.order_line_id for line in bill.lines):
            check_untaxed(bill, self._settings, "a Vendor Invoice")
            return [*before, *self._vendor_invoices(bill, key, original)]
        return [*before, self._bill(bill, key, original)]

    # ------------------------------------------------------------------ without an order

    def _bill(self, bill: Bill, key: str, original: str) -> PlannedOperation:
        taxed = zip(bill.lines, entries_of(bill), strict=True)
        lines = [{**self._bill_line(bill, line), "TAXENTRIES": taxes} for line, taxes in taxed if line.amount]
        self._places.check((str(line["LOCATIONID"]) for line in lines), f"Invoice {bill.number}")
        description = self._text(bill, key)
        values: dict[str, Value] = {
            "WHENCREATED": slashed(bill.invoice_date),
            "VENDORID": bill.vendor_id,
            "RECORDID": bill.number,
            "DOCNUMBER": bill.order_number,
            "DESCRIPTION": description,
            "WHENDUE": slashed(bill.due_date or bill.invoice_date + timedelta(days=self._settings.due_days)),
            **{_CAPITALS[name]: value for name, value in self._currency(bill).items()},
            "SUPDOCID": original,
            "TAXSOLUTIONID": self._settings.tax_solution,
            "ACTION": self._settings.bill_action,
        }
        return self._planned(self._kinds.bill, bill, key, functions.bill(values, lines), description)

    def _bill_line(self, bill: Bill, line: BillLine) -> dict[str, Value]:
        codes = self._codes(bill, line)
        return {
            "ACCOUNTNO": self._account(bill, line),
            "TRX_AMOUNT": money(line.amount),
            "ENTRYDESCRIPTION": _entry(line),
            "LOCATIONID": codes[LOCATION],
            "DEPARTMENTID": codes[DEPARTMENT],
            "PROJECTID": codes[PROJECT],
            "CLASSID": codes[CLASS],
            "ITEMID": line.item_id,
        }

    def _adjustment(self, bill: Bill, key: str) -> PlannedOperation:
        """Amounts below zero take from what is owed. It has no place for an attachment."""
        sign = -1 if self._settings.credit_amounts == "negative" else 1
        lines = []
        for line in bill.lines:
            if not line.amount:
                continue
            codes = self._codes(bill, line)
            account = self._account(bill, line) if _has_account(line) else self._settings.credit_account
            if not account:
                raise NeedsCorrection(
                    Reason.UNMAPPED_ACCOUNT,
                    f"Line {line.number} of credit note {bill.number} is of an order, and its item's account is known"
                    " to Sage Intacct alone.",
                    remedy="Name an account as credit_account of the connection, or enter the credit there by hand and"
                    " discard this.",
                    data={"line": line.number},
                )
            lines.append(
                {
                    "glaccountno": account,
                    "amount": money(line.amount * sign),
                    "memo": _entry(line),
                    "locationid": codes[LOCATION] or None,
                    "departmentid": codes[DEPARTMENT] or None,
                    "projectid": codes[PROJECT] or None,
                    "classid": codes[CLASS] or None,
                }
            )
        self._places.check((str(line["locationid"] or "") for line in lines), f"Credit note {bill.number}")
        description = self._text(bill, key)
        values: dict[str, Value] = {
            "vendorid": bill.vendor_id,
            "datecreated": split_day(bill.invoice_date),
            "adjustmentno": bill.number,
            "action": self._settings.bill_action,
            "billno": bill.original_invoice or None,
            "description": description,
            **self._currency(bill),
        }
        return self._planned(self._kinds.adjustment, bill, key, functions.adjustment(values, lines), description)

    def _account(self, bill: Bill, line: BillLine) -> str:
        account = line.gl_account_id or line.gl_account_code
        if not account:
            raise NeedsCorrection(
                Reason.UNMAPPED_ACCOUNT,
                f"Line {line.number} of invoice {bill.number} has no account.",
                remedy="Map the item or charge to a GL account.",
                data={"line": line.number},
            )
        return account

    # ------------------------------------------------------------------ with an order

    def _vendor_invoices(self, bill: Bill, key: str, original: str) -> list[PlannedOperation]:
        """One for each document that is converted, or one of several sources where that is allowed (7.2)."""
        items, parts = self._items(bill, key)
        groups = self._grouped(bill, items)
        self._sources.take(parts, key)
        return [
            self._vendor_invoice(bill, key, source, group, original, of=len(groups) if len(groups) > 1 else 0)
            for source, group in groups.items()
        ]

    def _items(self, bill: Bill, key: str) -> tuple[list[Item], list[Part]]:
        items: list[Item] = []
        taken: list[Part] = []
        for line in bill.lines:
            if not line.order_line_id:
                items.append(self._charge(bill, line))
                continue
            parts = self._parts(bill, line, key)
            taken += parts
            self._sources.take(taken, key)
            items += _shared(line, parts, max(smallest(bill.currency), CENT))
        return items, taken

    def _parts(self, bill: Bill, line: BillLine, key: str) -> list[Part]:
        """The lines that are converted, the oldest first."""
        order_line = LineKey.of(line.order_line_id)
        if line.quantity <= 0 and line.amount:
            raise NeedsCorrection(
                Reason.UNSUPPORTED_DOCUMENT,
                f"Line {line.number} of invoice {bill.number} has {decimal(line.quantity)} of {order_line.document}"
                f" line {order_line.line} for {decimal(line.amount)}: a Vendor Invoice bills goods that came, and takes"
                " nothing back.",
                remedy="Ask the supplier for a credit note of its own, or enter it by hand; then discard this.",
                data={"line": line.number, "quantity": decimal(line.quantity), "amount": decimal(line.amount)},
            )
        by_receipt = self._settings.billed_from == "receipts"
        look = self._sources.receipts if by_receipt else self._sources.order_lines
        found = look(bill.vendor_id, order_line, key, least=line.quantity)
        left, parts = line.quantity, list[Part]()
        for one in found:
            part = min(left, one.free - sum((q for source, q in parts if source.record == one.record), Decimal(0)))
            if part > 0:
                parts.append((one, part))
                left -= part
        if left > 0:
            free = line.quantity - left
            where = "is received and not billed" if by_receipt else "is open on the order"
            raise NeedsCorrection(
                Reason.NOT_RECEIVED if by_receipt else Reason.QUANTITY_TOLERANCE,
                f"Line {line.number} of invoice {bill.number} bills {decimal(line.quantity)} of {order_line.document}"
                f" line {order_line.line}; {decimal(free)} {where}.",
                remedy="Enter the receiver of these goods in Sage Intacct; the invoice is looked at again after that."
                if by_receipt
                else "See the order in Sage Intacct: it may have been converted by hand.",
                data={"order": order_line.document, "line": order_line.line, "free": decimal(free)},
            )
        return parts

    def _charge(self, bill: Bill, line: BillLine) -> Item:
        """A purchasing document has items on its lines, never accounts (7.2)."""
        if not line.item_id:
            raise NeedsCorrection(
                Reason.UNMAPPED_CHARGE,
                f"Line {line.number} of invoice {bill.number} ({line.charge_code or line.description}) has no item:"
                " a Vendor Invoice takes no accounts.",
                remedy="Map the charge to a non-inventory item under coding.charge_items.",
                data={"line": line.number, "charge": line.charge_code},
            )
        return Item(line, line.quantity, line.amount)

    def _grouped(self, bill: Bill, items: Sequence[Item]) -> dict[str, list[Item]]:
        """Items by the document that they are converted from; charges go with the first."""
        names = list(dict.fromkeys(item.source.document for item in items if item.source is not None))
        if len(names) > 1 and self._settings.several_sources == "hold":
            raise NeedsCorrection(
                Reason.AMBIGUOUS_ORDER_LINE,
                f"Invoice {bill.number} bills several documents: {', '.join(names[:5])}.",
                remedy="Enter it by hand and discard this, or set several_sources in the connection.",
                data={"documents": names[:20]},
            )
        if len(names) > 1 and self._settings.several_sources == "lines":
            return {"": list(items)}
        groups: dict[str, list[Item]] = {name: [] for name in names}
        for item in items:
            groups[item.source.document if item.source is not None else names[0]].append(item)
        return groups

    def _vendor_invoice(
        self, bill: Bill, key: str, source: str, items: Sequence[Item], original: str, *, of: int
    ) -> PlannedOperation:
        lines = [self._item(bill, item, several=not source) for item in items]
        self._places.check((str(line["locationid"] or "") for line in lines), f"Invoice {bill.number}")
        message = self._text(bill, key)
        settings = self._settings
        values: dict[str, Value] = {
            "transactiontype": settings.invoice_definition,
            "datecreated": split_day(bill.invoice_date),
            "createdfrom": source or None,
            "vendorid": bill.vendor_id,
            "referenceno": bill.order_number or None,
            "vendordocno": bill.number,
            "datedue": split_day(bill.due_date or bill.invoice_date + timedelta(days=settings.due_days)),
            "message": message,
            "supdocid": original or None,
            **self._currency(bill),
            "state": settings.document_state or None,
        }
        element = functions.purchase(values, lines)
        return planned(
            self._kinds.vendor_invoice,
            settings,
            key,
            Identity(bill.vendor_id, bill.number),
            element,
            told_of({"number": bill.number, "message": message}),
            ref=source if of else "",
            source=source if of else "",
        )

    def _item(self, bill: Bill, item: Item, *, several: bool) -> dict[str, Value]:
        line, source = item.line, item.source
        codes = self._codes(bill, line, source)
        converted: dict[str, Value] = {}
        if source is not None:
            converted = {"sourcelinekey": source.record}
            if several:
                converted |= {"sourcedocid": source.document, "sourcedoclineid": source.record}
        return {
            "itemid": source.item if source is not None else line.item_id,
            "warehouseid": source.warehouse or None if source is not None else None,
            "quantity": decimal(item.quantity),
            "unit": source.unit or None if source is not None else None,
            "price": decimal(_price(bill, item)),
            "locationid": codes[LOCATION] or None,
            "departmentid": codes[DEPARTMENT] or None,
            "memo": line.description or None,
            "projectid": codes[PROJECT] or None,
            "classid": codes[CLASS] or None,
            **converted,
        }

    # ------------------------------------------------------------------ both

    def _codes(self, bill: Bill, line: BillLine, source: SourceLine | None = None) -> dict[str, str]:
        """Dimensions of a line: its own, its source's, the connection's."""
        own: Mapping[str, str] = line.dimensions
        place = f"Line {line.number} of invoice {bill.number}"
        location = own.get(LOCATION, "") or (source.location if source is not None else "")
        department = own.get(DEPARTMENT, "") or (source.department if source is not None else "")
        return {
            LOCATION: self._places.location_of(location, place),
            DEPARTMENT: department or self._settings.department,
            PROJECT: own.get(PROJECT, ""),
            CLASS: own.get(CLASS, ""),
        }

    def _currency(self, bill: Bill) -> dict[str, Value]:
        return currency_of(f"Invoice {bill.number}", bill.currency, self._settings)

    def _text(self, bill: Bill, key: str) -> str:
        told = "; ".join(one for one in (bill.description, *bill.told) if one)
        return with_key(told or bill.number, key, self._settings.description_length)

    def _planned(self, kind: Kind, bill: Bill, key: str, element: Element, description: str) -> PlannedOperation:
        texts = {"number": bill.number, "description": description}
        texts |= {f"line {line.number}": line.description for line in bill.lines}
        identity = Identity(bill.vendor_id, bill.number)
        return planned(kind, self._settings, key, identity, element, told_of(texts))


def _shared(line: BillLine, parts: Sequence[Part], step: Decimal) -> Iterator[Item]:
    """A line by what it is converted from; its amount is shared out by quantity, in these steps."""
    left = line.amount
    for at, (source, quantity) in enumerate(parts):
        last = at == len(parts) - 1
        amount = left if last else rounded_to(line.amount * quantity / line.quantity, step)
        left -= amount
        yield Item(line, quantity, amount, source)


def _price(bill: Bill, item: Item) -> Decimal:
    """The price that comes to the line's amount: Intacct multiplies and rounds to the cent (intacct 6.4).

    Raises:
        NeedsCorrection: there is none.
    """
    if not item.quantity:
        return item.amount
    exact = item.amount / item.quantity
    wished = [item.line.unit_price] if item.line.unit_price is not None else []
    for price in (*wished, *_rounded(exact)):
        if (price * item.quantity).quantize(CENT, ROUND_HALF_UP) == item.amount:
            return price
    raise NeedsCorrection(
        Reason.BAD_VALUE,
        f"Line {item.line.number} of invoice {bill.number}: no price with {PRICE_PLACES} decimals times"
        f" {decimal(item.quantity)} comes to {item.amount}.",
        remedy="Enter the invoice by hand, and discard this.",
        data={"line": item.line.number},
    )


def _rounded(exact: Decimal) -> Iterable[Decimal]:
    for places in range(2, PRICE_PLACES + 1):
        yield exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _entry(line: BillLine) -> str:
    """A bill's line has no quantity: its text tells it (intacct 7.1)."""
    plain = line.quantity == 1
    return line.description if plain else f"{decimal(line.quantity)} x {line.description}".strip()


def _has_account(line: BillLine) -> bool:
    return bool(line.gl_account_id or line.gl_account_code)
