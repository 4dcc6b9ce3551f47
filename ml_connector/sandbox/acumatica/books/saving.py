"""Putting a body into a screen: which record, which fields, which lines; then the screen's own rules (acumatica 5)."""

from collections.abc import Mapping
from typing import Any

from ml_connector.sandbox.acumatica.books.forms import Form, cannot_be_empty
from ml_connector.sandbox.acumatica.books.tenant import Work
from ml_connector.sandbox.acumatica.wire.contract import SYSTEM_MEMBERS, Entity, Shape
from ml_connector.sandbox.acumatica.wire.errors import ApiError, FieldError, no_entity, unreadable
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.shapes import Sent
from ml_connector.sandbox.acumatica.wire.values import Value, parse

_MISSING = object()
#: Taken first, whatever the order of the body: others depend on them.
_FIRST = (
    "Type", "OrderType", "VendorID", "Vendor", "CustomerID", "Customer", "LocationID", "Location", "CurrencyID", "Date",
    "IsTaxValid", "ShipToAddressOverride", "POReceiptNbr", "POReceiptLine", "POOrderType", "POOrderNbr", "POLine",
    "POLineNbr", "InventoryID", "AlternateID", "UOM", "WarehouseID", "ManualPrice", "OrderQty", "Qty", "ReceiptQty",
    "UnitCost", "UnitPrice",
)  # fmt: skip
NEW_NUMBER = "<NEW>"


