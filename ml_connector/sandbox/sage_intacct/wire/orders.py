"""The order of elements where it is fixed: control, login and all lower-case functions (sage-intacct 2, 7).

A sequence is written as words: `name` must be there, `name?` may, `name*` may repeat, `name+` must and may.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ml_connector.sandbox.sage_intacct.wire.errors import invalid_value, out_of_order
from ml_connector.sandbox.sage_intacct.wire.xml import Node

_DATE = "year month day"
_CURRENCY = "basecurr? currency? exchratedate? exchratetype? exchrate?"
_DIMENSIONS = "projectid? taskid? costtypeid? customerid? vendorid? employeeid?"
_PO_HEAD = (
    f"termname? datedue? message? shippingmethod? RETURNS deliverto? supdocid? externalid? {_CURRENCY} customfields? "
    "state? projectid? needbydate? donotshipbeforedate? donotshipafterdate? promiseddate? contractstartdate? "
    "contractenddate? cancelafterdate?"
)
#: The newer dates stand in the order of the documentation's table (assumed).
_PO_LINE = (
    "overridetaxamount? deliverto? tax? locationid? departmentid? memo? itemdetails? form1099? form1099type? "
    f"form1099box? customfields? {_DIMENSIONS} classid? contractid? billable? needbydate? donotshipbeforedate? "
    "donotshipafterdate? promiseddate? dateconfirmed? cancelafterdate? dateshiptosupplier? allocationid? "
    "conversiontype? sourcedocid? sourcedoclineid?"
)
_PO_ITEM = (
    "itemid itemaliasid? itemdesc? taxable? warehouseid? quantity unit? linelevelsimpletaxtype? price? sourcelinekey? "
    + _PO_LINE
)
_SO_ITEM = (
    "bundlenumber? itemid itemaliasid? itemdesc? taxable? warehouseid? quantity unit? linelevelsimpletaxtype? "
    "discountpercent? price? sourcelinekey? discsurchargememo? locationid? departmentid? memo? itemdetails? "
    "customfields? revrectemplate? revrecstartdate? revrecenddate? renewalmacro? projectid? taskid? costtypeid? "
    "customerid? vendorid? employeeid? classid? contractid? fulfillmentstatus? needbydate? shipby? "
    "donotshipbeforedate? donotshipafterdate? datepickticketprinted? cancelafterdate? shippeddate?"
)
_AP_LINE = (
    "accountlabel? glaccountno? offsetglaccountno? amount allocationid? memo? locationid? departmentid? item1099? "
    "form1099type? form1099box? key? totalpaid? totaldue? customfields? revrectemplate? revrecstartdate? "
    "revrecenddate? projectid? taskid? costtypeid? customerid? vendorid? employeeid? itemid? classid? contractid? "
    "warehouseid? billable?"
)
_SUPDOC = "supdocname? supdocfoldername? supdocdescription? attachments?"

#: The children of each element, by the path from the function on; a bare name is the same wherever it stands.
SEQUENCES: Mapping[str, str] = {
    "request": "control operation+",
    "control": "senderid password? controlid uniqueid? dtdversion policyid? includewhitespace? debug? "
    "showadditionalerrorinfo?",
    "operation": "authentication content",
    "login": "userid companyid password clientid? locationid?",
    "content": "function+",
    "getAPISession": "locationid?",
    "create_potransaction": "transactiontype datecreated dateposted? createdfrom? vendorid documentno? referenceno? "
    f"vendordocno? {_PO_HEAD.replace('RETURNS', 'returnto payto')} potransitems subtotals?",
    "update_potransaction": "datecreated? dateposted? referenceno? vendordocno? "
    f"{_PO_HEAD.replace('RETURNS', 'returnto? payto?')} updatepotransitems? updatesubtotals?",
    "partialupdate_potransaction": "dateposted",
    "potransitems": "potransitem+",
    "potransitem": _PO_ITEM,
    "updatepotransitems": "updatepotransitem* potransitem*",
    "updatepotransitem": "itemid? itemaliasid? itemdesc? taxable? warehouseid? quantity? unit? "
    f"linelevelsimpletaxtype? price? {_PO_LINE}",
    "itemdetails": "itemdetail+",
    "itemdetail": "quantity? serialno? lotno? aisle? row? bin? itemexpiration?",
    "customfields": "customfield*",
    "customfield": "customfieldname customfieldvalue",
    "returnto": "contactname",
    "payto": "contactname",
    "deliverto": "contactname",
    "shipto": "contactname",
    "billto": "contactname",
    "subtotals": "subtotal*",
    "create_sotransaction": "transactiontype datecreated dateposted? createdfrom? customerid documentno? origdocdate? "
    f"referenceno? termname? datedue? message? shippingmethod? shipto? billto? supdocid? externalid? {_CURRENCY} "
    "vsoepricelist? customfields? state? projectid? sotransitems subtotals?",
    "sotransitems": "sotransitem+",
    "sotransitem": _SO_ITEM,
    "delete_potransaction": "",
    "delete_sotransaction": "",
    "create_bill": "vendorid datecreated dateposted? datedue? termname? action? batchkey? billno? ponumber? onhold? "
    f"description? externalid? payto? returnto? {_CURRENCY} nogl? supdocid? customfields? billitems",
    "billitems": "lineitem+",
    "reverse_bill": "datereversed description?",
    "delete_bill": "",
    "create_apadjustment": "vendorid datecreated dateposted? batchkey? adjustmentno? action? billno? description? "
    f"externalid? {_CURRENCY} nogl? customfields? inclusivetax? taxsolutionid? apadjustmentitems",
    "apadjustmentitems": "lineitem+",
    "delete_apadjustment": "",
    "lineitem": _AP_LINE,
    "recallApBill": "recordno",
    "reverse_appayment": "datereversed description?",
    "create_supdoc": f"supdocid? {_SUPDOC}",
    "update_supdoc": f"supdocid {_SUPDOC}",
    "attachments": "attachment*",
    "attachment": "attachmentname? attachmenttype? attachmentdata",
    "delete_supdoc": "",
    "create_supdocfolder": "supdocfoldername supdocfolderdescription? supdocparentfoldername?",
    "get": "fields?",
    "get_list": "filter? sorts? fields?",
}  # fmt: skip
#: Dates as three elements.
_DATES = {
    "datecreated", "dateposted", "datedue", "exchratedate", "origdocdate", "needbydate", "donotshipbeforedate",
    "donotshipafterdate", "promiseddate", "dateconfirmed", "cancelafterdate", "dateshiptosupplier", "datereversed",
    "contractstartdate", "contractenddate", "itemexpiration", "shipby", "shippeddate", "datepickticketprinted",
}  # fmt: skip
#: One of them must be there (sage-intacct 7.2: required in the 2019 schema).
_ONE_OF = {"create_potransaction": ("termname", "datedue"), "create_bill": ("termname", "datedue")}
#: Attributes that must be there.
_KEYS = {
    "update_potransaction": ("key", "externalkey"), "partialupdate_potransaction": ("key",),
    "delete_potransaction": ("key",), "delete_sotransaction": ("key",), "reverse_bill": ("key",),
    "delete_bill": ("key",), "delete_apadjustment": ("key",), "reverse_appayment": ("key",),
    "delete_supdoc": ("key",), "updatepotransitem": ("line_num",), "get": ("object",), "get_list": ("object",),
}  # fmt: skip
#: Calls whose children may come in any order.
FREE = {
    "query", "readByQuery", "readMore", "read", "readByName", "create", "update", "delete", "lookup", "inspect",
    "readUserFormatting", "approve", "decline", "getTransactionsToApprove", "getApprovalHistory", "getDimensions",
}  # fmt: skip
#: Everything that a function may hold.
CALLS = FREE | {
    "getAPISession", "create_potransaction", "update_potransaction", "partialupdate_potransaction",
    "delete_potransaction", "create_sotransaction", "delete_sotransaction", "create_bill", "reverse_bill",
    "delete_bill", "create_apadjustment", "delete_apadjustment", "recallApBill", "reverse_appayment", "create_supdoc",
    "update_supdoc", "delete_supdoc", "create_supdocfolder", "get", "get_list",
}  # fmt: skip
MAX_CONTROL_ID = 256


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    needed: bool
    repeats: bool


def _steps(text: str) -> list[_Step]:
    return [
        _Step(word.rstrip("?*+"), not word.endswith(("?", "*")), word.endswith(("*", "+"))) for word in text.split()
    ]


_STEPS = {name: _steps(text) for name, text in SEQUENCES.items()}
_STEPS |= {name: _steps(_DATE) for name in _DATES}


def check_order(element: Node, *, deep: bool = True) -> None:
    """Raises Refused (XL03000003) where an element stands at a wrong place or is missing."""
    steps = _STEPS.get(element.tag)
    if steps is not None:
        _check_sequence(element, steps)
    names = _KEYS.get(element.tag, ())
    if names and not any(element.attributes.get(name) for name in names):
        raise out_of_order(f"@{names[0]}", element.tag, element.line)
    choice = _ONE_OF.get(element.tag, ())
    if choice and not any(element.find(name) is not None for name in choice):
        raise out_of_order(choice[0], element.tag, element.line, " or ".join(choice))
    if deep and element.tag not in FREE:
        for child in element.children:
            check_order(child)


def _check_sequence(element: Node, steps: list[_Step]) -> None:
    at = 0
    for child in element.children:
        while at < len(steps) and steps[at].name != child.tag:
            if steps[at].needed and not _seen(element, steps[at].name, child):
                raise out_of_order(child.tag, element.tag, child.line, steps[at].name)
            at += 1
        if at == len(steps):
            raise out_of_order(child.tag, element.tag, child.line)
        if not steps[at].repeats:
            at += 1
    for step in steps[at:]:
        if step.needed and element.find(step.name) is None:
            raise out_of_order(element.tag, element.tag, element.line, step.name)


def _seen(element: Node, name: str, before: Node) -> bool:
    for child in element.children:
        if child is before:
            return False
        if child.tag == name:
            return True
    return False


def check_functions(content: Node) -> None:
    """Every function has a control id and exactly one known call (sage-intacct 2)."""
    for function in content.children:
        control_id = function.attributes.get("controlid")
        if control_id is None or len(control_id) > MAX_CONTROL_ID:
            raise invalid_value("function", control_id or "", function.line)
        if len(function.children) != 1:
            raise out_of_order("function", "content", function.line, "one call")
        call = function.children[0]
        if call.tag not in CALLS:
            raise out_of_order(call.tag, "function", call.line)
        if call.tag == "getAPISession" and len(content.children) > 1:
            raise out_of_order("getAPISession", "content", call.line, "alone in its request")
