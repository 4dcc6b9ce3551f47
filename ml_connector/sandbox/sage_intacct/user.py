"""What a person does at the screens of Intacct: orders, changes, approvals, deletions."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.sage_intacct.books import documents, masters, payables, payments, purchasing
from ml_connector.sandbox.sage_intacct.books.company import Company, Work
from ml_connector.sandbox.sage_intacct.books.documents import PURCHASING, SELLING
from ml_connector.sandbox.sage_intacct.books.record import Record, Values
from ml_connector.sandbox.sage_intacct.books.rules import typed
from ml_connector.sandbox.sage_intacct.books.shapes import SHAPES
from ml_connector.sandbox.sage_intacct.seed import BANK, IRONWORKS
from ml_connector.sandbox.sage_intacct.state import SageIntacctState
from ml_connector.sandbox.sage_intacct.wire.values import Formats

#: X12 codes of the units of the seed data.
UNITS = {"Each": "EA", "Box": "BX", "Sheet": "SH", "Drum": "DR"}
ITEMS = ("WIDGET1", "BRACKET7", "BOLT-M8", "STEEL-2MM")
_FORMATS = Formats()


def create_orders(
    state: SageIntacctState, count: int = 1, *, vendors: Sequence[str] = (IRONWORKS,), lines: int = 2,
    seed: int | None = None, items: Sequence[str] = ITEMS, location: str = "110", department: str = "20",
    entity: str = "", definition: str = "Purchase Order", first: str = "Pending", company: Company | None = None,
) -> list[Record]:  # fmt: skip
    """Purchase orders of made-up quantities, pending unless told (`first`: their state)."""
    books = company or state.main
    work = state.work(books, entity)
    chosen = random.Random(state.seed if seed is None else seed)
    made: list[Record] = []
    for at in range(count):
        asked = purchasing.NewDocument(
            definition,
            {
                "CUSTVENDID": vendors[at % len(vendors)], "WHENCREATED": books.today, "TERM.NAME": "Net 30",
                "WHENDUE": books.today + timedelta(days=30),
            },
            [
                {
                    "ITEMID": items[(at + n) % len(items)], "UIQTY": Decimal(chosen.randint(5, 40)),
                    "LOCATIONID": location, "DEPARTMENTID": department,
                }
                for n in range(lines)
            ],
            first,
        )  # fmt: skip
        with books.unit():
            made.append(purchasing.create(work, asked))
    return made


def receive(
    state: SageIntacctState, docid: str, *, reference: str = "", share: Decimal = Decimal(1),
    definition: str = "PO Receiver", company: Company | None = None,
) -> Record:  # fmt: skip
    """What is open of an order is received, or a share of it; with another definition, invoiced."""
    books = company or state.main
    order = books.tables["PODOCUMENT"].anywhere(docid)
    if order is None:
        raise KeyError(docid)
    lines: list[Values] = [
        {
            "ITEMID": line.text("ITEMID"), "UIQTY": line.amount("QTY_REMAINING") * share, "UNIT": line.text("UNIT"),
            "UIPRICE": line.amount("UIPRICE"), "SOURCE_DOCLINEKEY": line.number, "LOCATIONID": line.text("LOCATIONID"),
            "DEPARTMENTID": line.text("DEPARTMENTID"),
        }
        for line in books.lines("PODOCUMENT", order)
        if line.amount("QTY_REMAINING") > 0
    ]  # fmt: skip
    head: Values = {
        "CUSTVENDID": order.text("CUSTVENDID"), "WHENCREATED": books.today, "WHENDUE": books.today,
        "VENDORDOCNO": reference or None,
    }  # fmt: skip
    asked = purchasing.NewDocument(definition, head, lines, "Pending", docid)
    with books.unit():
        return purchasing.create(state.work(books, order.owner), asked)


def close(state: SageIntacctState, docid: str, *, display: str = "Closed", company: Company | None = None) -> Record:
    """A document gets a state by hand."""
    books = company or state.main
    row = books.tables["PODOCUMENT"].anywhere(docid) or books.tables["SODOCUMENT"].anywhere(docid)
    if row is None or display not in documents.STATES:
        raise KeyError(docid if row is None else display)
    with books.unit():
        books.change(_side(books, row), row, {"STATE": display}, user="buyer")
    return row


def _side(books: Company, row: Record) -> str:
    return PURCHASING.header if books.tables[PURCHASING.header].get(row.number) is row else SELLING.header


def enter_bill(
    state: SageIntacctState, number: str, amount: str, *, vendor: str = IRONWORKS, account: str = "6200",
    location: str = "110", entity: str = "100", kind: str = "APBILL", currency: str = "USD",
    company: Company | None = None,
) -> Record:  # fmt: skip
    """A bill that somebody keys in, or with another kind an adjustment, below zero where it is a credit."""
    books = company or state.main
    made = payables.BILL if kind == payables.BILL.object else payables.ADJUSTMENT
    head: Values = {
        "VENDORID": vendor, "RECORDID": number, "WHENCREATED": books.today, "CURRENCY": currency,
        "WHENDUE": books.today + timedelta(days=30),
    }  # fmt: skip
    line: Values = {
        "ACCOUNTNO": account, "TRX_AMOUNT": Decimal(amount), "LOCATIONID": location, "DEPARTMENTID": "20",
    }  # fmt: skip
    with books.unit():
        return payables.create(state.work(books, entity), made, head, [line])


def pay_bill(
    state: SageIntacctState, number: str, amount: str, *, reference: str = "", vendor: str = IRONWORKS,
    entity: str = "100", company: Company | None = None,
) -> Record:  # fmt: skip
    """Somebody pays a bill by hand."""
    books = company or state.main
    (bill,) = (
        row for row in books.tables["APBILL"] if (row.text("RECORDID"), row.text("VENDORID")) == (number, vendor)
    )
    head: Values = {
        "VENDORID": vendor, "PAYMENTDATE": books.today, "CURRENCY": bill.text("CURRENCY"), "PAYMENTMETHOD": "EFT",
        "FINANCIALENTITY": BANK, "DOCNUMBER": reference or None,
    }  # fmt: skip
    with books.unit():
        detail: Values = {"RECORDKEY": bill.number, "TRX_PAYMENTAMOUNT": Decimal(amount)}
        return payments.create(state.work(books, entity), head, [detail])


def void_payment(state: SageIntacctState, number: int, *, company: Company | None = None) -> None:
    """A payment is taken back: what it paid is due again."""
    books = company or state.main
    row = books.tables["APPYMT"].get(number)
    if row is None:
        raise KeyError(number)
    with books.unit():
        payments.reverse(state.work(books, row.owner), row)


def put(
    state: SageIntacctState, name: str, values: Mapping[str, Any], *, entity: str = "", company: Company | None = None
) -> Record:
    """A record of reference data is entered, or changed where its key is known."""
    books = company or state.main
    shape = SHAPES[name]
    work = Work(books, "admin", entity)
    sent: Values = {
        field: typed(shape.fields[field], str(value), _FORMATS, label=field) for field, value in values.items()
    }
    row = work.find(name, str(values.get(shape.key, "")))
    with books.unit():
        if row is None:
            return masters.create(work, name, sent)
        masters.update(work, name, row, sent)
        return row


def remove(state: SageIntacctState, name: str, key: str, *, company: Company | None = None) -> None:
    """A record of reference data is deleted."""
    books = company or state.main
    row = books.tables[name].anywhere(key)
    if row is None:
        raise KeyError(key)
    with books.unit():
        masters.delete(Work(books, "admin", row.owner), name, row)


def edit(
    state: SageIntacctState, name: str, number: int, values: Mapping[str, Any], *, company: Company | None = None
) -> Record:
    """Change fields whatever the rules say."""
    books = company or state.main
    row = books.tables[name].get(number)
    if row is None:
        raise KeyError(f"{name} {number}")
    fields = SHAPES[name].fields
    sent: Values = {field: typed(fields[field], str(value), _FORMATS, label=field) for field, value in values.items()}
    with books.unit():
        books.change(name, row, sent, user="admin")
    return row


def order_facts(company: Company, order: Record) -> dict[str, Any]:
    """A document as partners' documents are made from it (`POST /partner/invoices` takes it as it is)."""
    table = _side(company, order)
    return {
        "number": order.text("PONUMBER") or order.text("DOCNO"), "docid": order.text("DOCID"),
        "party": order.text("CUSTVENDID"), "supplier": order.text("CUSTVENDID"), "state": order.text("STATE"),
        "currency": order.text("CURRENCY"), "date": order.text("WHENCREATED"),
        "lines": [
            {
                "key": line.number, "line": int(line.text("LINE_NO")) + 1, "number": int(line.text("LINE_NO")) + 1,
                "item": line.text("ITEMID"), "unit": UNITS.get(line.text("UNIT"), "EA"),
                "unit_name": line.text("UNIT"), "description": line.text("ITEMDESC"),
                "quantity": line.amount("UIQTY"), "price": line.amount("UIPRICE"),
                "amount": line.amount("TOTAL"), "converted": line.amount("QTY_CONVERTED"),
            }
            for line in company.lines(table, order)
        ],
    }  # fmt: skip
