"""Purchasing transactions: states, conversion, and the bill that a Vendor Invoice makes (sage-intacct 7.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ml_connector.sandbox.sage_intacct.books import payables
from ml_connector.sandbox.sage_intacct.books.company import Work
from ml_connector.sandbox.sage_intacct.books.documents import (
    LOCKED,
    PURCHASING,
    Side,
    check_line,
    code_state,
    definition,
    document_number,
    store,
    total_of,
)
from ml_connector.sandbox.sage_intacct.books.record import ZERO, Record, Values
from ml_connector.sandbox.sage_intacct.books.rules import active_party, check_attachment, check_open, general_line
from ml_connector.sandbox.sage_intacct.wire.errors import business, invalid

#: What a document of a class can become: the class of its document, the classes that may follow (assumed).
_FOLLOWS: Mapping[str, frozenset[str]] = {
    "Quote": frozenset({"Order"}), "Order": frozenset({"Packing Slip", "Invoice"}),
    "Packing Slip": frozenset({"Invoice", "Return"}), "Invoice": frozenset({"Return"}),
}  # fmt: skip
_CONVERTIBLE = {"Pending", "Partially Converted"}


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What create_potransaction or create_sotransaction asks for; `lines` with `sourcelinekey` as SOURCE_DOCLINEKEY."""

    definition: str
    header: Values
    lines: Sequence[Values]
    state: str = ""
    source: str = ""


def create(work: Work, asked: NewDocument, side: Side = PURCHASING) -> Record:
    """A new document, converted from another where it says so. Raises Failed."""
    number = str(asked.header.get("VENDORDOCNO") or asked.header.get("DOCNO") or "")
    with general_line(work, "Document", number):
        kind = definition(work, side, asked.definition)
        party = active_party(work, side.party, str(asked.header.get("CUSTVENDID") or ""))
        check_attachment(work, asked.header)
        day = asked.header.get("WHENCREATED")
        if day is not None:
            check_open(work, day)
        source = _source(work, side, asked, kind, party)
        state = _first_state(work, asked, kind)
        docno = document_number(work, kind, str(asked.header.get("DOCNO") or ""))
        if work.company.tables[side.header].anywhere(f"{kind.text('DOCID')}-{docno}") is not None:
            raise business(f"Document number '{docno}' already exists.", number="BL34000061")
        checked = [check_line(work, side, line) for line in asked.lines]
        if source is not None:
            checked = [_from_source(work, side, source, line) for line in checked]
        header = asked.header | {
            "DOCNO": docno, "DOCID": f"{kind.text('DOCID')}-{docno}", "DOCPARID": kind.text("DOCID"),
            "DOCPARCLASS": kind.text("DOCCLASS"), "CUSTVENDID": party.text(side.key),
            "CUSTVENDNAME": party.text("NAME"),
            "CREATEDFROM": source.text("DOCID") if source is not None else None, "STATE": state,
        }  # fmt: skip
        row = store(work, side, header, checked)
        if source is not None:
            _convert(work, side, source, row)
        if state not in {"Draft", "Submitted"}:
            post(work, side, row, kind)
    work.company.tell(
        f"{side.header} create", recordno=row.number, docid=row.text("DOCID"), party=row.text("CUSTVENDID"),
        vendordocno=row.text("VENDORDOCNO"), reference=row.text("PONUMBER"), state=row.text("STATE"),
        source=row.text("CREATEDFROM"), total=str(row.amount("TOTAL")), entity=row.owner,
    )  # fmt: skip
    return row


def _first_state(work: Work, asked: NewDocument, kind: Record) -> str:
    state = asked.state or "Pending"
    if state not in {"Draft", "Pending", "Closed"}:
        raise invalid("State", state)
    if state == "Pending" and kind.text("DOCID") in work.options.purchase_approval:
        return "Submitted"
    if state == "Pending" and kind.text("DOCCLASS") not in _FOLLOWS:
        return "Closed"  # no other type can follow
    return state


def _source(work: Work, side: Side, asked: NewDocument, kind: Record, party: Record) -> Record | None:
    if not asked.source:
        return None
    source = work.find(side.header, asked.source)
    if source is None:
        raise invalid("Created From", asked.source)
    if kind.text("DOCCLASS") not in _FOLLOWS.get(source.text("DOCPARCLASS"), frozenset()):
        raise business(f"'{source.text('DOCID')}' cannot be converted to '{kind.text('DOCID')}'.")
    if source.text("CUSTVENDID") != party.text(side.key):
        raise business(f"The vendor of '{source.text('DOCID')}' is {source.text('CUSTVENDID')}.")
    if source.text("STATE") not in _CONVERTIBLE:
        text = f"'{source.text('DOCID')}' is {source.text('STATE')} and cannot be converted."
        raise business(text, "Only transactions that are Pending or Partially Converted can be converted.")
    return source


