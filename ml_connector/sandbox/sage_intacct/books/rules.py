"""Rules that all writes share: values in the types of their fields, dimensions that must be known, general lines."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from ml_connector.sandbox.sage_intacct.books.company import Work
from ml_connector.sandbox.sage_intacct.books.record import Record, Values
from ml_connector.sandbox.sage_intacct.books.shapes import Shape
from ml_connector.sandbox.sage_intacct.wire.errors import (
    GENERAL,
    Entry,
    Failed,
    business,
    empty_location,
    field_error,
    invalid,
    missing,
)
from ml_connector.sandbox.sage_intacct.wire.values import Formats, Value, flag, number, whole
from ml_connector.sandbox.sage_intacct.wire.xml import Node

#: Field of a line, what it is called in errors, and the object that knows it.
DIMENSIONS: Mapping[str, tuple[str, str]] = {
    "LOCATIONID": ("Location", "LOCATION"), "DEPARTMENTID": ("Department", "DEPARTMENT"),
    "PROJECTID": ("Project", "PROJECT"), "CUSTOMERID": ("Customer", "CUSTOMER"), "VENDORID": ("Vendor", "VENDOR"),
    "ITEMID": ("Item", "ITEM"), "CLASSID": ("Class", "CLASS"), "WAREHOUSEID": ("Warehouse", "WAREHOUSE"),
}  # fmt: skip
_REQUIRED = {
    "REQUIREDEPT": "DEPARTMENTID", "REQUIRELOC": "LOCATIONID", "REQUIREPROJECT": "PROJECTID",
    "REQUIREVENDOR": "VENDORID", "REQUIRECUSTOMER": "CUSTOMERID", "REQUIRECLASS": "CLASSID", "REQUIREITEM": "ITEMID",
    "REQUIREWAREHOUSE": "WAREHOUSEID",
}  # fmt: skip


def typed(kind: str, text: str, formats: Formats, *, label: str, iso: bool = False) -> Value:
    """A sent text as its field holds it. Raises Failed ("Illegal format for ...", sage-intacct 4)."""
    if not text.strip():
        return None
    if kind == "text":
        return text.strip()
    try:
        return date.fromisoformat(text.strip()) if iso and kind == "day" and "-" in text else _READ[kind](text, formats)
    except ValueError:
        raise field_error(f"Illegal format for {label}: '{text[:60]}'") from None


_READ: Mapping[str, Callable[[str, Formats], Value]] = {
    "decimal": lambda text, _: number(text),
    "whole": lambda text, _: whole(text),
    "flag": lambda text, _: flag(text),
    "day": lambda text, formats: formats.day(text),
    "moment": lambda text, formats: formats.moment(text),
}


def sent_values(shape: Shape, element: Node, work: Work, formats: Formats) -> Values:
    """The fields of an upper-case element, nested contacts by their dotted names; order is free (sage-intacct 6.3)."""
    values: Values = {}
    unknown: list[str] = []
    skip = shape.lines.tag if shape.lines else ""
    for name, text in _flat(element, skip=skip):
        kind = shape.fields.get(name)
        if kind is None:
            unknown.append(name)
        else:
            values[name] = typed(kind, text, formats, label=name, iso=work.options.iso_dates)
    if unknown and work.options.unknown_fields == "refused":
        raise field_error(f"Unknown fields: {', '.join(unknown)}")
    return values


def _flat(element: Node, prefix: str = "", *, skip: str = "") -> Iterator[tuple[str, str]]:
    for child in element.children:
        if child.tag == skip and not prefix:
            continue
        if child.children:
            yield from _flat(child, f"{prefix}{child.tag}.")
        else:
            yield f"{prefix}{child.tag}", child.text


def three_part(element: Node | None, label: str) -> date | None:
    """A date of the older functions: year, month, day."""
    if element is None or not element.children:
        return None
    parts = [element.value(name) for name in ("year", "month", "day")]
    if not any(parts):
        return None
    try:
        return date(*(whole(part) for part in parts))
    except ValueError:
        raise field_error(f"Illegal format for {label}: '{'/'.join(parts)[:40]}'") from None


def check_dimensions(work: Work, line: Values, *, location_needed: bool = True) -> None:
    """Every dimension of a line is known, active and of this entity. Raises Failed."""
    for name, (label, table) in DIMENSIONS.items():
        key = line.get(name)
        if not key:
            continue
        row = work.find(table, str(key))
        if row is None or row.text("STATUS") == "inactive":
            raise invalid(label, str(key))
        line[name] = row.text(DIMENSIONS_KEY[table])
    location = str(line.get("LOCATIONID") or "")
    if location_needed and work.options.multi_entity and not location:
        raise empty_location()
    if location and work.entity and work.company.entity_of(location) != work.entity:
        raise invalid("Location", location)


DIMENSIONS_KEY = {
    "LOCATION": "LOCATIONID", "DEPARTMENT": "DEPARTMENTID", "PROJECT": "PROJECTID", "CUSTOMER": "CUSTOMERID",
    "VENDOR": "VENDORID", "ITEM": "ITEMID", "CLASS": "CLASSID", "WAREHOUSE": "WAREHOUSEID",
}  # fmt: skip


def check_account(work: Work, line: Values, name: str = "ACCOUNTNO") -> Record:
    """The account of a line, with the dimensions that it wants (sage-intacct 9). Raises Failed."""
    key = str(line.get(name) or "")
    row = work.find("GLACCOUNT", key) if key else None
    if row is None or row.text("STATUS") == "inactive":
        raise invalid("GL Account", key)
    for switch, dimension in _REQUIRED.items():
        if row.flag(switch) and not line.get(dimension):
            raise field_error(f"{DIMENSIONS[dimension][0]} is required for account {key}")
    return row


def check_open(work: Work, day: date) -> None:
    """Books are closed through a day by setting. Raises Failed."""
    closed = work.options.closed_through
    if closed and day <= date.fromisoformat(closed):
        raise business(f"The period for {day:%m/%d/%Y} is closed.", "Use a date in an open period.")


def check_attachment(work: Work, values: Values) -> None:
    """The attachment that a record names is there: it is made before (sage-intacct 7). Raises Failed."""
    key = str(values.get("SUPDOCID") or "")
    if key and work.company.tables["SUPDOC"].by_key(key) is None:
        raise invalid("Attachment", key)


def active_party(work: Work, table: str, key: str) -> Record:
    """A vendor or customer that may be used. Raises Failed."""
    label = DIMENSIONS["VENDORID" if table == "VENDOR" else "CUSTOMERID"][0]
    row = work.find(table, key) if key else None
    if row is None or row.text("STATUS") == "inactive":
        raise invalid(label, key)
    return row


def needed(values: Values, names: tuple[str, ...]) -> None:
    """Raises Failed for the first that is missing."""
    for name in names:
        if values.get(name) in {None, ""}:
            raise missing(name)


@contextmanager
def general_line(work: Work, thing: str, number: str = "") -> Iterator[None]:
    """The last entry of a refused write, after its cause (sage-intacct 4); in its older or its newer words."""
    try:
        yield
    except Failed as error:
        if any(
            entry.number == GENERAL and entry.text.startswith(("Could not", "Currently")) for entry in error.entries
        ):
            raise
        last = Entry(GENERAL, f"Could not create {thing} record!")
        if work.options.general_line == "new" and number:
            last = Entry(
                GENERAL,
                f"Currently, we can't create the transaction '{number}'.",
                correction="Check the transaction for errors or inconsistencies, then try again.",
            )
        raise Failed(*error.entries, last) from None
