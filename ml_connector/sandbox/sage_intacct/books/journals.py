"""Journal entries (sage-intacct 7)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from ml_connector.sandbox.sage_intacct.books.company import Work
from ml_connector.sandbox.sage_intacct.books.record import ZERO, Record, Values
from ml_connector.sandbox.sage_intacct.books.rules import (
    check_account,
    check_dimensions,
    check_open,
    general_line,
    needed,
)
from ml_connector.sandbox.sage_intacct.wire.errors import business, field_error, invalid
from ml_connector.sandbox.sage_intacct.wire.values import money

#: How an entry's line calls the dimensions that others call with ID.
_NAMES = {"LOCATION": "LOCATIONID", "DEPARTMENT": "DEPARTMENTID"}


def create(work: Work, values: Values, lines: Sequence[Values]) -> Record:
    """A journal entry whose debits and credits are equal. Raises Failed."""
    with general_line(work, "GLBatch", str(values.get("REFERENCENO") or "")):
        needed(values, ("JOURNAL", "BATCH_DATE", "BATCH_TITLE"))
        journal = str(values["JOURNAL"])
        if work.find("GLJOURNAL", journal) is None:
            raise invalid("Journal", journal)
        day = values["BATCH_DATE"]
        if isinstance(day, date):
            check_open(work, day)
        state = str(values.get("STATE") or "Posted")
        if state not in {"Posted", "Draft"}:
            raise invalid("State", state)
        checked = [_check_line(work, line) for line in lines]
        balance = sum((_signed(line) for line in checked), ZERO)
        if len(checked) < 2 or (balance and state == "Posted"):
            raise business(f"Debits and credits do not balance: the difference is {balance}.")
        head = values | {"STATE": state, "MODULE": "2.GL"}
        row = work.company.add("GLBATCH", head, owner=work.entity, user=work.user)
        for at, line in enumerate(checked):
            more = {"BATCHNO": row.number, "LINE_NO": at + 1, "ENTRY_DATE": day, "STATE": state}
            work.company.add("GLENTRY", {**line, **more}, owner=row.owner, user=work.user)
        row.values["BATCHNO"] = row.number
    total = sum((line["TRX_AMOUNT"] for line in checked if line["TR_TYPE"] == 1), ZERO)
    work.company.tell(
        "GLBATCH create", recordno=row.number, journal=journal, reference=row.text("REFERENCENO"), total=str(total),
        title=row.text("BATCH_TITLE"), entity=row.owner,
    )  # fmt: skip
    return row


def _check_line(work: Work, line: Values) -> Values:
    needed(line, ("ACCOUNTNO", "TR_TYPE", "TRX_AMOUNT"))
    if line["TR_TYPE"] not in {1, -1}:
        raise invalid("Transaction Type", str(line["TR_TYPE"]))
    amount = line["TRX_AMOUNT"]
    if not isinstance(amount, Decimal) or amount < 0:
        raise field_error(f"Illegal format for TRX_AMOUNT: '{amount}'")
    checked = {_NAMES.get(name, name): value for name, value in line.items()}
    check_dimensions(work, checked)
    check_account(work, checked)
    back = {long: short for short, long in _NAMES.items()}
    kept = {back.get(name, name): value for name, value in checked.items()}
    return {**kept, "TRX_AMOUNT": money(amount), "AMOUNT": money(amount)}


def _signed(line: Values) -> Decimal:
    amount = line["TRX_AMOUNT"]
    return amount * (1 if line["TR_TYPE"] == 1 else -1) if isinstance(amount, Decimal) else ZERO


def delete(work: Work, row: Record) -> None:
    """Remove an entry."""
    work.company.delete("GLBATCH", row, user=work.user)
    work.company.tell("GLBATCH delete", recordno=row.number)
