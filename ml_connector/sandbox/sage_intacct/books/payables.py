"""Bills and adjustments (sage-intacct 7.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ml_connector.sandbox.sage_intacct.books.company import Work
from ml_connector.sandbox.sage_intacct.books.record import ZERO, Record, Values
from ml_connector.sandbox.sage_intacct.books.rules import (
    active_party,
    check_account,
    check_attachment,
    check_dimensions,
    check_open,
    general_line,
    needed,
)
from ml_connector.sandbox.sage_intacct.books.shapes import SHAPES
from ml_connector.sandbox.sage_intacct.wire.errors import business, duplicate, invalid, missing
from ml_connector.sandbox.sage_intacct.wire.values import money

#: Display and code of a bill's state (sage-intacct 6.4).
STATES = {
    "Draft": "D", "Partially Approved": "PA", "Submitted": "S", "Declined": "U", "Posted": "A", "Selected": "A",
    "Paid": "A", "Reversed": "A",
}  # fmt: skip
#: Never set from outside.
_COMPUTED = {
    "RECORDNO", "RECORDTYPE", "STATE", "RAWSTATE", "VENDORNAME", "MODULEKEY", "WHENMODIFIED", "AUWHENCREATED",
    "WHENPAID", "DUE_IN_DAYS", "PRBATCHKEY", "RECORD_URL", "DESCRIPTION2", "MEGAENTITYID", "CREATEDBY", "MODIFIEDBY",
    *(f"{prefix}{name}" for prefix in ("", "TRX_") for name in ("ENTITYDUE", "TOTALENTERED", "TOTALDUE", "TOTALPAID",
      "TOTALSELECTED")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A bill or an adjustment: what differs."""

    object: str
    thing: str
    record_type: str
    line: str


BILL = Kind("APBILL", "apbill", "pi", "APBILLITEM")
ADJUSTMENT = Kind("APADJUSTMENT", "apadjustment", "pa", "APADJUSTMENTITEM")


def create(
    work: Work, kind: Kind, values: Values, lines: Sequence[Values], *, module: str = "3.AP", source: str = ""
) -> Record:
    """A new bill or adjustment. Raises Failed, the cause first, then the general line.

    module: `9.PO` when Purchasing makes it; source: the DOCID of its document.
    """
    values = {name: value for name, value in values.items() if name not in _COMPUTED}
    with general_line(work, kind.thing, str(values.get("RECORDID") or "")):
        draft = _check_header(work, kind, values)
        checked = [_check_line(work, line, purchasing=module == "9.PO") for line in lines]
        _check_amounts(kind, checked)
        total = sum((line["TRX_AMOUNT"] + line.get("TRX_TAX", ZERO) for line in checked), ZERO)
        state = "Draft" if draft else "Submitted" if work.options.bill_approval and kind is BILL else "Posted"
        values |= {"RECORDTYPE": kind.record_type, "MODULEKEY": module, "DESCRIPTION2": source, **_totals(total, ZERO)}
        values |= _state(state)
        row = _store(work, kind, values, checked)
    work.company.tell(
        f"{kind.object} create", recordno=row.number, vendor=row.text("VENDORID"), number=row.text("RECORDID"),
        total=str(total), state=state, module=module, source=source, entity=row.owner,
    )  # fmt: skip
    return row


def _check_header(work: Work, kind: Kind, values: Values) -> bool:
    """Completes the header; whether it is a draft."""
    needed(values, ("VENDORID", "WHENCREATED"))
    vendor = active_party(work, "VENDOR", str(values["VENDORID"]))
    values["VENDORID"], values["VENDORNAME"] = vendor.text("VENDORID"), vendor.text("NAME")
    action = str(values.get("ACTION") or "Submit")
    if action.casefold() not in {"submit", "draft"}:
        raise invalid("Action", action)
    draft = action.casefold() == "draft"
    check_attachment(work, values)
    if not values.get("RECORDID"):
        if not work.options.bill_numbers and kind is BILL:
            raise business("Enter a Bill number, and try again.", number="BL03002128")
        values["RECORDID"] = f"{'BILL' if kind is BILL else 'ADJ'}-{work.company.next_number(kind.object + ' id'):05d}"
    if kind is BILL and work.options.unique_bills and _bill_exists(work, values):
        raise duplicate("Bill", str(values["RECORDID"]))
    created = values["WHENCREATED"]
    if isinstance(created, date):
        check_open(work, created)
        values.setdefault("WHENPOSTED", created)
    _due(work, kind, values, vendor, draft=draft)
    values["CURRENCY"] = values.get("CURRENCY") or vendor.text("CURRENCY") or "USD"
    values["BASECURR"] = values.get("BASECURR") or "USD"
    return draft


