"""create, update, delete: upper-case fields in any order (sage-intacct 6.3, 3)."""

from collections.abc import Sequence
from decimal import Decimal

from ml_connector.sandbox.sage_intacct.books import journals, masters, payables, payments
from ml_connector.sandbox.sage_intacct.books.record import Record, Values
from ml_connector.sandbox.sage_intacct.books.rules import sent_values
from ml_connector.sandbox.sage_intacct.books.shapes import SHAPES, Shape
from ml_connector.sandbox.sage_intacct.functions.call import Call
from ml_connector.sandbox.sage_intacct.wire.errors import Entry, Failed, business, no_object, no_permission
from ml_connector.sandbox.sage_intacct.wire.xml import Node, node

MOST_OBJECTS = 100
_BILLS = {"APBILL": payables.BILL, "APADJUSTMENT": payables.ADJUSTMENT}
_NOT_BY_CREATE = {"PODOCUMENT", "SODOCUMENT"}  # the older functions make them (sage-intacct 7.2)


def create(call: Call) -> None:
    """One object or several. Those that could be stored are listed beside the errors of the others (observed)."""
    stored: list[Node] = []
    entries: list[Entry] = []
    objects = call.element.children
    if not objects or len(objects) > MOST_OBJECTS:
        raise business(f"create takes 1 to {MOST_OBJECTS} objects.", number="DL02000001")
    for element in objects:
        try:
            with call.company.unit():
                stored.append(_stored(element.tag, _create(call, element)))
        except Failed as error:
            entries += error.entries
    call.result.data = node("data", *stored, listtype="objects", count=len(stored))
    if entries:
        raise Failed(*entries)


def _create(call: Call, element: Node) -> Record:
    name, work = element.tag, call.work
    shape = _writable(name, "CREATE")
    if name in _NOT_BY_CREATE:
        raise business(f"API operation CREATE is not supported on objects of type {name}", number="PL04000005")
    extra = {"PAYMENTDATE": "day"} if name == "APPYMT" else {}
    values = sent_values(_with(shape, extra), element, work, call.formats)
    lines = _lines(call, shape, element)
    if name in _BILLS:
        _check_tax_details(call, shape, element)
        return payables.create(work, _BILLS[name], values, lines)
    if name == "GLBATCH":
        return journals.create(work, values, lines)
    if name == "APPYMT":
        return payments.create(work, values, lines)
    return masters.create(work, name, values)


def _check_tax_details(call: Call, shape: Shape, element: Node) -> None:
    """VAT companies want one for each line (sage-intacct 4)."""
    if not call.options.tax_details or shape.lines is None:
        return
    group = element.find(shape.lines.tag)
    if group is not None and any(row.find("TAXENTRIES") is None for row in group.children):
        raise business("Tax details are either missing or don't belong to the tax solution")


def _with(shape: Shape, more: dict[str, str]) -> Shape:
    if not more:
        return shape
    return Shape(shape.name, {**shape.fields, **more}, shape.key, shape.required, shape.lines)


def _lines(call: Call, shape: Shape, element: Node) -> list[Values]:
    if shape.lines is None:
        return []
    group = element.find(shape.lines.tag)
    below = SHAPES[shape.lines.object]
    rows = [] if group is None else group.all(shape.lines.row)
    return [{**sent_values(below, row, call.work, call.formats), **_taxes(row)} for row in rows]


def _taxes(row: Node) -> Values:
    """What a line says of its taxes (sage-intacct 7.1): the details and their sum."""
    group = row.find("TAXENTRIES")
    entries = [] if group is None else group.all("TAXENTRY")
    if not entries:
        return {}
    amounts = [Decimal(one.value("TRX_TAX", "0") or "0") for one in entries]
    return {"TAX_DETAILS": ", ".join(one.value("DETAILID") for one in entries), "TRX_TAX": sum(amounts, Decimal(0))}


def _writable(name: str, operation: str) -> Shape:
    shape = SHAPES.get(name)
    if shape is None:
        raise no_object(name)
    if not shape.writable:
        raise no_permission(operation, name)
    return shape


def _stored(name: str, row: Record) -> Node:
    """The tag in lower case; the natural key beside the number."""
    made = node(name.lower(), node("RECORDNO", str(row.number)))
    key = SHAPES[name].key
    if key != "RECORDNO":
        made.children.append(node(key, row.text(key)))
    return made


def update(call: Call) -> None:
    """By RECORDNO or the natural key."""
    changed: list[Node] = []
    for element in call.element.children:
        name = element.tag
        shape = _writable(name, "UPDATE")
        row = _found(call, shape, element.value("RECORDNO"), element.value(shape.key))
        values = sent_values(shape, element, call.work, call.formats)
        lines = _lines(call, shape, element)
        _update(call, name, row, values, lines)
        changed.append(_stored(name, row))
    call.result.data = node("data", *changed, listtype="objects", count=len(changed))


def _update(call: Call, name: str, row: Record, values: Values, lines: Sequence[Values]) -> None:
    if name in _BILLS:
        payables.update(call.work, _BILLS[name], row, values, lines)
    elif name == "APPYMT":
        payments.update(call.work, row, values, lines)
    elif name in _NOT_BY_CREATE or name == "GLBATCH":
        raise business(f"API operation UPDATE is not supported on objects of type {name}", number="PL04000005")
    else:
        masters.update(call.work, name, row, values)


def _found(call: Call, shape: Shape, number: str, key: str) -> Record:
    row = (
        call.company.tables[shape.name].get(int(number))
        if number.isascii() and number.isdigit() and len(number) < 12
        else None
    )
    if row is None and key and shape.key != "RECORDNO":
        row = call.work.find(shape.name, key)
    if row is None or not call.work.sees(row):
        raise business(f"The {shape.title} '{number or key}' does not exist.", "Check the key, and then try again.")
    return row


def delete(call: Call) -> None:
    """By record numbers or natural keys, comma between them."""
    name = call.element.value("object")
    shape = _writable(name, "DELETE")
    for key in (one.strip() for one in call.element.value("keys").split(",") if one.strip()):
        row = _found(call, shape, key, key)
        if name in _BILLS:
            payables.delete(call.work, _BILLS[name], row)
        elif name == "GLBATCH":
            journals.delete(call.work, row)
        elif name == "APPYMT":
            payments.delete(call.work, row)
        elif name in _NOT_BY_CREATE:
            raise business(f"API operation DELETE is not supported on objects of type {name}", number="PL04000005")
        else:
            masters.delete(call.work, name, row)
