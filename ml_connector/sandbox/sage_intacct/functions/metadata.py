"""What the gateway says of itself: objects, fields, the user's formats (sage-intacct 3, 6)."""

from ml_connector.sandbox.sage_intacct.books.shapes import SHAPES, Shape
from ml_connector.sandbox.sage_intacct.functions.call import Call
from ml_connector.sandbox.sage_intacct.wire.errors import business, no_object
from ml_connector.sandbox.sage_intacct.wire.xml import Node, node

_TYPES = {
    "text": "TEXT", "whole": "INTEGER", "decimal": "DECIMAL", "day": "DATE", "moment": "TIMESTAMP", "flag": "BOOLEAN",
}  # fmt: skip
_DIMENSIONS = ("LOCATION", "DEPARTMENT", "CLASS", "PROJECT", "CUSTOMER", "VENDOR", "ITEM", "WAREHOUSE")


def lookup(call: Call) -> None:
    """Fields and relationships; those that query refuses are listed all the same (observed)."""
    name = call.element.value("object")
    if name not in SHAPES:
        raise no_object(name)
    shape = SHAPES[name]
    relations = [
        node("Relationship", node("OBJECTPATH", path), node("OBJECTNAME", table), node("LABEL", table),
             node("RELATIONSHIPTYPE", "MANY2ONE"), node("RELATEDBY", key))
        for path, (table, key) in shape.related.items()
    ]  # fmt: skip
    described = node(
        "Type", node("Fields", *(_field(shape, field) for field in shape.fields)), node("Relationships", *relations),
        Name=name, DocumentType="",
    )  # fmt: skip
    call.result.data = node("data", described, listtype="All", count=1)


def _field(shape: Shape, name: str) -> Node:
    needed = "true" if name in shape.required else "false"
    return node(
        "Field", node("ID", name), node("LABEL", name), node("DESCRIPTION", name), node("REQUIRED", needed),
        node("READONLY", "true" if name == "RECORDNO" else "false"), node("DATATYPE", _TYPES[shape.fields[name]]),
        node("ISCUSTOM", "false"),
    )  # fmt: skip


def inspect(call: Call) -> None:
    """Every type, or one with its fields."""
    name = call.element.value("object") or call.element.value("name")
    detail = call.element.attributes.get("detail", "") in {"1", "true"}
    if name in {"", "*"}:
        types = [node("type", one, typename=one) for one in SHAPES]
        call.result.data = node("data", *types, listtype="All", count=len(types))
        return
    if name not in SHAPES:
        raise no_object(name)
    shape = SHAPES[name]
    fields = [_field(shape, field) if detail else node("Field", field) for field in shape.fields]
    described = node("Type", node("Fields", *fields), Name=name)
    call.result.data = node("data", described, listtype="All", count=1)


def user_formatting(call: Call) -> None:
    """readUserFormatting, by key or user id (sage-intacct 6.4)."""
    key, user = call.element.value("key"), call.element.value("userId")
    row = next(
        (one for one in call.company.tables["USERINFO"] if key == str(one.number) or user == one.text("LOGINID")), None
    )
    if row is None:
        raise business(f"The user '{key or user}' does not exist.")
    options = call.options
    described = node(
        "userformatting", node("recordno", str(row.number)), node("locale", options.locale),
        node("dateformat", options.date_format), node("gmtoffset", options.gmt_offset), node("clock", options.clock),
    )  # fmt: skip
    call.result.data = node("data", described, listtype="userformatting", count=1)


def dimensions(call: Call) -> None:
    """GetDimensions."""
    listed = [
        node("dimension", node("objectName", name), node("objectLabel", name.title()), node("termLabel", name.title()),
             node("userDefinedDimension", "false"), node("enabledInGL", "true"))
        for name in _DIMENSIONS
    ]  # fmt: skip
    call.result.data = node("data", node("dimensions", *listed))


def to_approve(call: Call) -> None:
    """GetTransactionsToApprove."""
    rows = [row for row in call.company.tables["PODOCUMENT"] if row.text("STATE") == "Submitted"]
    made = [node("PODOCUMENT", node("DOCID", row.text("DOCID")), node("STATE", row.text("STATE"))) for row in rows]
    call.result.data = node("data", *made, listtype="PODOCUMENT", count=len(made))


def approval_history(call: Call) -> None:
    """The decisions about a document (getApprovalHistory)."""
    document = call.element.find("PODOCUMENT")
    wanted = "" if document is None else document.value("DOCID")
    made = [
        node("PODOCUMENT", node("DOCID", docid), node("APPROVER", user), node("STATE", what),
             node("EVENTDATE", call.formats.show(when)))
        for docid, user, what, when in call.company.decisions
        if docid == wanted
    ]  # fmt: skip
    call.result.data = node("data", *made, listtype="PODOCUMENT", count=len(made))