def _due(work: Work, kind: Kind, values: Values, vendor: Record, *, draft: bool) -> None:
    term = str(values.get("TERMNAME") or "")
    if term and work.find("APTERM", term) is None:
        raise invalid("Term", term)
    created = values["WHENCREATED"]
    if values.get("WHENDUE") is None and term and isinstance(created, date):
        row = work.find("APTERM", term)
        days = row.values.get("DUEDATE") if row is not None else 0
        values["WHENDUE"] = created + timedelta(days=days if isinstance(days, int) else 0)
    if values.get("WHENDUE") is None and kind is BILL and not draft:
        raise missing("WHENDUE")
    if not term:
        values["TERMNAME"] = vendor.text("TERMNAME") or None


def _bill_exists(work: Work, values: Values) -> bool:
    number, vendor = str(values["RECORDID"]).casefold(), values["VENDORID"]
    return any(
        row.values.get("VENDORID") == vendor and row.text("RECORDID").casefold() == number
        for row in work.company.tables["APBILL"]
    )


def _check_line(work: Work, line: Values, *, purchasing: bool) -> Values:
    amount = line.get("TRX_AMOUNT") if line.get("TRX_AMOUNT") is not None else line.get("TOTALTRXAMOUNT")
    if not isinstance(amount, Decimal):
        text = "Remove the extra line item in the request, then reclassify the bill."
        raise business(text, number="BL03002101")
    line = {**line, "TRX_AMOUNT": money(amount), "AMOUNT": money(amount), "TOTALPAID": ZERO, "TRX_TOTALPAID": ZERO}
    if not purchasing:
        if line.get("ACCOUNTLABEL") and not line.get("ACCOUNTNO"):
            raise invalid("Account Label", str(line["ACCOUNTLABEL"]))
        check_dimensions(work, line)
        line["ACCOUNTTITLE"] = check_account(work, line).text("TITLE")
    return line


def _check_amounts(kind: Kind, lines: Sequence[Values]) -> None:
    if not lines:
        raise missing(f"{kind.line} lines")
    signs = {line["TRX_AMOUNT"] < 0 for line in lines if line["TRX_AMOUNT"]}
    if kind is ADJUSTMENT and len(signs) > 1:
        raise business("Line amounts of an adjustment must be all positive or all negative.")


def _store(work: Work, kind: Kind, values: Values, lines: Sequence[Values]) -> Record:
    company = work.company
    number = company.next_number("PRBATCH")
    values.setdefault("PRBATCH", f"Bills: {values['WHENCREATED']}")
    row = company.add(kind.object, {**values, "PRBATCHKEY": number}, owner=work.entity, user=work.user)
    for at, line in enumerate(lines):
        more = {
            "RECORDKEY": row.number,
            "LINE_NO": at + 1,
            "RECORDTYPE": kind.record_type,
            "CURRENCY": row.text("CURRENCY"),
        }
        company.add(kind.line, {**line, **more}, owner=row.owner, user=work.user)
    return row


def _totals(entered: Decimal, paid: Decimal) -> Values:
    due = entered - paid
    made: Values = {"TRX_ENTITYDUE": due}
    for prefix in ("", "TRX_"):
        made |= {
            f"{prefix}TOTALENTERED": entered, f"{prefix}TOTALPAID": paid, f"{prefix}TOTALDUE": due,
            f"{prefix}TOTALSELECTED": ZERO,
        }  # fmt: skip
    return made


def _state(display: str) -> Values:
    return {"STATE": display, "RAWSTATE": STATES[display]}


def change_state(work: Work, kind: Kind, row: Record, display: str) -> None:
    work.company.change(kind.object, row, _state(display), user=work.user)