def _from_source(work: Work, side: Side, source: Record, line: Values) -> Values:
    """A line with what its source line gives; one without a source line converts nothing (assumed)."""
    key = line.get("SOURCE_DOCLINEKEY")
    if key is None:
        return line
    origin = work.company.tables[side.entry].get(int(str(key)))
    if origin is None or origin.values.get("DOCHDRNO") != source.number:
        raise invalid("Source Line Key", str(key))
    if origin.text("ITEMID") != line.get("ITEMID"):
        raise business(f"The item of source line {key} is {origin.text('ITEMID')}.")
    open_quantity = origin.amount("UIQTY") - origin.amount("QTY_CONVERTED")
    quantity = line["UIQTY"]
    if isinstance(quantity, Decimal) and quantity > open_quantity and work.options.over_conversion == "refused":
        raise business(
            f"The quantity {quantity} of item {origin.text('ITEMID')} exceeds the quantity {open_quantity} that is "
            f"left to convert on '{source.text('DOCID')}'.",
            "Enter a lower quantity.",
        )
    given = {"SOURCE_DOCID": source.text("DOCID"), "SOURCE_DOCKEY": source.number, "SOURCE_DOCLINEKEY": origin.number}
    for name in ("DEPARTMENTID", "PROJECTID", "CLASSID", "WAREHOUSE.LOCATION_NO"):
        if not line.get(name):
            line[name] = origin.values.get(name)
    return {**line, **given}


def _convert(work: Work, side: Side, source: Record, made: Record) -> None:
    """A draft holds its source In Progress; anything else takes the quantities."""
    company = work.company
    lines = [line for line in company.lines(side.header, made) if line.values.get("SOURCE_DOCLINEKEY") is not None]
    if made.text("STATE") == "Draft":
        company.change(side.header, source, {"STATE": "In Progress"}, user=work.user)
        return
    for line in lines:
        origin = company.tables[side.entry].get(int(line.text("SOURCE_DOCLINEKEY")))
        if origin is not None:
            _take(work, side, origin, line.amount("UIQTY"))
    company.change(side.header, source, {"STATE": _source_state(work, side, source)}, user=work.user)


def _take(work: Work, side: Side, origin: Record, quantity: Decimal) -> None:
    converted = origin.amount("QTY_CONVERTED") + quantity
    left = max(origin.amount("UIQTY") - converted, ZERO)
    values = {"QTY_CONVERTED": converted, "QTY_REMAINING": left,
              "TOTAL_AMOUNT_REMAINING": left * origin.amount("UIPRICE")}  # fmt: skip
    work.company.change(side.entry, origin, values, user=work.user)


def _source_state(work: Work, side: Side, source: Record) -> str:
    lines = work.company.lines(side.header, source)
    taken = [line.amount("QTY_CONVERTED") for line in lines]
    if not any(taken):
        return "Pending"
    if all(line.amount("QTY_CONVERTED") >= line.amount("UIQTY") for line in lines):
        return "Converted"
    return "Converted" if work.options.partial_conversion == "close" else "Partially Converted"


def post(work: Work, side: Side, row: Record, kind: Record) -> None:
    """What posting does: a Vendor Invoice makes its bill (sage-intacct 7.2)."""
    if kind.text("UPDGL") != "A" or side is not PURCHASING:
        return
    number = row.text("DOCNO")
    if work.options.bill_number_of_invoice == "vendor" and row.text("VENDORDOCNO"):
        number = row.text("VENDORDOCNO")
    header: Values = {
        "VENDORID": row.text("CUSTVENDID"), "WHENCREATED": row.values.get("WHENCREATED"),
        "WHENDUE": row.values.get("WHENDUE") or row.values.get("WHENCREATED"), "RECORDID": number,
        "DOCNUMBER": row.text("PONUMBER"), "DESCRIPTION": row.text("MESSAGE"), "SUPDOCID": row.values.get("SUPDOCID"),
        "CURRENCY": row.text("CURRENCY"),
    }  # fmt: skip
    lines = [_bill_line(work, line) for line in work.company.lines(side.header, row)]
    owned = Work(work.company, work.user, row.owner)
    if kind.text("DOCCLASS") == "Return":
        lines = [line | {"TRX_AMOUNT": -line["TRX_AMOUNT"]} for line in lines]
        made = payables.create(owned, payables.ADJUSTMENT, header, lines, module="9.PO", source=row.text("DOCID"))
    else:
        made = payables.create(owned, payables.BILL, header, lines, module="9.PO", source=row.text("DOCID"))
    work.company.change(side.header, row, {"PRRECORDKEY": made.number}, user=work.user)


def _bill_line(work: Work, line: Record) -> Values:
    item = work.company.tables["ITEM"].anywhere(line.text("ITEMID"))
    account = item.text("APGLACCOUNT") if item is not None else ""
    copied = ("LOCATIONID", "DEPARTMENTID", "PROJECTID", "CLASSID", "ITEMID")
    return {name: line.values.get(name) for name in copied} | {
        "ACCOUNTNO": account, "TRX_AMOUNT": line.amount("TOTAL"), "ENTRYDESCRIPTION": line.text("ITEMDESC"),
        "WAREHOUSEID": line.values.get("WAREHOUSE.LOCATION_NO"),
    }  # fmt: skip