class Saving:
    """One PUT or PATCH. `sent` is what the reply has to name."""

    def __init__(self, work: Work, entity: Entity, form: Form, *, patch: bool) -> None:
        self.work = work
        self.entity = entity
        self.form = form
        self.patch = patch
        self.sent: Sent = {}
        self.refused_lines: dict[str, list[Record]] = {}
        self._stored: Mapping[str, Value] = {}
        self._strict = work.options.unknown_fields == "refused"

    def save(self, before: Record | None, body: Mapping[str, Any]) -> Record:
        """Store the record as the body changes it. Raises ApiError; then nothing is stored."""
        row = before.copy() if before is not None else self._new()
        self._stored = dict(before.values) if before is not None else {}
        hold = self._fill(row, body)
        self.form.complete(self.work, before, row)
        for key in self.entity.keys:
            if key != self.form.number and not row.get(key):
                row.errors.setdefault(key, cannot_be_empty(self.form.label(key)))
        if row.refused:
            self._let_go_of_refused_lines(row)
            self.form.complete(self.work, before, row)
        if row.refused:
            raise Refusal(self._worded(row, new=before is None))
        if before is None:
            self._number(row)
        self.form.finish(self.work, before, row, hold)
        if row.refused:
            raise Refusal(self._worded(row, new=before is None))
        self.work.tenant.save(self.entity.name, row)
        self.form.saved(self.work, before, row)
        kind = "insert" if before is None else "update"
        self.work.tenant.wrote(
            f"{self.entity.name} {kind}",
            {"branch": self.work.branch, "session": self.work.session, "id": row.id, **self.form.facts(row)},
        )
        return row

    def _new(self) -> Record:
        row = record()
        self.form.begin(self.work, row)
        return row

    def _let_go_of_refused_lines(self, row: Record) -> None:
        """Old builds keep the record without its refused lines, and say so in a reply of 200 (acumatica 4)."""
        header = row.error or row.errors or any(link.refused for link in row.links.values())
        if header or not self.work.options.errors_in_200:
            return
        for name, lines in row.lines.items():
            refused = [line for line in lines if line.refused]
            for line in refused:
                line.error = line.error or "; ".join(line.errors.values())
            if refused:
                self.refused_lines[name] = refused
                row.lines[name] = [line for line in lines if not line.refused]

    def _worded(self, row: Record, *, new: bool) -> Record:
        """The refusal's own text, as the vendor's fixture has it: two blanks (acumatica 5)."""
        if row.error is None:
            inside = [line for lines in row.lines.values() for line in lines if line.refused]
            view = self.form.labels.get("Details", "Transactions") if inside else self.form.view
            doing = "Inserting " if new else "Updating "
            row.error = f"{doing} '{view}' record raised at least one error. Please review the errors."
        return row

    def _number(self, row: Record) -> None:
        """The next number, whatever number of its own a client has sent (acumatica 5, assumed)."""
        name, tenant = self.form.number, self.work.tenant
        if name is None:
            return
        keeps = self.work.options.own_numbers == "kept" or self.form.keeps_own_number
        if keeps and row.text(name) not in {"", NEW_NUMBER}:
            return
        kind = row.text(self.entity.keys[0]) if len(self.entity.keys) > 1 else ""
        sequence = self.form.sequence or f"{self.entity.name} {kind}".strip()
        taken: Record | None = row
        while taken is not None:
            row.values[name] = tenant.next_number(sequence, self.form.prefix)
            taken = tenant.table(self.entity.name).by_key(*(row.text(key) for key in self.entity.keys))

    # fields

    def _fill(self, row: Record, body: Mapping[str, Any]) -> bool | None:
        shape, hold = self.entity.shape, None
        names = [name for name in _FIRST if name in body] + [name for name in body if name not in _FIRST]
        for name in names:
            value = body[name]
            if name in shape.fields:
                hold = self._header(row, name, value, hold)
        for name in names:
            if name in shape.linked and isinstance(body[name], dict):
                self.sent[name] = self._linked(row, name, shape.linked[name], body[name])
        for name in names:
            if name in shape.details and isinstance(body[name], list):
                self.sent[name] = self._lines(row, name, shape.details[name], body[name])
            elif name not in shape.fields and name not in shape.linked:
                self._other(row, name, body[name])
        return hold

    def _header(self, row: Record, name: str, value: Any, hold: bool | None) -> bool | None:
        sent = self._unwrap(name, value)
        if sent is _MISSING:
            return hold
        self.sent[name] = True
        parsed = parse(self.entity.shape.fields[name], sent)
        if name == "Hold":
            return parsed if isinstance(parsed, bool) else hold
        if name == self.form.number and parsed in {NEW_NUMBER, ""}:
            return hold
        if not self.patch and name in self._stored and self._stored[name] == parsed:
            return hold  # PUT leaves out what was so already, even when another value has changed it meanwhile
        if self.form.enabled(self.work, row, name):
            try:
                self.form.set(self.work, row, name, parsed)
            except FieldError as error:
                row.values[name] = parsed
                row.errors[name] = str(error)
        return hold

    def _linked(self, row: Record, name: str, shape: Shape, body: Mapping[str, Any]) -> list[str]:
        open_to = self.form.enabled(self.work, row, name)
        return self._into(row.link(name) if open_to else record(), shape, body)

    def _into(self, target: Record, shape: Shape, body: Mapping[str, Any]) -> list[str]:
        """Values into an object or a line without rules of its own, and into what stands inside it."""
        names: list[str] = []
        for name, value in body.items():
            if name in shape.fields:
                sent = self._unwrap(name, value)
                if sent is not _MISSING:
                    target.values[name] = parse(shape.fields[name], sent)
                    names.append(name)
            elif name in shape.linked and isinstance(value, dict):
                self._into(target.link(name), shape.linked[name], value)
                names.append(name)
            elif name in shape.details and isinstance(value, list):
                inner = shape.details[name]
                target.lines[name] = []
                for one in value:
                    made = record()
                    self._into(made, inner, one if isinstance(one, dict) else {})
                    target.lines[name].append(made)
        return names

    def _unwrap(self, name: str, value: Any) -> Any:
        """What `{"value": ...}` holds. An object without a value says nothing."""
        if isinstance(value, dict):
            return value.get("value", _MISSING)
        if self.work.options.unwrapped_values == "refused":
            raise unreadable(f"Error converting value of '{name}': an object with a value is expected.")
        return _MISSING

    def _other(self, row: Record, name: str, value: Any) -> None:
        if name == "note":
            note = value.get("value") if isinstance(value, dict) else value
            row.note = str(note or "")
        elif name == "custom" and isinstance(value, dict):
            self.sent["custom"] = self._custom(row, value)
        elif name not in (SYSTEM_MEMBERS | self.entity.shape.details.keys()) and self._strict:
            raise unreadable(f"Could not find member '{name}' on object of type '{self.entity.name}'.")

    def _custom(self, row: Record, value: Mapping[str, Any]) -> list[str]:
        """Fields of a customization (Usr...) and those the stand-in knows; others are dropped."""
        paths: list[str] = []
        for view, fields in value.items():
            for name, content in (fields if isinstance(fields, dict) else {}).items():
                path = f"{view}.{name}"
                if isinstance(content, dict) and "value" in content and (name.startswith("Usr") or path in row.custom):
                    row.custom[path] = content["value"]
                    paths.append(path)
        return paths

    # lines

    def _lines(self, row: Record, name: str, shape: Shape, bodies: list[Any]) -> list[tuple[Record, list[str]]]:
        done: list[tuple[Record, list[str]]] = []
        for body in bodies:
            if not isinstance(body, dict):
                raise unreadable(f"An element of {name} is not an object.")
            line = self._line_of(row, name, shape, body)
            if body.get("delete") is True:
                if line is not None and self.form.line_enabled(self.work, row, None, name):
                    row.details(name).remove(line)
                continue
            done += self._line(row, name, shape, line, body)
        return done

    def _line_of(self, row: Record, name: str, shape: Shape, body: Mapping[str, Any]) -> Record | None:
        """By id, else by LineNbr where lines have one; without either a line is new (acumatica 5)."""
        identity = body.get("id")
        if isinstance(identity, str):
            found = next((line for line in row.details(name) if line.id == identity.casefold()), None)
            if found is None and self.work.options.unknown_id == "error":
                raise no_entity()
            return found
        if "LineNbr" in shape.fields:
            number = self._unwrap("LineNbr", body.get("LineNbr", {}))
            if number is not _MISSING:
                parsed = parse(shape.fields["LineNbr"], number)
                return row.line(parsed, name) if isinstance(parsed, int) else None
        return None

    def _line(
        self, row: Record, name: str, shape: Shape, line: Record | None, body: Mapping[str, Any]
    ) -> list[tuple[Record, list[str]]]:
        values: dict[str, Value] = {}
        ordered = [one for one in _FIRST if one in body] + [one for one in body if one not in _FIRST]
        for one in ordered:
            if one in shape.fields and one != "LineNbr":
                sent = self._unwrap(one, body[one])
                if sent is not _MISSING:
                    values[one] = parse(shape.fields[one], sent)
        if line is None:
            if not self.form.line_enabled(self.work, row, None, name):
                return []
            lines = self.form.add_line(self.work, row, name, values)
            if "LineNbr" in shape.fields:
                _number_lines(row.details(name))
        else:
            lines = [line]
        new = line is None
        for each in lines:
            self._set(row, name, each, values, new=new)
            self._inner(each, shape, body)
        return [(each, list(values)) for each in lines]

    def _set(self, row: Record, collection: str, line: Record, values: Mapping[str, Value], *, new: bool) -> None:
        stored = {} if new else dict(line.values)
        for name, value in values.items():
            if not self.patch and name in stored and stored[name] == value:
                continue
            if not self.form.line_enabled(self.work, row, line, name):
                continue
            try:
                self.form.set_line(self.work, row, collection, line, name, value)
            except FieldError as error:
                line.values[name] = value
                line.errors[name] = str(error)

    def _inner(self, line: Record, shape: Shape, body: Mapping[str, Any]) -> None:
        inside = {name: body[name] for name in body if name in shape.details or name in shape.linked}
        self._into(line, shape, inside)
        note = body.get("note")
        if isinstance(note, dict) and isinstance(note.get("value"), str):
            line.note = note["value"]


class Refusal(ApiError):
    """422: the record with its errors."""

    def __init__(self, row: Record) -> None:
        super().__init__(422, {})
        self.row = row


def _number_lines(lines: list[Record]) -> None:
    last = max((line.whole("LineNbr") for line in lines), default=0)
    for line in lines:
        if line.get("LineNbr") is None:
            last += 1
            line.values["LineNbr"] = last
