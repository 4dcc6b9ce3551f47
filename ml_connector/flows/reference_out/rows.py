"""Rows of a reference table as a consumer is told them: only what may leave, by code. Pure functions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ml_connector.documents.master.tables import Change, RowValue, TableRow
from ml_connector.errors import NeedsCorrection, Reason

#: What rows of every table are called and whether they are in use, whatever their own fields for that are.
NAME, STATUS = "name", "status"
ACTIVE, INACTIVE = "active", "inactive"
#: What leaves where nobody says otherwise. Bank accounts, tax numbers, prices and accounts of vendors are not among it.
HARMLESS = (
    *(NAME, STATUS, "end_date", "country", "currency", "payment_condition", "street", "postal_code", "city", "region"),
    *("unit", "barcode"),
)
#: Between the values of a field that has several.
JOINT = "; "
#: What the ERP's codes are known by here alone, and what has a name of its own already.
_NOT_TOLD = frozenset({"id", "code"})
#: Codes that are inactive without a day ended before anything (the systems' reading of them).
_BEFORE_ANYTHING = date(1970, 1, 1).isoformat()

#: The rows of a table by code; several where an ERP gives a code twice.
ByCode = Mapping[str, tuple[tuple[RowValue, ...], ...]]
Row = Mapping[str, Any]


def known_fields(rows: Iterable[Row]) -> frozenset[str]:
    """Names of the values that rows have."""
    return frozenset().union({NAME, STATUS}, *(row.keys() for row in rows)) - _NOT_TOLD


def chosen(table: str, fields: Sequence[str], rows: Sequence[Row], declared: Iterable[str]) -> tuple[str, ...]:
    """The fields that leave: those that are named, or the harmless ones. declared: of the table where it is known.

    Raises:
        NeedsCorrection: one is named that the table does not have.
    """
    known = known_fields(rows) | (frozenset(declared) - _NOT_TOLD)
    if not fields:
        return tuple(name for name in HARMLESS if name in known)
    strange = [name for name in fields if name not in known]
    if strange and rows:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"{table} have no {', '.join(strange)}.",
            remedy=f"Correct reference_data.{table}.fields in the partner's file: {', '.join(sorted(known))}.",
            data={"table": table, "fields": strange},
        )
    return tuple(fields)


def by_code(table: str, fields: Sequence[str], rows: Sequence[Row]) -> ByCode:
    """What may leave of each row, by its code."""
    found: dict[str, list[tuple[RowValue, ...]]] = defaultdict(list)
    for row in rows:
        code = str(row.get("code") or row.get("number") or row["id"])
        told = ((name, _text(table, name, _value(row, name))) for name in fields)
        found[code].append(tuple(RowValue(name=name, value=text) for name, text in told if text))
    return {code: tuple(sorted(several, key=repr)) for code, several in found.items()}


def whole(rows: ByCode) -> tuple[TableRow, ...]:
    """All rows, by rising code."""
    return tuple(TableRow(code=code, values=values) for code in sorted(rows) for values in rows[code])


def changes(before: ByCode, after: ByCode) -> tuple[TableRow, ...]:
    """Rows that were added, changed or removed, by rising code. What would be told no differently is no change."""
    found: list[TableRow] = []
    for code in sorted({*before, *after}):
        old, new = before.get(code, ()), after.get(code, ())
        if old == new:
            continue
        change = Change.CHANGED if old and new else (Change.ADDED if new else Change.REMOVED)
        found += (TableRow(code=code, change=change.value, values=values) for values in new or old)
    return tuple(found)


def _value(row: Row, name: str) -> Any:
    if name == NAME:
        return row.get(NAME) or row.get("description")
    if name == STATUS and not row.get(STATUS):
        ended = row.get("end_date")
        out = row.get("blocked") is True or row.get("active") is False or (ended or "9") <= _BEFORE_ANYTHING
        return INACTIVE if out else ACTIVE
    value = row.get(name)
    return None if name == "end_date" and value == _BEFORE_ANYTHING else value


def _text(table: str, name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return JOINT.join(text for one in value if (text := _text(table, name, one)))
    if isinstance(value, list | dict):
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"{name} of {table} is not one value: it has parts of its own.",
            remedy=f"Take {name} out of reference_data.{table}.fields in the partner's file.",
            data={"table": table, "field": name},
        )
    return str(value)
