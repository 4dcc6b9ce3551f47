"""The people there: who approves and codes invoices, closes batches and opens them again, pays, voids and reissues."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.avidxchange.state import AvidState, Row, external_id, money

#: How a payment walks by itself (avidxchange 5).
WALK = ("Pending Approval", "Processing", "Debit Requested", "Funds Received", "Issued to Supplier", "Cleared")
METHODS = {1: "AvidPay Check", 2: "AvidPay Direct (ACH)", 3: "Virtual Credit Card"}


class Desk:
    """Acts of people. Everything is named by AvidXchange's id, our id, or a number."""

    def __init__(self, state: AvidState) -> None:
        self.state = state

    # ------------------------------------------------------------------ invoices

    def received(self, vendor: Mapping[str, Any], number: str, total: str, **more: Any) -> Row:
        """A supplier sends an invoice there first: nobody here knows of it."""
        return self.state.add(
            "invoices",
            {
                "Number": number,
                "InvoiceDate": self.state.stamp(),
                "GrossAmount": money(total),
                "BuyerVendor": dict(vendor),
                "Status": {"Id": 1, "Description": "In Progress"},
                "Distributions": [],
                **more,
            },
        )

    def code(self, invoice: str, lines: Sequence[Mapping[str, Any]]) -> Row:
        """Lines as {amount, description, codes: {group: value}}."""
        made = [
            {
                "Amount": money(line["amount"]),
                "Description": line.get("description", ""),
                "EnterpriseCodes": [
                    {
                        "EnterpriseCodeValue": value,
                        "EnterpriseCodeValueDescription": "",
                        "EnterpriseCodeGroups": [{"CodeGroupName": group}],
                    }
                    for group, value in line.get("codes", {}).items()
                ],
            }
            for line in lines
        ]
        return self.state.move(self.state.invoice(invoice), Distributions=made)

    def say(self, invoice: str, status: str, reason: str = "", **changes: Any) -> Row:
        """It is approved, held, rejected ... whatever the word."""
        row = self.state.invoice(invoice)
        return self.state.move(row, Status={"Id": 0, "Description": status}, StatusReason=reason, **changes)

    def approve(self, invoice: str, **changes: Any) -> Row:
        return self.say(invoice, "Approved", **changes)

    # ------------------------------------------------------------------ batches

    def close_batch(self, invoices: Sequence[str], name: str = "", system: str = "") -> Row:
        """Approved invoices go out in a batch. system: that it is for, where there are several."""
        rows = [self.state.invoice(one) for one in invoices]
        of_system = {"AccountingSystem": system} if system else {}
        values = {"BatchName": name or "Batch", "Invoices": [row["Id"] for row in rows], **of_system}
        batch = self.state.add("batches", values)
        return self._closed(batch)

    def reopen(self, batch: str, *, remove: Sequence[str] = (), add: Sequence[str] = ()) -> Row:
        """Opened, changed and closed again at once, at another moment; it waits for its acknowledgement once more."""
        row = self.state.table("batches")[batch]
        gone = {self.state.invoice(one)["Id"] for one in remove}
        kept = [key for key in row["Invoices"] if key not in gone]
        row["Invoices"] = kept + [self.state.invoice(one)["Id"] for one in add]
        return self._closed(row)

    def _closed(self, batch: Row) -> Row:
        rows = [self.state.table("invoices")[str(key)] for key in batch["Invoices"]]
        moment = self.state.now()
        if batch.get("DateClosed", "") >= moment.isoformat(timespec="seconds"):
            moment += timedelta(seconds=1)
        return self.state.move(
            batch,
            InvoiceCount=len(rows),
            BatchTotal=sum((money(row["GrossAmount"]) for row in rows), Decimal(0)),
            DateClosed=moment.isoformat(timespec="seconds"),
            Exported=False,
        )

    # ------------------------------------------------------------------ payments

    def pay(
        self,
        invoices: Mapping[str, str] | Sequence[str],
        *,
        method: int = 1,
        status: str = "Pending Approval",
        remittances: bool = True,
        currency: str = "",
        discount: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Row:
        """The payer picks invoices there, whole or in part: {invoice: amount}. remittances False: none are told."""
        amounts = dict(invoices) if isinstance(invoices, Mapping) else dict.fromkeys(invoices, "")
        lines, total, payee, company = [], Decimal(0), {}, {}
        for key, part in amounts.items():
            row = self.state.invoice(key)
            off = money((discount or {}).get(key, 0))
            gross = money(part) if part else money(row["GrossAmount"])
            lines.append(
                {
                    "InvoiceId": row["Id"],
                    "ExternalIdentifier": {"Value": external_id(row)},
                    "Number": row["Number"],
                    "Date": row.get("InvoiceDate"),
                    "Gross": gross,
                    "Discount": off,
                    "Net": gross - off,
                }
            )
            total += gross - off
            vendor = row.get("BuyerVendor") or {}
            payee = {"ExternalId": vendor.get("VendorExternalSystemID", ""), "Name": vendor.get("VendorName", "")}
            currency = currency or row.get("Currency") or ""
            company = {"CompanyId": row["CompanyId"]} if row.get("CompanyId") else {}
        made = self.state.add(
            "payments",
            {
                "ExternalPaymentIds": [],
                "Status": {"Id": 0, "Description": status},
                "PaymentMethod": {"Id": method, "Description": METHODS.get(method, "Other")},
                "Amount": total,
                "Currency": currency,
                "PaymentDate": self.state.stamp(),
                "Payee": payee,
                **company,
                **({"Remittances": lines} if remittances else {}),
                **more,
            },
        )
        self._count(made, 1)
        return made

    def walk(self, payment: str, to: str = "") -> Row:
        """One step on, or to a status of this name."""
        row = self.state.table("payments")[payment]
        now = row["Status"]["Description"]
        word = to or (WALK[WALK.index(now) + 1] if now in WALK[:-1] else now)
        changes: Row = {"Status": {"Id": 0, "Description": word}}
        if word == "Cleared":
            changes["ClearedDate"] = self.state.stamp()
        if word.startswith("Issued"):
            changes["AvidPayCheckNumber"] = str(900000 + int(row["PaymentId"]))
        return self.state.move(row, **changes)

    def void(self, payment: str, word: str = "Void") -> Row:
        """Money comes back, perhaps months later."""
        row = self.state.table("payments")[payment]
        self._count(row, -1)
        return self.state.move(row, Status={"Id": 0, "Description": word})

    def reissue(self, payment: str, *, same_id: bool = False) -> Row:
        """What was voided is paid again: by a new payment that names the old, or the same one lives again."""
        row = self.state.table("payments")[payment]
        if same_id:
            self._count(row, 1)
            return self.state.move(row, Status={"Id": 0, "Description": "Issued to Supplier"})
        kept: Row = {
            name: row[name]
            for name in ("PaymentMethod", "Amount", "Currency", "Payee", "CompanyId", "Remittances")
            if name in row
        }
        made = self.state.add(
            "payments",
            {
                **kept,
                "ExternalPaymentIds": row["ExternalPaymentIds"],
                "Status": {"Id": 0, "Description": "Issued to Supplier"},
                "PaymentDate": self.state.stamp(),
                "ReplacesPaymentId": row["PaymentId"],
            },
        )
        self._count(made, 1)
        return made

    def _count(self, payment: Row, sign: int) -> None:
        """What is paid of the invoices stands at them."""
        for line in payment.get("Remittances", ()):
            row = self.state.table("invoices").get(str(line["InvoiceId"]))
            if row is None:
                continue
            paid = money(row.get("AmountPaid") or 0) + sign * line["Gross"]
            word = "Paid" if paid >= money(row["GrossAmount"]) else "Partially Paid" if paid else "Approved"
            self.state.move(row, AmountPaid=paid, Status={"Id": 0, "Description": word})
