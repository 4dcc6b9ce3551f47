"""Its night's work: it takes the files that lie there for it, and lays out what is new for us."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ml_connector.sandbox.avidxchange.files import tables
from ml_connector.sandbox.avidxchange.files.place import FROM, LOADED, TO, Place
from ml_connector.sandbox.avidxchange.rules import created, wrong
from ml_connector.sandbox.avidxchange.state import AvidState, Row, external_id, money

Cells = dict[str, str]
#: Names that nobody takes yet.
_UNFINISHED = (".tmp", ".filepart", LOADED)


class Exchange:
    """refused: what was not taken, with the reason. taken: names of files, in their order."""

    def __init__(self, state: AvidState, place: Place) -> None:
        self.state = state
        self.place = place
        self.refused: list[Cells] = []
        self.taken: list[str] = []
        self._given: dict[str, str] = {}
        self._answers: list[Cells] = []
        self._files = 0

    # ------------------------------------------------------------------ for it

    def take(self) -> int:
        """Everything that lies there; how many files."""
        before = len(self.taken)
        for folder, table, key, made in _INCOMING:
            for name in self._waiting(f"{TO}/{folder}"):
                rows = tables.read(self.place.read(f"{TO}/{folder}", name))
                for of_one in _grouped(rows, key):
                    self._answer(name, of_one[0].get("ExternalId", ""), self._take(table, of_one, made))
                self.place.mark(f"{TO}/{folder}", name)
                self.taken.append(name)
        return len(self.taken) - before

    def _waiting(self, folder: str) -> list[str]:
        return sorted(name for name in self.place.names(folder) if not name.endswith(_UNFINISHED))

    def _answer(self, name: str, external: str, why: str) -> None:
        told = {"FileName": name, "ExternalId": external, "Result": "Rejected" if why else "Accepted", "Message": why}
        self._answers.append(told)
        if why:
            self.refused.append(told)

    def _take(self, table: str, rows: Sequence[Cells], made: Callable[[Sequence[Cells]], Row]) -> str:
        """Why it is not taken; empty: it is."""
        body, action = made(rows), rows[0].get("Action", "")
        known = [row for row in self.state.by_external_id(table, external_id(body)) if external_id(body)]
        if action == "Withdraw":
            for row in known:
                self.state.move(row, Status={"Id": 9, "Description": "Voided"})
            return ""
        image = rows[0].get("ImageFile", "")
        if known and action != "Create":
            why = wrong(self.state, table, body)
            if not why:
                self.state.move(known[0], **body)
                made_row: Any = known[0]
        else:
            good, made_row = created(self.state, table, body)
            why = "" if good else str(made_row)
        if image and not why:
            self.state.images[str(made_row["Id"])] = self.place.read(f"{TO}/Images", image)
        return why

    # ------------------------------------------------------------------ for us

    def give(self) -> list[str]:
        """Files of closed batches and of payments that moved; their names. Batches whose files were taken are done."""
        self._note_taken()
        names = []
        if self._answers:
            names.append(self._lay("Results", tables.RESULTS, self._answers, "all"))
            self._answers = []
        for batch in self.state.rows("batches"):
            if self._is_news(f"batch {batch['BatchGUID']}", batch["DateClosed"]):
                rows = [self.state.table("invoices")[str(key)] for key in batch["Invoices"]]
                lines = [line for row in rows for line in _approved(row, batch["BatchGUID"])]
                names.append(self._lay("Invoices", tables.APPROVED, lines, batch["BatchGUID"]))
        moved = [
            row
            for row in self.state.rows("payments")
            if self._is_news(f"payment {row['PaymentId']}", json.dumps(row, default=str, sort_keys=True))
        ]
        if moved:
            names.append(self._lay("Payments", tables.PAYMENTS, [line for row in moved for line in _paid(row)], "all"))
        return names

    def _is_news(self, what: str, now: str) -> bool:
        before, self._given[what] = self._given.get(what), now
        return before != now

    def _lay(self, folder: str, columns: Sequence[str], lines: Sequence[Mapping[str, Any]], about: str) -> str:
        self._files += 1
        name = f"{folder}_{self._files:04d}_{about}.csv"
        self.place.put(f"{FROM}/{folder}", name, tables.written(columns, lines))
        return name

    def _note_taken(self) -> None:
        for name in self.place.names(f"{FROM}/Invoices"):
            if name.endswith(f".csv{LOADED}"):
                batch = self.state.table("batches").get(name.removesuffix(f".csv{LOADED}").rpartition("_")[2])
                if batch is not None:
                    batch["Exported"] = True


def _grouped(rows: Sequence[Cells], key: Sequence[str]) -> list[list[Cells]]:
    found: dict[tuple[str, ...], list[Cells]] = {}
    for row in rows:
        found.setdefault(tuple(row.get(one, "") for one in key), []).append(row)
    return list(found.values())


def _vendor(rows: Sequence[Cells]) -> Row:
    (row,) = rows
    address = {name: row[name] for name in ("Line1", "Line2", "City", "State", "PostalCode", "Country")}
    told = {name: row[name] for name in ("Name", "NameOnCheck", "Telephone1", "Terms")}
    ours = {"ExternalIdentifier": {"Value": row["ExternalVendorCode"]}, "Addresses": [address]}
    return {**told, **ours, "TaxId": row["FedTaxId"], "RemitEmail": row["Email"], "Active": row["Active"] == "true"}


def _code(rows: Sequence[Cells]) -> Row:
    (row,) = rows
    ours = {"ExternalIdentifier": {"Value": f"{row['CodeGroupName']}/{row['Value']}"}}
    return {**row, **ours, "Active": row["Active"] == "true"}


def _order(rows: Sequence[Cells]) -> Row:
    head = {name: rows[0][name] for name in ("Number", "OrderDate", "Currency")}
    names = ("LineNumber", "Item", "Description", "Quantity", "UnitPrice", "Amount")
    vendor = {"VendorExternalSystemID": rows[0]["VendorExternalCode"]}
    lines = [{name: row[name] for name in names} for row in rows]
    return {**head, **vendor, "ExternalIdentifier": {"Value": rows[0]["Number"]}, "Lines": lines}


def _receipt(rows: Sequence[Cells]) -> Row:
    (row,) = rows
    return {**row, "ExternalIdentifier": {"Value": row["ExternalCode"]}}


def _invoice(rows: Sequence[Cells]) -> Row:
    head = rows[0]
    told = {"Number": head["InvoiceNumber"], "InvoiceDueDate": head.get("DueDate"), "PONumber": head.get("PONumber")}
    vendor = {"VendorExternalSystemID": head.get("VendorExternalCode"), "VendorName": head.get("VendorName")}
    lines = [
        {
            "LineNumber": row["LineNumber"],
            "Amount": money(row["LineAmount"]),
            "Description": row["LineDescription"],
            "EnterpriseCodes": [
                {"EnterpriseCodeValue": value, "EnterpriseCodeGroups": [{"CodeGroupName": group}]}
                for group, _, value in (one.partition("=") for one in row["Codes"].split("|") if one)
            ],
        }
        for row in rows
        if row.get("LineAmount")
    ]
    return {
        "ExternalIdentifier": {"Value": head["ExternalId"]},
        **told,
        "InvoiceDate": head.get("InvoiceDate"),
        "PostingDate": head.get("PostingDate"),
        "Currency": head.get("Currency"),
        "GrossAmount": money(head.get("GrossAmount") or 0),
        "BuyerVendor": vendor,
        "Distributions": lines,
    }


#: Folder, table, the columns that tell which rows are one record, and what it is made of them.
_INCOMING: tuple[tuple[str, str, tuple[str, ...], Callable[[Sequence[Cells]], Row]], ...] = (
    ("Vendors", "vendors", ("ExternalVendorCode",), _vendor),
    ("Codes", "glaccounts", ("CodeGroupName", "Value"), _code),
    ("PurchaseOrders", "purchaseorders", ("Number",), _order),
    ("Receipts", "receipts", ("ExternalCode",), _receipt),
    ("Invoices", "invoices", ("ExternalId",), _invoice),
)


def _approved(row: Row, batch: str) -> list[Row]:
    vendor = row.get("BuyerVendor") or {}
    head = {
        "BatchId": batch,
        "InvoiceId": row["Id"],
        "ExternalId": external_id(row),
        "VendorExternalCode": vendor.get("VendorExternalSystemID"),
        "VendorName": vendor.get("VendorName"),
        "InvoiceNumber": row["Number"],
        "InvoiceDate": row.get("InvoiceDate"),
        "DueDate": row.get("InvoiceDueDate"),
        "PostingDate": row.get("PostingDate"),
        "PONumber": row.get("PONumber"),
        "GrossAmount": row["GrossAmount"],
        "Currency": row.get("Currency"),
        "ImageUrl": row.get("ImageUrl"),
    }
    return [
        {
            **head,
            "LineNumber": at,
            "LineAmount": line["Amount"],
            "LineDescription": line.get("Description"),
            "Codes": "|".join(
                f"{one['EnterpriseCodeGroups'][0]['CodeGroupName']}={one['EnterpriseCodeValue']}"
                for one in line.get("EnterpriseCodes", ())
            ),
        }
        for at, line in enumerate(row.get("Distributions") or [], 1)
    ]


def _paid(row: Row) -> list[Row]:
    head = {
        "PaymentId": row["PaymentId"],
        "ExternalPaymentId": "|".join(one["Value"] for one in row.get("ExternalPaymentIds", ())),
        "Status": row["Status"]["Description"],
        "Method": (row.get("PaymentMethod") or {}).get("Description"),
        "CheckNumber": row.get("CheckNumber"),
        "TraceNumber": row.get("TraceNumber"),
        "PaymentDate": row.get("PaymentDate"),
        "ClearedDate": row.get("ClearedDate"),
        "PaymentAmount": row["Amount"],
        "Currency": row.get("Currency"),
        "PayeeExternalCode": (row.get("Payee") or {}).get("ExternalId"),
        "ReplacesPaymentId": row.get("ReplacesPaymentId"),
    }
    lines = [
        {"InvoiceNumber": line["Number"], "Net": line["Net"], "Discount": line["Discount"]}
        for line in row.get("Remittances", ())
    ]
    return [{**head, **line} for line in lines] or [head]
