"""Payments of bills (sage-intacct 7, APPYMT)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from ml_connector.sandbox.sage_intacct.books import payables
from ml_connector.sandbox.sage_intacct.books.company import Work
from ml_connector.sandbox.sage_intacct.books.record import ZERO, Record, Values
from ml_connector.sandbox.sage_intacct.books.rules import active_party, check_open, general_line, needed
from ml_connector.sandbox.sage_intacct.wire.errors import business, invalid, missing
from ml_connector.sandbox.sage_intacct.wire.values import money

STATES = {"Posted": "C", "Draft": "D", "Approved": "A", "Voided": "V", "Submitted": "S"}
METHODS = {
    "Printed Check",
    "Joint Check",
    "Cash",
    "EFT",
    "Record Transfer",
    "Credit Card",
    "ACH",
    "Check Delivery",
    "WF",
}


def create(work: Work, values: Values, lines: Sequence[Values]) -> Record:
    """A payment of bills and credits, never above what is due. Raises Failed."""
    with general_line(work, "AP Payment", str(values.get("DOCNUMBER") or "")):
        vendor = active_party(work, "VENDOR", str(values.get("VENDORID") or ""))
        needed(values, ("PAYMENTDATE", "CURRENCY"))
        day = values.pop("PAYMENTDATE")
        if isinstance(day, date):
            check_open(work, day)
        draft = str(values.pop("ACTION", None) or "").casefold() == "draft"
        details = [_check(work, vendor, line) for line in lines]
        if not details:
            raise missing("APPYMTDETAILS")
        total = sum((paid for _, _, paid in details), ZERO)
        _check_account_and_method(work, values, credit_only=total == 0)
        state = "Draft" if draft else "Posted"
        head = values | {
            "VENDORID": vendor.text("VENDORID"), "VENDORNAME": vendor.text("NAME"), "WHENCREATED": day,
            "RECORDTYPE": "pp", "TRX_TOTALENTERED": total, "TOTALENTERED": total, "TRX_TOTALPAID": total,
            "TOTALPAID": total, "STATE": state, "RAWSTATE": STATES[state], "WHENPAID": day,
        }  # fmt: skip
        row = work.company.add("APPYMT", head, owner=work.entity, user=work.user)
        for line, _, _ in details:
            work.company.add("APPYMTDETAIL", {**line, "PAYMENTKEY": row.number, "STATE": state}, owner=row.owner)
        if not draft:
            _apply(work, details)
    work.company.tell(
        "APPYMT create", recordno=row.number, vendor=row.text("VENDORID"), number=row.text("DOCNUMBER"),
        total=str(total), state=state, bills=[line.get("RECORDKEY") for line, _, _ in details],
    )  # fmt: skip
    return row


Applied = tuple[Values, list[tuple[payables.Kind, Record, Decimal]], Decimal]


def _check(work: Work, vendor: Record, line: Values) -> Applied:
    """A detail: its values, what it takes of which document, and what of it is money. Raises Failed."""
    key = line.get("RECORDKEY") or line.get("POSADJKEY")
    kind = payables.BILL if line.get("RECORDKEY") else payables.ADJUSTMENT
    target = _document(work, vendor, kind, key)
    paid, credit, discount = ZERO, ZERO, ZERO
    if isinstance(line.get("TRX_PAYMENTAMOUNT"), Decimal):
        paid = money(line["TRX_PAYMENTAMOUNT"])
    steps: list[tuple[payables.Kind, Record, Decimal]] = []
    if line.get("ADJUSTMENTKEY"):
        memo = _document(work, vendor, payables.ADJUSTMENT, line["ADJUSTMENTKEY"])
        amount = line.get("TRX_ADJUSTMENTAMOUNT")
        credit = money(amount) if isinstance(amount, Decimal) else ZERO
        if credit > -memo.amount("TRX_TOTALDUE"):
            raise business(f"The credit {credit} exceeds what is left of adjustment {memo.number}.")
        steps.append((payables.ADJUSTMENT, memo, -credit))
    due = target.amount("TRX_TOTALDUE")
    if line.get("DISCOUNTDATE") and not line.get("ENTRYKEY"):  # the amount is what is due less the discount
        discount = due - paid - credit
    if paid < 0 or credit < 0 or not paid + credit:
        raise missing("TRX_PAYMENTAMOUNT")
    if paid + credit > due:
        raise business(
            f"The payment amount {paid + credit} exceeds the amount due {due} of '{target.text('RECORDID')}'.",
            "Enter an amount that is not above the amount due.",
        )
    steps.append((kind, target, paid + credit + max(discount, ZERO)))
    kept = {**line, "TRX_PAYMENTAMOUNT": paid, "PAYMENTAMOUNT": paid, "DISCOUNTAMOUNT": discount}
    return kept, steps, paid


def _document(work: Work, vendor: Record, kind: payables.Kind, key: object) -> Record:
    row = work.company.tables[kind.object].get(int(str(key))) if str(key or "").isdigit() else None
    if row is None or not work.sees(row, private=True):
        raise invalid("Record Key", str(key or ""))
    if row.text("VENDORID") != vendor.text("VENDORID"):
        raise business(f"'{row.text('RECORDID')}' is not of vendor '{vendor.text('VENDORID')}'.")
    if row.text("STATE") not in {"Posted", "Selected", "Paid"}:
        raise business(f"'{row.text('RECORDID')}' is {row.text('STATE')} and cannot be paid.")
    return row


def _check_account_and_method(work: Work, values: Values, *, credit_only: bool) -> None:
    """Both are needed except for credits alone (sage-intacct 7)."""
    if credit_only:
        return
    needed(values, ("FINANCIALENTITY", "PAYMENTMETHOD"))
    account, method = str(values["FINANCIALENTITY"]), str(values["PAYMENTMETHOD"])
    if work.find("CHECKINGACCOUNT", account) is None:
        raise invalid("Financial Entity", account)
    if method not in METHODS:
        raise invalid("Payment Method", method)


def _apply(work: Work, details: Sequence[Applied]) -> None:
    for _, steps, _ in details:
        for kind, row, amount in steps:
            if kind is payables.BILL and amount > row.amount("TRX_TOTALDUE"):  # twice in one payment
                raise business(f"The payment exceeds the amount due of '{row.text('RECORDID')}'.")
            payables.settle(work, kind, row, amount)


def update(work: Work, row: Record, values: Values, lines: Sequence[Values]) -> None:
    """In Draft alone; it replaces all details. Raises Failed."""
    if row.text("STATE") != "Draft":
        raise business("Only a draft payment can be changed.")
    company = work.company
    vendor = active_party(work, "VENDOR", row.text("VENDORID"))
    if lines:
        details = [_check(work, vendor, line) for line in lines]
        for old in company.lines("APPYMT", row):
            company.delete("APPYMTDETAIL", old, user=work.user)
        for line, _, _ in details:
            company.add("APPYMTDETAIL", {**line, "PAYMENTKEY": row.number, "STATE": "Draft"}, owner=row.owner)
        total = sum((paid for _, _, paid in details), ZERO)
        values = values | {"TRX_TOTALENTERED": total, "TOTALENTERED": total}
    submit = str(values.pop("ACTION", None) or "").casefold() == "submit"
    company.change("APPYMT", row, values, user=work.user)
    if submit:
        _apply(work, [_check(work, vendor, line.values) for line in company.lines("APPYMT", row)])
        company.change("APPYMT", row, {"STATE": "Posted", "RAWSTATE": STATES["Posted"]}, user=work.user)
    company.tell("APPYMT update", recordno=row.number)


def delete(work: Work, row: Record) -> None:
    """A draft alone. Raises Failed."""
    if row.text("STATE") != "Draft":
        raise business("Only a draft payment can be deleted; reverse it instead.")
    work.company.delete("APPYMT", row, user=work.user)
    work.company.tell("APPYMT delete", recordno=row.number)


def reverse(work: Work, row: Record) -> None:
    """What was paid is due again. Raises Failed."""
    if row.text("STATE") != "Posted":
        raise business(f"Payment {row.number} is {row.text('STATE')} and cannot be reversed.")
    for line in work.company.lines("APPYMT", row):
        kind = payables.BILL if line.values.get("RECORDKEY") else payables.ADJUSTMENT
        target = work.company.tables[kind.object].get(int(line.text("RECORDKEY") or line.text("POSADJKEY")))
        credit = line.amount("TRX_ADJUSTMENTAMOUNT") if line.values.get("ADJUSTMENTKEY") else ZERO
        if target is not None:
            paid = line.amount("TRX_PAYMENTAMOUNT") + credit + line.amount("DISCOUNTAMOUNT")
            payables.settle(work, kind, target, -paid)
        memo = work.company.tables["APADJUSTMENT"].get(int(line.text("ADJUSTMENTKEY") or 0))
        if memo is not None:
            payables.settle(work, payables.ADJUSTMENT, memo, credit)
    work.company.change("APPYMT", row, {"STATE": "Voided", "RAWSTATE": STATES["Voided"]}, user=work.user)
    work.company.tell("APPYMT reverse", recordno=row.number)