def settle(work: Work, kind: Kind, row: Record, amount: Decimal) -> None:
    """Take an amount from what is due; a negative one gives it back."""
    paid = row.amount("TRX_TOTALPAID") + amount
    entered = row.amount("TRX_TOTALENTERED")
    done = paid == entered
    values = _totals(entered, paid) | _state("Paid" if done else "Posted")
    work.company.change(kind.object, row, {**values, "WHENPAID": work.company.today if done else None}, user=work.user)


def update(work: Work, kind: Kind, row: Record, values: Values, lines: Sequence[Values]) -> None:
    """Change a bill that nothing was paid of; sent lines replace those it has. Raises Failed."""
    if row.amount("TRX_TOTALPAID") and set(values) - {"RECORDNO", "SUPDOCID", "DESCRIPTION", "DOCNUMBER"}:
        raise business(f"Bill '{row.text('RECORDID')}' has been paid and cannot be changed.")
    changed: Values = {name: value for name, value in values.items() if name not in _COMPUTED}
    action = str(changed.pop("ACTION", None) or "")
    check_attachment(work, changed)
    if lines:
        checked = [_check_line(work, line, purchasing=False) for line in lines]
        _check_amounts(kind, checked)
        for old in work.company.lines(kind.object, row):
            work.company.delete(kind.line, old, user=work.user)
        for at, line in enumerate(checked):
            work.company.add(kind.line, {**line, "RECORDKEY": row.number, "LINE_NO": at + 1}, owner=row.owner)
        total = sum((line["TRX_AMOUNT"] + line.get("TRX_TAX", ZERO) for line in checked), ZERO)
        changed |= _totals(total, row.amount("TRX_TOTALPAID"))
    if action.casefold() == "submit" and row.text("STATE") == "Draft":
        changed |= _state("Submitted" if work.options.bill_approval else "Posted")
    work.company.change(kind.object, row, changed, user=work.user)
    work.company.tell(f"{kind.object} update", recordno=row.number, fields=sorted(changed))


def delete(work: Work, kind: Kind, row: Record, *, purchasing: bool = False) -> None:
    """Remove one that nothing was paid of. Raises Failed."""
    if row.amount("TRX_TOTALPAID"):
        raise business(f"{SHAPES[kind.object].title} '{row.text('RECORDID')}' has been paid and cannot be deleted.")
    if row.text("MODULEKEY") == "9.PO" and not purchasing:
        raise business("A bill that Purchasing made is changed in its purchasing transaction.")
    work.company.delete(kind.object, row, user=work.user)
    work.company.tell(f"{kind.object} delete", recordno=row.number, number=row.text("RECORDID"))


def reverse(work: Work, row: Record, day: date) -> Record:
    """A posted bill is taken back by one of the opposite amounts. Raises Failed."""
    if row.text("STATE") != "Posted" or row.amount("TRX_TOTALPAID"):
        raise business(f"Bill '{row.text('RECORDID')}' cannot be reversed.")
    lines = [
        {name: value for name, value in line.values.items() if name in {*_KEPT_LINE}}
        | {"TRX_AMOUNT": -line.amount("TRX_AMOUNT"), "AMOUNT": -line.amount("AMOUNT")}
        for line in work.company.lines("APBILL", row)
    ]
    head = {**row.values, "WHENCREATED": day, "RECORDID": f"{row.text('RECORDID')}-R", **_state("Reversed")}
    head |= _totals(-row.amount("TRX_TOTALENTERED"), -row.amount("TRX_TOTALENTERED"))
    made = _store(work, BILL, head, lines)
    values = _totals(row.amount("TRX_TOTALENTERED"), row.amount("TRX_TOTALENTERED")) | _state("Reversed")
    work.company.change("APBILL", row, values, user=work.user)
    work.company.tell("APBILL reverse", recordno=row.number, number=row.text("RECORDID"))
    return made


_KEPT_LINE = (
    "ACCOUNTNO", "ACCOUNTTITLE", "ENTRYDESCRIPTION", "LOCATIONID", "DEPARTMENTID", "PROJECTID", "CLASSID", "ITEMID",
)  # fmt: skip
