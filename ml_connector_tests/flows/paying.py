"""Invoices in Exact and at AvidXchange, their payments, and what both books say of them; for the tests of payments."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage

OPEN, MATCHED = 20, 50
Row = dict[str, Any]
_numbers = itertools.count(1)


@contextmanager
def paying_stage(folder: Path) -> Iterator[Stage]:
    """Exact's main company and AvidXchange, payments booked against the clearing account and read back at once."""
    flows = {"payments_in": {"account": "51", "read_back_minutes": 0}}
    with avid_stage(folder, flows=flows, currency="EUR") as made:
        made.inbound()
        yield made


def as_it_was(stage: Stage) -> None:
    """After a test: no faults, and the periods that were open are open."""
    stage.sandbox.faults.clear()
    stage.sandbox.exact.options.closed_periods = ExactOptions().closed_periods


def entry(stage: Stage, amount: str = "100", *, number: str = "", **more: Any) -> Row:
    """An invoice in Exact (with VAT: 121 of 100), and at AvidXchange, linked by its EntryID."""
    values = {"supplier": "20011", "your_ref": number or f"INV-{next(_numbers)}", "amount": Decimal(amount), **more}
    made = dict(stage.sandbox.call(user.key_entry, stage.sandbox.exact, **values))
    there = stage.sandbox.call(
        stage.desk.received,
        {"VendorExternalSystemID": made["Supplier"], "VendorName": made["SupplierName"]},
        made["YourRef"],
        str(-made["AmountFC"]),
        ExternalIdentifier={"Value": made["EntryID"]},
        Currency=made["Currency"],
    )
    return {**made, "there": str(there["Id"])}


def pay(
    stage: Stage, *entries: Row, parts: dict[str, str] | None = None, status: str = "Issued to Supplier", **more: Any
) -> Row:
    amounts = {one["there"]: (parts or {}).get(one["there"], "") for one in entries}
    made: Row = stage.sandbox.call(stage.desk.pay, amounts, status=status, **more)
    return made


def run(stage: Stage, *, later: float = 60) -> None:
    stage.inbound()
    stage.sandbox.clock.move(later)


def documents(stage: Stage, payment: Row) -> list[DocumentRow]:
    found = [row for row in stage.documents("payments_in") if row.number == str(payment["PaymentId"])]
    return sorted(found, key=lambda row: row.revision)


def states(stage: Stage, payment: Row) -> list[tuple[S, str | None]]:
    return [(row.state, row.reason) for row in documents(stage, payment)]


def item(stage: Stage, made: Row) -> int:
    """The open item's status in Exact."""
    (row,) = stage.sandbox.exact.main.table("cashflow/Payments").where("TransactionEntryID", made["EntryID"])
    return int(row["Status"])


def booked(stage: Stage, made: Row) -> list[Decimal]:
    """What bank lines in the clearing journal pay of an invoice."""
    main = stage.sandbox.exact.main
    lines = main.table("financialtransaction/BankEntryLines").where("OurRef", made["EntryNumber"])
    ours = [
        line
        for line in sorted(lines, key=lambda one: one["Timestamp"])
        if main.get("financialtransaction/BankEntries", line["EntryID"])["JournalCode"].strip() == "51"
    ]
    return [-line["AmountFC"] for line in ours]


@contextmanager
def settings(stage: Stage, **more: Any) -> Iterator[None]:
    """The flow with other settings."""
    was = stage.integration
    flows = was.settings.flows
    other = flows.model_copy(update={"payments_in": flows.named("payments_in").model_copy(update=more)})
    stage.integration = replace(was, settings=was.settings.model_copy(update={"flows": other}))
    yield
    stage.integration = was
