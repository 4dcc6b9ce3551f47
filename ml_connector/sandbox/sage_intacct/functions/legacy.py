"""The older, lower-case functions: strict order (checked before), dates as year, month, day (sage-intacct 6.3, 7)."""

from collections.abc import Mapping
from datetime import date

from ml_connector.sandbox.sage_intacct.books import payables, payments, purchasing
from ml_connector.sandbox.sage_intacct.books.documents import PURCHASING, SELLING, Side
from ml_connector.sandbox.sage_intacct.books.record import Record, Values
from ml_connector.sandbox.sage_intacct.books.rules import three_part, typed
from ml_connector.sandbox.sage_intacct.functions.call import Call
from ml_connector.sandbox.sage_intacct.wire.errors import business, invalid
from ml_connector.sandbox.sage_intacct.wire.xml import Node

_DOCUMENT_HEAD = {
    "datecreated": "WHENCREATED", "dateposted": "WHENPOSTED", "documentno": "DOCNO", "referenceno": "PONUMBER",
    "vendordocno": "VENDORDOCNO", "termname": "TERM.NAME", "datedue": "WHENDUE", "message": "MESSAGE",
    "shippingmethod": "SHIPVIA", "supdocid": "SUPDOCID", "externalid": "EXTERNALID", "basecurr": "BASECURR",
    "currency": "CURRENCY", "projectid": "PROJECT", "needbydate": "NEEDBYDATE", "promiseddate": "PROMISEDDATE",
    "donotshipbeforedate": "DONOTSHIPBEFOREDATE", "donotshipafterdate": "DONOTSHIPAFTERDATE",
    "cancelafterdate": "CANCELAFTERDATE", "origdocdate": "ORIGDOCDATE", "vendorid": "CUSTVENDID",
    "customerid": "CUSTVENDID",
}  # fmt: skip
_CONTACTS = {"returnto": "RETURNTO", "payto": "PAYTO", "shipto": "SHIPTO", "billto": "BILLTO", "deliverto": "DELIVERTO"}
_DOCUMENT_LINE = {
    "itemid": ("ITEMID", "text"), "itemaliasid": ("ITEMALIASID", "text"), "itemdesc": ("ITEMDESC", "text"),
    "taxable": ("TAXABLE", "flag"), "warehouseid": ("WAREHOUSE.LOCATION_NO", "text"), "quantity": ("UIQTY", "decimal"),
    "unit": ("UNIT", "text"), "price": ("UIPRICE", "decimal"), "sourcelinekey": ("SOURCE_DOCLINEKEY", "whole"),
    "discountpercent": ("DISCOUNTPERCENT", "decimal"), "locationid": ("LOCATIONID", "text"),
    "departmentid": ("DEPARTMENTID", "text"), "memo": ("MEMO", "text"), "projectid": ("PROJECTID", "text"),
    "taskid": ("TASKID", "text"), "costtypeid": ("COSTTYPEID", "text"), "customerid": ("CUSTOMERID", "text"),
    "vendorid": ("VENDORID", "text"), "employeeid": ("EMPLOYEEID", "text"), "classid": ("CLASSID", "text"),
    "contractid": ("CONTRACTID", "text"), "billable": ("BILLABLE", "flag"),
}  # fmt: skip
_LINE_DATES = {
    "needbydate": "NEEDBYDATE", "donotshipbeforedate": "DONOTSHIPBEFOREDATE",
    "donotshipafterdate": "DONOTSHIPAFTERDATE", "promiseddate": "PROMISEDDATE", "dateconfirmed": "DATECONFIRMED",
    "cancelafterdate": "CANCELAFTERDATE", "dateshiptosupplier": "DATESHIPTOSUPPLIER",
}  # fmt: skip
_BILL_HEAD = {
    "vendorid": "VENDORID", "datecreated": "WHENCREATED", "dateposted": "WHENPOSTED", "datedue": "WHENDUE",
    "termname": "TERMNAME", "action": "ACTION", "billno": "RECORDID", "ponumber": "DOCNUMBER",
    "description": "DESCRIPTION", "externalid": "EXTERNALID", "basecurr": "BASECURR", "currency": "CURRENCY",
    "supdocid": "SUPDOCID",
}  # fmt: skip
#: In an adjustment its own number stands in adjustmentno; billno names the bill.
_ADJUSTMENT_HEAD = _BILL_HEAD | {"adjustmentno": "RECORDID", "billno": "DOCNUMBER"}
_BILL_LINE = {
    "accountlabel": ("ACCOUNTLABEL", "text"), "glaccountno": ("ACCOUNTNO", "text"),
    "offsetglaccountno": ("OFFSETGLACCOUNTNO", "text"), "amount": ("TRX_AMOUNT", "decimal"),
    "memo": ("ENTRYDESCRIPTION", "text"), "locationid": ("LOCATIONID", "text"),
    "departmentid": ("DEPARTMENTID", "text"), "projectid": ("PROJECTID", "text"), "taskid": ("TASKID", "text"),
    "costtypeid": ("COSTTYPEID", "text"), "customerid": ("CUSTOMERID", "text"), "vendorid": ("VENDORID", "text"),
    "employeeid": ("EMPLOYEEID", "text"), "itemid": ("ITEMID", "text"), "classid": ("CLASSID", "text"),
    "contractid": ("CONTRACTID", "text"), "warehouseid": ("WAREHOUSEID", "text"), "billable": ("BILLABLE", "flag"),
}  # fmt: skip


def _head(element: Node, names: Mapping[str, str]) -> Values:
    """The header's fields; dates by their three parts."""
    values: Values = {}
    for child in element.children:
        name = names.get(child.tag)
        if name is None:
            continue
        values[name] = three_part(child, child.tag) if child.children else child.text.strip() or None
    for tag, field in _CONTACTS.items():
        contact = element.find(tag)
        if contact is not None:
            values[f"{field}.CONTACTNAME"] = contact.value("contactname") or None
    return values