def unpost(work: Work, row: Record) -> None:
    """The bill of a document goes. Raises Failed when something was paid of it."""
    key = row.values.get("PRRECORDKEY")
    for kind in (payables.BILL, payables.ADJUSTMENT):
        bill = work.company.tables[kind.object].get(int(str(key))) if key is not None else None
        if bill is not None and bill.text("DESCRIPTION2") == row.text("DOCID"):
            payables.delete(work, kind, bill, purchasing=True)


def update(
    work: Work, row: Record, header: Values, lines: Mapping[int, Values], new: Sequence[Values], state: str = ""
) -> None:
    """Change a document while its state allows it; its bill is deleted and made anew (sage-intacct 7.2).

    lines: by line number, from 1. Raises Failed.
    """
    company, side = work.company, PURCHASING
    with general_line(work, "Document", row.text("DOCNO")):
        check_attachment(work, header)
        if row.text("STATE") in LOCKED:
            raise business(
                f"The transaction '{row.text('DOCID')}' is {row.text('STATE')} and cannot be edited.",
                "A transaction cannot be edited while it is Submitted, In Progress, Converted or Partially Converted.",
            )
        present = company.lines(side.header, row)
        for at, values in lines.items():
            if not 1 <= at <= len(present):
                raise invalid("Line Number", str(at))
            line = present[at - 1]
            merged = check_line(work, side, {**line.values, **values})
            company.change(side.entry, line, merged, user=work.user)
        for values in new:
            at = len(company.lines(side.header, row))
            more = {"DOCHDRNO": row.number, "DOCHDRID": row.text("DOCID"), "LINE_NO": at}
            company.add(side.entry, check_line(work, side, values) | more, owner=row.owner, user=work.user)
        draft = row.text("STATE") == "Draft"
        changed = {name: value for name, value in header.items() if value is not None}
        if state:
            changed["STATE"] = code_state(state)
        company.change(side.header, row, changed | total_of(company.lines(side.header, row)), user=work.user)
        kind = definition(work, side, row.text("DOCPARID"))
        if draft and row.text("STATE") != "Draft":
            _posted(work, side, row)
        unpost(work, row)
        if row.text("STATE") != "Draft":
            post(work, side, row, kind)
    company.tell(
        "PODOCUMENT update", docid=row.text("DOCID"), fields=sorted(changed), lines=sorted(lines),
        vendordocno=row.text("VENDORDOCNO"),
    )  # fmt: skip


def _posted(work: Work, side: Side, row: Record) -> None:
    """A draft that is posted frees its source and takes its quantities."""
    source = work.company.tables[side.header].anywhere(row.text("CREATEDFROM")) if row.text("CREATEDFROM") else None
    if source is not None:
        work.company.change(side.header, source, {"STATE": "Pending"}, user=work.user)
        _convert(work, side, source, row)


def delete(work: Work, row: Record, side: Side = PURCHASING) -> None:
    """Remove a document; what it converted is open again. Raises Failed."""
    company = work.company
    if row.text("STATE") in LOCKED:
        raise business(f"The transaction '{row.text('DOCID')}' is {row.text('STATE')} and cannot be deleted.")
    unpost(work, row)
    source = company.tables[side.header].anywhere(row.text("CREATEDFROM")) if row.text("CREATEDFROM") else None
    for line in company.lines(side.header, row):
        key = line.values.get("SOURCE_DOCLINEKEY")
        origin = company.tables[side.entry].get(int(str(key))) if key is not None else None
        if origin is not None and row.text("STATE") != "Draft":
            _take(work, side, origin, -line.amount("UIQTY"))
    if source is not None:
        company.change(side.header, source, {"STATE": _source_state(work, side, source)}, user=work.user)
    company.delete(side.header, row, user=work.user)
    company.tell(f"{side.header} delete", docid=row.text("DOCID"))


def decide(work: Work, row: Record, *, approved: bool) -> None:
    """A submitted document is approved or declined (sage-intacct 7.2). Raises Failed."""
    if row.text("STATE") not in {"Submitted", "Partially Approved"}:
        raise business(f"The transaction '{row.text('DOCID')}' is not waiting for approval.")
    work.company.change("PODOCUMENT", row, {"STATE": "Pending" if approved else "Declined"}, user=work.user)
    work.company.decided(row.text("DOCID"), work.user, "Approved" if approved else "Declined")
    if approved:
        post(work, PURCHASING, row, definition(work, PURCHASING, row.text("DOCPARID")))
    work.company.tell(f"PODOCUMENT {'approve' if approved else 'decline'}", docid=row.text("DOCID"))
