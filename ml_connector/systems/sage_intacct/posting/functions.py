"""Functions that write, as elements; the order of the lower-case ones is the schema's (intacct 6.3, 7)."""

from collections.abc import Mapping, Sequence

from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.xml import Element, Value

_CURRENCY = ("basecurr", "currency", "exchratedate", "exchratetype", "exchrate")
PURCHASE = (
    *("transactiontype", "datecreated", "dateposted", "createdfrom", "vendorid", "documentno", "referenceno"),
    *("vendordocno", "termname", "datedue", "message", "shippingmethod", "returnto", "payto", "deliverto", "supdocid"),
    *("externalid", *_CURRENCY, "customfields", "state", "projectid", "needbydate", "donotshipbeforedate"),
    *("donotshipafterdate", "promiseddate", "contractstartdate", "contractenddate", "cancelafterdate"),
    *("potransitems", "subtotals"),
)
PURCHASE_LINE = (
    *("itemid", "itemaliasid", "itemdesc", "taxable", "warehouseid", "quantity", "unit", "linelevelsimpletaxtype"),
    *("price", "sourcelinekey", "overridetaxamount", "deliverto", "tax", "locationid", "departmentid", "memo"),
    *("itemdetails", "form1099", "customfields", "projectid", "taskid", "costtypeid", "customerid", "vendorid"),
    *("employeeid", "classid", "contractid", "billable", "needbydate", "donotshipbeforedate", "donotshipafterdate"),
    *("promiseddate", "dateconfirmed", "cancelafterdate", "dateshiptosupplier", "allocationid", "conversiontype"),
    *("sourcedocid", "sourcedoclineid"),
)
SALE = (
    *("transactiontype", "datecreated", "dateposted", "createdfrom", "customerid", "documentno", "origdocdate"),
    *("referenceno", "termname", "datedue", "message", "shippingmethod", "shipto", "billto", "supdocid", "externalid"),
    *(*_CURRENCY, "vsoepricelist", "customfields", "state", "projectid", "sotransitems", "subtotals"),
)
SALE_LINE = (
    *("bundlenumber", "itemid", "itemdesc", "taxable", "warehouseid", "quantity", "unit", "linelevelsimpletaxtype"),
    *("discountpercent", "price", "sourcelinekey", "discsurchargememo", "locationid", "departmentid", "memo"),
    *("itemdetails", "customfields", "projectid", "customerid", "vendorid", "employeeid", "classid"),
)
#: Not in the sheet: as the vendor's own clients write it.
ADJUSTMENT = (
    *("vendorid", "datecreated", "dateposted", "batchkey", "adjustmentno", "action", "billno", "description"),
    *("externalid", *_CURRENCY, "nogl", "customfields", "apadjustmentitems"),
)
ADJUSTMENT_LINE = (
    *("accountlabel", "glaccountno", "offsetglaccountno", "amount", "allocationid", "memo", "locationid"),
    *("departmentid", "customfields", "projectid", "customerid", "vendorid", "employeeid", "itemid", "classid"),
)
_NOBODY: tuple[tuple[str, str], ...] = (("contactname", ""),)
Values = Mapping[str, Value]


def purchase(values: Values, lines: Sequence[Values]) -> Element:
    """A new purchasing document. Contacts stand there, and may be empty (intacct 7.2)."""
    items = [("potransitem", xml.ordered(line, PURCHASE_LINE)) for line in lines]
    told = {"returnto": _NOBODY, "payto": _NOBODY, **values, "potransitems": items}
    return xml.built("create_potransaction", xml.ordered(told, PURCHASE))


def purchase_update(document: str, values: Values, lines: Mapping[int, Values]) -> Element:
    """A change of a purchasing document; lines by their place, from 1."""
    changes = xml.built("updatepotransitems", [])
    for at, line in lines.items():
        changes.append(xml.built("updatepotransitem", xml.ordered(line, PURCHASE_LINE), {"line_num": str(at)}))
    tree = [*xml.ordered(values, PURCHASE), ("", changes)]
    return xml.built("update_potransaction", tree, {"key": document})


def sale(values: Values, lines: Sequence[Values]) -> Element:
    """A new order-entry document."""
    items = [("sotransitem", xml.ordered(line, SALE_LINE)) for line in lines]
    return xml.built("create_sotransaction", xml.ordered({**values, "sotransitems": items}, SALE))


def adjustment(values: Values, lines: Sequence[Values]) -> Element:
    """A new AP adjustment."""
    items = [("lineitem", xml.ordered(line, ADJUSTMENT_LINE)) for line in lines]
    return xml.built("create_apadjustment", xml.ordered({**values, "apadjustmentitems": items}, ADJUSTMENT))


def bill(values: Values, lines: Sequence[Values]) -> Element:
    """A new AP bill; the order of capitals is free (intacct 6.3)."""
    items = [("APBILLITEM", _told(line)) for line in lines]
    return xml.built("create", [("APBILL", [*_told(values), ("APBILLITEMS", items)])])


def payment(values: Values, details: Sequence[Values]) -> Element:
    """A new AP payment (intacct 7)."""
    items = [("APPYMTDETAIL", _told(detail)) for detail in details]
    return xml.built("create", [("APPYMT", [*_told(values), ("APPYMTDETAILS", items)])])


def journal_entry(values: Values, lines: Sequence[Values]) -> Element:
    """A new journal entry (intacct 7)."""
    items = [("GLENTRY", _told(line)) for line in lines]
    return xml.built("create", [("GLBATCH", [*_told(values), ("ENTRIES", items)])])


def _told(values: Values) -> list[tuple[str, Value]]:
    return [(name, value) for name, value in values.items() if value not in (None, "")]