def _line(call: Call, element: Node, names: Mapping[str, tuple[str, str]]) -> Values:
    values: Values = {}
    if element.value("sourcedocid") or element.value("sourcedoclineid"):
        raise business("Several source documents need the Construction subscription.", "Use createdfrom instead.")
    for child in element.children:
        if child.tag in _LINE_DATES:
            values[_LINE_DATES[child.tag]] = three_part(child, child.tag)
        elif child.tag in names:
            field, kind = names[child.tag]
            value = typed(kind, child.text, call.formats, label=child.tag)
            if value is not None:
                values[field] = value
    return values


# purchasing and order entry


def create_transaction(call: Call) -> None:
    """create_potransaction and create_sotransaction; the key is the DOCID."""
    element = call.element
    side, items = (PURCHASING, "potransitem") if element.tag == "create_potransaction" else (SELLING, "sotransitem")
    group = element.find(f"{items}s")
    asked = purchasing.NewDocument(
        element.value("transactiontype"),
        _head(element, _DOCUMENT_HEAD),
        [_line(call, line, _DOCUMENT_LINE) for line in (group.all(items) if group is not None else [])],
        element.value("state"),
        element.value("createdfrom"),
    )
    call.result.key = purchasing.create(call.work, asked, side).text("DOCID")


def update_transaction(call: Call) -> None:
    """update_potransaction: existing lines by line_num, from 1; new ones beside them."""
    element = call.element
    row = _document(call, PURCHASING, element)
    group = element.find("updatepotransitems")
    lines: dict[int, Values] = {}
    new: list[Values] = []
    for child in [] if group is None else group.children:
        values = _line(call, child, _DOCUMENT_LINE)
        if child.tag == "potransitem":
            new.append(values)
        else:
            at = child.attributes.get("line_num", "")
            if not at.isascii() or not at.isdigit() or len(at) > 6:
                raise invalid("Line Number", at)
            lines[int(at)] = values
    header = _head(element, _DOCUMENT_HEAD)
    purchasing.update(call.work, row, header, lines, new, element.value("state"))
    call.result.key = row.text("DOCID")


def update_posting_date(call: Call) -> None:
    """partialupdate_potransaction: the posting date alone."""
    row = _document(call, PURCHASING, call.element)
    day = three_part(call.element.find("dateposted"), "dateposted")
    call.company.change("PODOCUMENT", row, {"WHENPOSTED": day}, user=call.work.user)
    call.result.key = row.text("DOCID")


def delete_transaction(call: Call) -> None:
    side = PURCHASING if call.element.tag == "delete_potransaction" else SELLING
    row = _document(call, side, call.element)
    purchasing.delete(call.work, row, side)
    call.result.key = row.text("DOCID")


def decide(call: Call) -> None:
    """Approve and decline of PODOCUMENT."""
    document = call.element.find("PODOCUMENT")
    row = call.work.find("PODOCUMENT", "" if document is None else document.value("DOCID"))
    if row is None:
        raise invalid("Document", "" if document is None else document.value("DOCID"))
    purchasing.decide(call.work, row, approved=call.element.tag == "approve")
    call.result.key = row.text("DOCID")


def _document(call: Call, side: Side, element: Node) -> Record:
    key, external = element.attributes.get("key", ""), element.attributes.get("externalkey", "")
    row = call.work.find(side.header, key) if key else None
    if row is None and external:
        row = next((one for one in call.company.tables[side.header] if one.text("EXTERNALID") == external), None)
    if row is None or not call.work.sees(row):
        raise invalid("Document", key or external)
    return row


# payables


def create_bill(call: Call) -> None:
    """create_bill and create_apadjustment; the key is the record number."""
    bill = call.element.tag == "create_bill"
    group = call.element.find("billitems" if bill else "apadjustmentitems")
    values = _head(call.element, _BILL_HEAD if bill else _ADJUSTMENT_HEAD)
    lines = [_line(call, line, _BILL_LINE) for line in (group.all("lineitem") if group is not None else [])]
    row = payables.create(call.work, payables.BILL if bill else payables.ADJUSTMENT, values, lines)
    call.result.key = str(row.number)


def delete_bill(call: Call) -> None:
    kind = payables.BILL if call.element.tag == "delete_bill" else payables.ADJUSTMENT
    payables.delete(call.work, kind, _numbered(call, kind.object, call.element.attributes["key"]))
    call.result.key = call.element.attributes["key"]


def reverse_bill(call: Call) -> None:
    row = _numbered(call, "APBILL", call.element.attributes["key"])
    day = three_part(call.element.find("datereversed"), "datereversed")
    call.result.key = str(payables.reverse(call.work, row, day or _today(call)).number)


def recall_bill(call: Call) -> None:
    """A submitted bill is a draft again."""
    row = _numbered(call, "APBILL", call.element.value("recordno"))
    if row.text("STATE") not in {"Submitted", "Partially Approved"}:
        raise business(f"Bill '{row.text('RECORDID')}' is not waiting for approval.")
    payables.change_state(call.work, payables.BILL, row, "Draft")
    call.result.key = str(row.number)


def reverse_payment(call: Call) -> None:
    row = _numbered(call, "APPYMT", call.element.attributes["key"])
    payments.reverse(call.work, row)
    call.result.key = str(row.number)


def _today(call: Call) -> date:
    return call.company.today


def _numbered(call: Call, name: str, key: str) -> Record:
    row = call.company.tables[name].get(int(key)) if key.isascii() and key.isdigit() and len(key) < 12 else None
    if row is None or not call.work.sees(row):
        raise invalid("Record Key", key)
    return row
