"""Attachments: folders and supdocs, each with files (sage-intacct 7)."""

import base64
import binascii
from collections.abc import Callable

from ml_connector.sandbox.sage_intacct.books.record import Record
from ml_connector.sandbox.sage_intacct.functions.call import Call
from ml_connector.sandbox.sage_intacct.functions.filters import like
from ml_connector.sandbox.sage_intacct.wire.errors import business, duplicate, field_error, invalid, missing
from ml_connector.sandbox.sage_intacct.wire.xml import Node, node

MOST_ITEMS = 100
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda own, value: own == value, "!=": lambda own, value: own != value, "<": lambda own, value: own < value,
    "<=": lambda own, value: own <= value, ">": lambda own, value: own > value, ">=": lambda own, value: own >= value,
    "like": lambda own, value: like(value, fold=True)(own), "is null": lambda own, _: not own,
}  # fmt: skip
_FIELDS = {
    "supdocid": "SUPDOCID", "supdocname": "SUPDOCNAME", "folder": "FOLDERNAME", "name": "NAME",
    "description": "DESCRIPTION", "recordno": "RECORDNO",
}  # fmt: skip


def create_folder(call: Call) -> None:
    """create_supdocfolder."""
    name = call.element.value("supdocfoldername")
    if not name:
        raise missing("supdocfoldername")
    if call.company.tables["SUPDOCFOLDER"].by_key(name) is not None:
        raise duplicate("Attachment folder", name)
    values = {"NAME": name, "DESCRIPTION": call.element.value("supdocfolderdescription")}
    row = call.company.add("SUPDOCFOLDER", {**values}, user=call.work.user)
    call.result.key = row.text("NAME")


def create(call: Call) -> None:
    """create_supdoc: before the record that names it."""
    element, table = call.element, call.company.tables["SUPDOC"]
    key, name, folder = (element.value(tag) for tag in ("supdocid", "supdocname", "supdocfoldername"))
    for label, value in (("supdocid", key), ("supdocname", name)):
        if not value:
            raise missing(label)
    if table.by_key(key) is not None:
        raise duplicate("Attachment", key)
    if call.company.tables["SUPDOCFOLDER"].by_key(folder) is None:
        raise invalid("Attachment folder", folder)
    files = _files(element)
    values = {"SUPDOCID": key, "SUPDOCNAME": name, "FOLDERNAME": folder}
    row = call.company.add("SUPDOC", {**values, "DESCRIPTION": element.value("supdocdescription")}, user=call.work.user)
    call.company.keep_files(row.number, files)
    call.company.tell("SUPDOC create", key=key, files=[f"{one}.{kind}" for one, kind, _ in files])
    call.result.key = key


def update(call: Call) -> None:
    """update_supdoc adds files; it cannot replace one."""
    row = _found(call, call.element.value("supdocid"))
    present = call.company.files.get(row.number, [])
    added = _files(call.element, {name for name, _, _ in present})
    call.company.keep_files(row.number, [*present, *added])
    call.company.change("SUPDOC", row, {}, user=call.work.user)
    call.company.tell("SUPDOC update", key=row.text("SUPDOCID"), files=[f"{one}.{kind}" for one, kind, _ in added])
    call.result.key = row.text("SUPDOCID")


def delete(call: Call) -> None:
    row = _found(call, call.element.attributes["key"])
    call.company.delete("SUPDOC", row, user=call.work.user)
    call.result.key = row.text("SUPDOCID")


def _found(call: Call, key: str) -> Record:
    row = call.company.tables["SUPDOC"].by_key(key)
    if row is None:
        raise invalid("Attachment", key)
    return row


def _files(element: Node, taken: set[str] | None = None) -> list[tuple[str, str, str]]:
    """Name without extension, type, base64; names are unique within a record."""
    group = element.find("attachments")
    seen = set(taken or set())
    made: list[tuple[str, str, str]] = []
    for one in [] if group is None else group.children:
        name, kind, data = (one.value(tag) for tag in ("attachmentname", "attachmenttype", "attachmentdata"))
        try:
            base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError):
            raise field_error("Illegal format for attachmentdata") from None
        if name in seen:
            raise business(f"The file name '{name}' is used twice in the attachment.")
        seen.add(name)
        made.append((name, kind, data))
    return made


