"""Records as JSON: wrapped fields, links, custom fields; the record itself with its errors for a refusal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.sandbox.acumatica.wire.contract import Entity, Shape
from ml_connector.sandbox.acumatica.wire.query import Query, Tree
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.acumatica.wire.values import Value, wrapped

#: The graph and the view of each entity's files link; to a client they are opaque (acumatica 8).
_GRAPHS = {
    "Bill": "PX.Objects.AP.APInvoiceEntry",
    "PurchaseOrder": "PX.Objects.PO.POOrderEntry",
    "PurchaseReceipt": "PX.Objects.PO.POReceiptEntry",
    "SalesOrder": "PX.Objects.SO.SOOrderEntry",
    "SalesInvoice": "PX.Objects.SO.SOInvoiceEntry",
    "Invoice": "PX.Objects.AR.ARInvoiceEntry",
    "Shipment": "PX.Objects.SO.SOShipmentEntry",
    "Vendor": "PX.Objects.AP.VendorMaint",
    "Customer": "PX.Objects.AR.CustomerMaint",
}
#: Which collections and fields were sent: a reply to a PUT names no others (acumatica 5).
Sent = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Printer:
    """Writes records of one entity. `root` is the site-absolute path of the endpoint, virtual directory included."""

    entity: Entity
    root: str
    zone: ZoneInfo

    def full(self, row: Record, query: Query, *, number: int = 1, empty_details: bool = False) -> dict[str, Any]:
        """A record as a read gives it."""
        shape, select = self.entity.shape, query.select
        names = [name for name in shape.fields if select is None or name in select]
        made = self._head(row, number)
        made |= self._fields(row, names)
        expand = {} if empty_details else query.expand
        made |= self._inside(row, shape, query.expand, select)
        if empty_details:
            made |= {name: [] for name in query.expand if name in shape.details}
        made["custom"] = _custom(row, query.custom)
        if "files" in expand or (empty_details and "files" in query.expand):
            made["files"] = self._files(row)
        made["_links"] = self._links(row)
        return made

    def echo(self, row: Record, query: Query, sent: Sent, keys: Iterable[str] = ()) -> dict[str, Any]:
        """The reply to a PUT: what was sent, plus what the query asks for."""
        shape = self.entity.shape
        asked = {*(query.select or {}), *keys}
        names = [name for name in shape.fields if name in sent or name in asked]
        made = self._head(row, 1)
        made |= self._fields(row, names)
        made |= self._sent_inside(row, shape, sent)
        made |= self._inside(row, shape, query.expand, query.select if query.select else None)
        made["custom"] = _custom(row, (*query.custom, *sent.get("custom", ())))
        if "files" in query.expand:
            made["files"] = self._files(row)
        made["_links"] = self._links(row)
        return made

    def refused(self, row: Record) -> dict[str, Any]:
        """The body of a 422: the record with its errors and whole lines (acumatica 5)."""
        made = self._line(row, self.entity.shape, {}, None, 1)
        for name, shape in self.entity.shape.details.items():
            if row.lines.get(name):
                made[name] = [self.line(line, shape, at) for at, line in enumerate(row.lines[name], 1)]
        for name, shape in self.entity.shape.linked.items():
            if name in row.links and row.links[name].refused:
                made[name] = self._line(row.links[name], shape, {}, None, 1)
        made["_links"] = self._links(row)
        return made

    def line(
        self, line: Record, shape: Shape, number: int, expand: Tree | None = None, select: Tree | None = None
    ) -> dict[str, Any]:
        """One line, whole unless fields are selected, with a place for its files."""
        made = self._line(line, shape, expand or {}, select, number)
        made["_links"] = {"files:put": f"{self.root}/files/{self._graph}/Transactions/{line.id}/{{filename}}"}
        return made

    def empty(self, shape: Shape | None = None) -> dict[str, Any]:
        """The record of $adHocSchema: every field, all of them empty."""
        shape = shape or self.entity.shape
        made: dict[str, Any] = {"id": "00000000-0000-0000-0000-000000000000", "rowNumber": 1, "note": {"value": ""}}
        made |= {name: {} for name in shape.fields}
        made |= {name: self.empty(inner) for name, inner in shape.linked.items()}
        made |= {name: [self.empty(inner)] for name, inner in shape.details.items()}
        return {**made, "custom": {}, "files": []}

    # parts

    @property
    def _graph(self) -> str:
        return _GRAPHS.get(self.entity.name, f"PX.Objects.{self.entity.name}Maint")

    @staticmethod
    def _head(row: Record, number: int) -> dict[str, Any]:
        made: dict[str, Any] = {"id": row.id, "rowNumber": number, "note": {"value": row.note}}
        if row.error is not None:
            made["error"] = row.error
        return made

    def _fields(self, row: Record, names: Iterable[str]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name in names:
            made[name] = wrapped(row.values.get(name), self.zone)
            if name in row.errors:
                made[name]["error"] = row.errors[name]
        return made

    def _inside(self, row: Record, shape: Shape, expand: Tree, select: Tree | None) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, below in expand.items():
            chosen = select.get(name) if select is not None else None
            if name in shape.details:
                lines = row.lines.get(name, [])
                inner = shape.details[name]
                made[name] = [self.line(one, inner, at, below, chosen) for at, one in enumerate(lines, 1)]
            elif name in shape.linked:
                linked = row.links.get(name) or Record(id=row.id)
                made[name] = self._line(linked, shape.linked[name], below, chosen, 1)
        return made

    def _line(self, row: Record, shape: Shape, expand: Tree, select: Tree | None, number: int) -> dict[str, Any]:
        names = [name for name in shape.fields if not select or name in select]
        made = self._head(row, number) | self._fields(row, names) | self._inside(row, shape, expand, select or None)
        made["custom"] = _custom(row, ())
        if "files" in expand:
            made["files"] = self._files(row)
        return made

    def _sent_inside(self, row: Record, shape: Shape, sent: Sent) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, content in sent.items():
            if name in shape.linked:
                linked = row.link(name)
                made[name] = self._head(linked, 1) | self._fields(
                    linked, [n for n in content if n in shape.linked[name].fields]
                )
            elif name in shape.details:
                kept = {line.id for line in row.lines.get(name, [])}
                made[name] = [
                    self._head(line, at) | self._fields(line, names) | {"custom": {}}
                    for at, (line, names) in enumerate(content, 1)
                    if line.id in kept
                ]
        return made

    def _links(self, row: Record) -> dict[str, str]:
        return {
            "self": f"{self.root}/{self.entity.name}/{row.id}",
            "files:put": f"{self.root}/files/{self._graph}/Document/{row.id}/{{filename}}",
        }

    def _files(self, row: Record) -> list[dict[str, str]]:
        return [
            {"id": file.id, "filename": file.name, "href": f"{self.root}/files/{file.id}", "comment": file.comment}
            for file in row.files
        ]


def _custom(row: Record, names: Iterable[str]) -> dict[str, Any]:
    """Custom fields by view, as the record has them; of those that it does not have, an empty one."""
    made: dict[str, dict[str, Any]] = {}
    for path in dict.fromkeys(names):
        view, _, name = path.partition(".")
        value = row.custom.get(path)
        inner: Mapping[str, Any] = {"type": _custom_type(value), **({} if value is None else {"value": _shown(value)})}
        made.setdefault(view, {})[name] = inner
    return made


def _custom_type(value: Value) -> str:
    match value:
        case bool():
            return "CustomBooleanField"
        case Decimal():
            return "CustomDecimalField"
        case int():
            return "CustomIntField"
        case datetime() | date():
            return "CustomDateTimeField"
    return "CustomStringField"


def _shown(value: Value) -> Any:
    return value.isoformat() if isinstance(value, date) else value
