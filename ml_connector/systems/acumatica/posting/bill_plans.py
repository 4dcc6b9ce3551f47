"""How a bill becomes the exact payloads of AP bills: by order, by receipt, by account (acumatica 8, 8.1)."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.documents.erp_postings import Bill, BillLine
from ml_connector.documents.values.currencies import rounded_to, smallest
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import PlannedOperation
from ml_connector.systems.acumatica.posting.attachments import attachment_of
from ml_connector.systems.acumatica.posting.bills import CREDIT, ENTITY, INVOICE, KIND
from ml_connector.systems.acumatica.posting.comparing import shown
from ml_connector.systems.acumatica.posting.facts import MadeBill, OrderFacts, ReceiptLine, Receipts
from ml_connector.systems.acumatica.posting.release import release_of
from ml_connector.systems.acumatica.reading.orders import SUBACCOUNT, LineKey
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.values import to_json, wrapped
from ml_connector.systems.our_keys import key_in, with_key

#: Characters of VendorRef (acumatica 8).
REFERENCE = 40


class BillPlanner:
    """Bill -> the exact payloads."""

    def __init__(self, settings: AcumaticaConnection, orders: OrderFacts, receipts: Receipts) -> None:
        self._settings = settings
        self._orders = orders
        self._receipts = receipts

    def plan(self, bill: Bill, key: str) -> list[PlannedOperation]:
        """The bill, and its release where that is wanted.

        Raises:
            NeedsCorrection: it cannot be expressed, or what it bills was not received.
        """
        if len(bill.number) > REFERENCE:
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"Invoice number {bill.number} has {len(bill.number)} characters; Acumatica keeps {REFERENCE}.",
                remedy="Book it by hand, and discard it here.",
                data={"number": bill.number},
            )
        target = f"{self._settings.company}/{ENTITY}"
        body, taken = self._body(bill, key)
        payload = {"put": body, "total": bill.total, "taxes": bill.vat_total}
        self._receipts.take(taken, key)
        planned = [PlannedOperation(KIND, target, to_json(payload))]
        if bill.attach_original and bill.attachment_sha256:
            name = bill.attachment_name or f"{bill.number}.x12"
            planned.append(attachment_of(target, name, bill.attachment_sha256))
        if self._settings.after_bill == "released":
            planned += release_of(ENTITY, target, {"Amount": bill.total, "TaxTotal": bill.vat_total}, body)
        return planned

    def _body(self, bill: Bill, key: str) -> tuple[dict[str, Any], list[tuple[ReceiptLine, Decimal]]]:
        taken: list[tuple[ReceiptLine, Decimal]] = []
        keys = [LineKey.of(line.order_line_id) for line in bill.lines if line.order_line_id]
        self._orders.learn(keys)
        lines: list[dict[str, Any]] = []
        for line in bill.lines:
            made, used = self._line(bill, line, key)
            lines += made
            taken += used
            self._receipts.take(taken, key)
        header = self._header(bill, key)
        made_already = self._made_already(bill, key)
        if made_already is not None:
            return {"id": made_already.id, **header}, []
        return {**header, **self._taxes(bill), "Details": wrapped({"Details": lines})["Details"]}, taken

    def _header(self, bill: Bill, key: str) -> dict[str, Any]:
        told = "; ".join(one for one in (bill.description, *bill.told) if one)
        values: dict[str, Any] = {
            "Type": CREDIT if bill.credit else INVOICE,
            "Vendor": bill.vendor_id,
            "VendorRef": bill.number,
            "Date": bill.invoice_date,
            **({"DueDate": bill.due_date} if bill.due_date and not bill.credit else {}),
            **({"CurrencyID": bill.currency} if bill.currency else {}),
            **({"BranchID": self._settings.branch} if self._settings.branch else {}),
            "Description": with_key(told or bill.number, key, self._settings.description_length),
            "Amount": bill.total,
            "Hold": self._settings.after_bill == "hold",
        }
        return wrapped(values)

    def _taxes(self, bill: Bill) -> dict[str, Any]:
        """The invoice's own taxes in place of computed ones; without any, none (acumatica 8.1)."""
        if self._settings.taxes != "as_invoiced" or not bill.taxes:
            return {}
        unnamed = next((tax for tax in bill.taxes if not tax.tax_id), None)
        if unnamed is not None:
            raise NeedsCorrection(
                Reason.MISSING_VAT_CODE,
                f"Tax {unnamed.kind or 'without a kind'} of invoice {bill.number} is mapped to no tax of Acumatica.",
                remedy="Add a rule under coding.vat that names its Tax ID.",
                data={"kind": unnamed.kind, "amount": str(unnamed.amount)},
            )
        taxes = [{"TaxID": tax.tax_id, "TaxAmount": tax.amount} for tax in bill.taxes]
        return wrapped({"IsTaxValid": True, "TaxDetails": taxes})

    def _line(
        self, bill: Bill, line: BillLine, key: str
    ) -> tuple[list[dict[str, Any]], list[tuple[ReceiptLine, Decimal]]]:
        """A line of the invoice as lines of the bill: several where several receipts make it up."""
        if not line.order_line_id or bill.credit:
            return [self._free_line(bill, line)], []
        order_line = LineKey.of(line.order_line_id)
        by_receipt = self._orders.from_receipts(order_line)
        if by_receipt is None:
            raise NeedsCorrection(
                Reason.NO_SUCH_ORDER_LINE,
                f"Line {order_line.line} of order {order_line.number} is not there any more (line {line.number}).",
                remedy="See the order in Acumatica; replay the invoice, so that it is matched anew.",
                data={"order": order_line.number, "line": order_line.line},
            )
        if not by_receipt:
            linked = {"POOrderType": order_line.kind, "POOrderNbr": order_line.number, "POLine": order_line.line}
            return [{**linked, "Qty": line.quantity, "ExtendedCost": line.amount}], []
        if line.quantity <= 0 and line.amount:
            raise NeedsCorrection(
                Reason.UNSUPPORTED_DOCUMENT,
                f"Line {line.number} of invoice {bill.number} has {shown(line.quantity)} of order {order_line.number}"
                f" line {order_line.line} for {shown(line.amount)}: a bill of receipts takes nothing back.",
                remedy="Ask the supplier for a credit note of its own, or enter it by hand; then discard this.",
                data={"line": line.number, "quantity": str(line.quantity), "amount": str(line.amount)},
            )
        parts = self._parts(bill, line, order_line, key)
        return list(_by_receipt(line, parts, smallest(bill.currency))), parts

    def _parts(self, bill: Bill, line: BillLine, order_line: LineKey, key: str) -> list[tuple[ReceiptLine, Decimal]]:
        """The receipts that a line bills, the oldest first. All of them, whatever is billed, where a bill stands."""
        received = self._receipts.of(bill.vendor_id, order_line, key, least=line.quantity)
        left, parts = line.quantity, list[tuple[ReceiptLine, Decimal]]()
        for one in received:
            part = min(left, one.free)
            if part > 0:
                parts.append((one, part))
                left -= part
        if left > 0 and not self._made(bill, received):
            free = sum((one.free for one in received), Decimal(0))
            raise NeedsCorrection(
                Reason.NOT_RECEIVED,
                f"Line {line.number} of invoice {bill.number} bills {shown(line.quantity)} of order"
                f" {order_line.number} line {order_line.line}; {shown(free)} is received and not billed.",
                remedy="Release the receipt of these goods in Acumatica; the invoice is looked at again after that.",
                data={"order": order_line.number, "line": order_line.line, "free": str(free)},
            )
        return parts

    def _free_line(self, bill: Bill, line: BillLine) -> dict[str, Any]:
        """A line without an order: an account, or an item with its accounts (credits too)."""
        if not line.gl_account_code and not line.gl_account_id and not line.item_id:
            raise NeedsCorrection(
                Reason.UNMAPPED_ACCOUNT,
                f"Line {line.number} of invoice {bill.number} has neither an account nor an item.",
                remedy="Map the item or charge to a GL account.",
                data={"line": line.number},
            )
        account = line.gl_account_id or line.gl_account_code
        subaccount = line.dimensions.get(SUBACCOUNT, "")
        return {
            **({"InventoryID": line.item_id} if line.item_id and not account else {}),
            **({"Account": account} if account else {}),
            **({"Subaccount": subaccount} if subaccount else {}),
            "Qty": line.quantity,
            "ExtendedCost": line.amount,
            **({"TransactionDescription": line.description[:250]} if line.description else {}),
        }

    # ------------------------------------------------------------------ bills that Acumatica made from receipts

    def _made(self, bill: Bill, received: Sequence[ReceiptLine]) -> list[MadeBill]:
        """Bills that nobody has entered for an invoice: made by the release of a receipt (CreateBill)."""
        mine = {receipt.receipt for receipt in received}
        return [
            one
            for one in self._receipts.bills_of(bill.vendor_id, received)
            if not key_in(one.description) and {receipt for receipt, _, _ in one.lines} <= mine
        ]

    def _made_already(self, bill: Bill, key: str) -> MadeBill | None:
        """The one bill that Acumatica made of just what this invoice bills.

        Raises:
            NeedsCorrection: there is one, and it is another.
        """
        linked = [line for line in bill.lines if line.order_line_id and not bill.credit]
        wanted: dict[LineKey, Decimal] = {}
        for line in linked:
            at = LineKey.of(line.order_line_id)
            wanted[at] = wanted.get(at, Decimal(0)) + line.quantity
        received: list[ReceiptLine] = []
        lacking = False
        for at, quantity in wanted.items():
            if self._orders.from_receipts(at):
                lines = self._receipts.of(bill.vendor_id, at, key, least=quantity)
                lacking = lacking or sum((one.free for one in lines), Decimal(0)) < quantity
                received += lines
        made = self._made(bill, received) if lacking else []
        if not made:
            return None
        fitting = [one for one in made if one.amount == bill.total and one.taxes == bill.vat_total]
        open_ones = [one for one in fitting if one.status in {"On Hold", "Balanced", "Pending Approval"}]
        if len(open_ones) == 1 and len(linked) == len(bill.lines):
            return open_ones[0]
        names = ", ".join(f"{one.number} ({one.status}, {shown(one.amount)})" for one in made[:5])
        raise NeedsCorrection(
            Reason.KEYED_BY_HAND,
            f"Acumatica has made a bill from the receipts of invoice {bill.number} itself: {names}; the invoice comes"
            f" to {shown(bill.total)}.",
            remedy="Compare that bill with the invoice: correct it and write the invoice's number into it, then discard"
            " this; or delete it and replay this. Turn Create Bill on Receipt Release off where invoices come here.",
            data={"bills": [one.number for one in made[:5]], "total": str(bill.total)},
        )


def _by_receipt(
    line: BillLine, parts: Sequence[tuple[ReceiptLine, Decimal]], step: Decimal
) -> Iterator[dict[str, Any]]:
    """Lines of a bill that link receipts; the amount is shared out by quantity, in these steps."""
    left = line.amount
    for at, (one, quantity) in enumerate(parts):
        last = at == len(parts) - 1
        amount = left if last else rounded_to(line.amount * quantity / line.quantity, step)
        left -= amount
        yield {
            "POReceiptType": one.kind,
            "POReceiptNbr": one.receipt,
            "POReceiptLine": one.line,
            "Qty": quantity,
            "ExtendedCost": amount,
        }
