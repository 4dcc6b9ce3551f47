"""Flat documents as files and back: CSV, JSON, XML, and records of parent and child (truecommerce 6.2)."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Literal, get_args
from xml.etree import ElementTree

from ml_connector.sandbox.truecommerce.flat_documents import Flat, Row

Format = Literal["x12", "csv", "json", "xml", "parent_child"]
Look = Literal["", "bom", "latin-1", "lf"]
FORMATS: tuple[Format, ...] = get_args(Format)
EXTENSIONS: dict[Format, str] = {"csv": "csv", "json": "json", "xml": "xml", "parent_child": "txt", "x12": "edi"}
_ROOTS = {
    "810": ("Invoices", "Invoice"),
    "855": ("OrderAcknowledgments", "OrderAcknowledgment"),
    "856": ("ShipNotices", "ShipNotice"),
}
_TOTALS = ("SubTotal", "Tax", "Freight", "Total")
_ORDER_HEADER = [
    "TradingPartner",
    "PONumber",
    "PODate",
    "POType",
    "Purpose",
    "Currency",
    "RequestedShipDate",
    "CancelDate",
    "ShipToCode",
    "ShipToName",
    "ShipToAddress1",
    "ShipToAddress2",
    "ShipToCity",
    "ShipToState",
    "ShipToZip",
    "ShipToCountry",
    "BillToCode",
    "VendorNumber",
    "Terms",
    "RequestedDeliveryDate",
    "Notes",
]
_ORDER_LINE = [
    "LineNumber",
    "BuyerItem",
    "VendorItem",
    "UPC",
    "Description",
    "Quantity",
    "UOM",
    "UnitPrice",
    "LineRequestedDeliveryDate",
    "GLAccount",
    "CostCenter",
    "LineNotes",
]


def dressed(data: bytes, look: Look) -> bytes:
    """The same file as others write it (truecommerce 10)."""
    match look:
        case "bom":
            return b"\xef\xbb\xbf" + data
        case "latin-1":
            return data.decode().encode("latin-1", "replace")
        case "lf":
            return data.replace(b"\r\n", b"\n")
        case _:
            return data


def written(flat: Flat, form: Format) -> bytes:
    """A document as a file."""
    match form:
        case "csv":
            return _csv(flat)
        case "json":
            return _json(flat)
        case "xml":
            return _xml(flat)
        case "parent_child":
            return _records(flat)
        case "x12":
            raise ValueError("an X12 document is not a flat file")


def _csv(flat: Flat) -> bytes:
    rows = [{**flat.header, **head, **line} for head, lines in flat.orders for line in lines or [{}]]
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _json(flat: Flat) -> bytes:
    body: dict[str, object] = {"header": flat.header}
    if flat.kind == "856":
        body["orders"] = [{**head, "lines": lines} for head, lines in flat.orders]
    else:
        body["lines"] = flat.lines
    return json.dumps(body, indent=1).encode()


def _xml(flat: Flat) -> bytes:
    root_name, name = _ROOTS[flat.kind]
    root = ElementTree.Element(root_name)
    document = ElementTree.SubElement(root, name)
    _elements(ElementTree.SubElement(document, "Header"), flat.header)
    for head, lines in flat.orders:
        place = ElementTree.SubElement(document, "Order" if flat.kind == "856" else "Lines")
        _elements(place, head)
        for line in lines:
            _elements(ElementTree.SubElement(place, "Line"), line)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _elements(parent: ElementTree.Element, row: Row) -> None:
    for name, value in row.items():
        if value:
            ElementTree.SubElement(parent, name).text = value


def _records(flat: Flat) -> bytes:
    totals = {name: flat.header[name] for name in _TOTALS if flat.kind == "810"}
    rows = [["H", *(value for name, value in flat.header.items() if name not in totals)]]
    for head, lines in flat.orders:
        if head:
            rows.append(["O", *head.values()])
        rows += [["L", *line.values()] for line in lines]
    if totals:
        rows.append(["T", *totals.values()])
    return "".join("|".join(value.replace("|", " ") for value in row) + "\r\n" for row in rows).encode()


def read_order(data: bytes) -> tuple[Row, list[Row]]:
    """An order in any of the formats, told by its first characters: header and lines.

    Raises:
        ValueError: it is none of them.
    """
    text = data.decode("utf-8-sig").strip()
    try:
        if text.startswith(("{", "[")):
            return _read_json(text)
        if text.startswith("<"):
            return _read_xml(text)
        if text.startswith("H|"):
            return _read_records(text.splitlines())
        return _read_csv(text)
    except (KeyError, TypeError, IndexError, AttributeError, ElementTree.ParseError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def _read_json(text: str) -> tuple[Row, list[Row]]:
    """One object with header and lines, or an array of such (truecommerce 6.2); of an array, its only one."""
    body = json.loads(text)
    if isinstance(body, list):
        if len(body) != 1:
            raise ValueError(f"{len(body)} orders in one file")
        (body,) = body
    return _plain(body["header"]), [_plain(line) for line in body["lines"]]


def _read_xml(text: str) -> tuple[Row, list[Row]]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("a document type is not accepted")
    root = ElementTree.fromstring(text)  # noqa: S314 - without a document type there are no entities to expand
    document = root if root.tag == "PurchaseOrder" else root.find("PurchaseOrder")
    header = document.find("Header") if document is not None else None
    if document is None or header is None:
        raise ValueError("no PurchaseOrder with a Header")
    return _children(header), [_children(line) for line in document.iter("Line")]


def _children(element: ElementTree.Element) -> Row:
    return {child.tag: (child.text or "").strip() for child in element}


def _read_records(rows: Sequence[str]) -> tuple[Row, list[Row]]:
    header: Row = {}
    lines: list[Row] = []
    for row in rows:
        tag, *values = row.split("|")
        if tag == "H":
            header = dict(zip(_ORDER_HEADER, values, strict=False))
        elif tag == "L":
            lines.append(dict(zip(_ORDER_LINE, values, strict=False)))
    return header, lines


def _read_csv(text: str) -> tuple[Row, list[Row]]:
    rows = [_plain(row) for row in csv.DictReader(io.StringIO(text))]
    if not rows or "PONumber" not in rows[0]:
        raise ValueError("neither X12 nor an order in CSV, JSON, XML or records")
    return rows[0], rows


def _plain(row: dict[str, object]) -> Row:
    return {str(name): "" if value is None else str(value) for name, value in row.items()}