def get_list(call: Call) -> None:
    """get_list of supdoc and supdocfolder: the files' data come with them unless `fields` leaves them out."""
    element, kind = call.element, call.element.attributes["object"]
    rows = _sorted([row for row in _table(call, kind) if _wanted(row, element.find("filter"))], element.find("sorts"))
    start, most = _whole(call, "start", 0), min(_whole(call, "maxitems", MOST_ITEMS), MOST_ITEMS)
    page = rows[start : start + most]
    call.result.listed = node("listtype", kind, start=start, end=max(start + len(page) - 1, 0), total=len(rows))
    call.result.data = node("data", *(_shown(call, kind, row) for row in page))


def get(call: Call) -> None:
    """Get of one by its key."""
    kind, key = call.element.attributes["object"], call.element.attributes.get("key", "")
    row = next((one for one in _table(call, kind) if one.text("SUPDOCID" if kind == "supdoc" else "NAME") == key), None)
    call.result.data = node("data", *([] if row is None else [_shown(call, kind, row)]))


def _table(call: Call, kind: str) -> list[Record]:
    name = {"supdoc": "SUPDOC", "supdocfolder": "SUPDOCFOLDER"}.get(kind)
    if name is None:
        raise business(f"Object '{kind[:40]}' is not known to get_list.", number="DL02000001")
    return list(call.company.tables[name])


def _whole(call: Call, name: str, default: int) -> int:
    text = call.element.attributes.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else default


def _wanted(row: Record, wanted: Node | None) -> bool:
    """The one expression of a filter; numbers compare as numbers. Raises Failed (DL02000001)."""
    expression = None if wanted is None else wanted.find("expression")
    if expression is None:
        return True
    own, value = row.text(_named(expression.value("field"))), expression.value("value")
    if own.isdigit() and value.isdigit():
        own, value = own.zfill(20), value.zfill(20)
    test = _OPERATORS.get(expression.value("operator", "="))
    if test is None:
        raise business(f"Operator '{expression.value('operator')[:20]}' is not known.", number="DL02000001")
    return test(own, value)


def _sorted(rows: list[Record], sorts: Node | None) -> list[Record]:
    for one in reversed([] if sorts is None else sorts.all("sortfield")):
        name = _named(one.text.strip())
        rows = sorted(rows, key=lambda row, name=name: row.text(name), reverse=one.attributes.get("order") == "desc")  # type: ignore[misc]
    return rows


def _named(field: str) -> str:
    name = _FIELDS.get(field.casefold())
    if name is None:
        raise business(f"Field '{field[:40]}' is not known.", number="DL02000001")
    return name


def _shown(call: Call, kind: str, row: Record) -> Node:
    """A record with the children that `fields` names, all where it names none."""
    chosen = {one.text.strip() for one in (call.element.find("fields") or node("fields")).children}
    whole = _folder(row) if kind == "supdocfolder" else _supdoc(call, row)
    return node(kind, *(child for child in whole if not chosen or child.tag in chosen))


def _folder(row: Record) -> list[Node]:
    texts = {"recordno": str(row.number), "name": row.text("NAME"), "description": row.text("DESCRIPTION")}
    return [node(tag, text) for tag, text in texts.items()]


def _supdoc(call: Call, row: Record) -> list[Node]:
    files = [
        node(
            "attachment", node("attachmentname", name), node("attachmenttype", extension), node("attachmentdata", data)
        )
        for name, extension, data in call.company.files.get(row.number, [])
    ]
    texts = {
        "recordno": str(row.number), "supdocid": row.text("SUPDOCID"), "supdocname": row.text("SUPDOCNAME"),
        "folder": row.text("FOLDERNAME"), "description": row.text("DESCRIPTION"),
    }  # fmt: skip
    return [*(node(tag, text) for tag, text in texts.items()), node("attachments", *files)]
