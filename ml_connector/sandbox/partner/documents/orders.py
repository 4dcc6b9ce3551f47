"""Orders as a partner keeps them: read from 850, changed by 860 or a full 850, or made from an ERP's rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ml_connector.sandbox.partner.documents.x12 import Segment, TransactionSet, get

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: X12 unit codes (element 355) for the unit codes of the sandbox's ERP.
UNITS = {"pc": "EA", "box": "BX", "m": "MR", "kg": "KG"}
CENT = Decimal("0.01")
#: Price bases that are for more than one piece (PO105).
PER = {"HP": Decimal(100), "TP": Decimal(1000)}


def money(value: Decimal) -> Decimal:
    """To the cent, half up."""
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass
class Line:
    """One ordered product; items by qualifier (VP, BP, ...)."""

    number: str
    quantity: Decimal
    unit: str
    price: Decimal
    items: dict[str, str]
    price_basis: str = ""
    description: str = ""
    deleted: bool = False
    wanted: str = ""

    def amount(self, quantity: Decimal | None = None, price: Decimal | None = None) -> Decimal:
        """Quantity times price per price basis, rounded to the cent."""
        pieces = self.quantity if quantity is None else quantity
        each = self.price if price is None else price
        return money(pieces * each / PER.get(self.price_basis, Decimal(1)))


@dataclass
class Order:
    """A purchase order. date is CCYYMMDD; ship_to and buyer are N1 with its N3 and N4 as they came."""

    number: str
    date: str
    currency: str
    lines: list[Line]
    ship_to: list[Segment] = field(default_factory=list)
    references: list[Segment] = field(default_factory=list)
    purpose: str = "00"
    cancelled: bool = False
    revision: int = 0

    @property
    def open_lines(self) -> list[Line]:
        return [line for line in self.lines if not line.deleted]

    def line(self, number: str) -> Line | None:
        return next((line for line in self.lines if line.number == number), None)


def read_order(transaction: TransactionSet) -> Order:
    """An 850. Call it only for a set that has passed the check."""
    beginning = transaction.segments[1]
    order = Order(get(beginning, 3), get(beginning, 5), "", [], purpose=get(beginning, 1))
    line: Line | None = None
    in_ship_to = False
    for segment in transaction.segments[2:]:
        match segment[0]:
            case "CUR" if line is None:
                order.currency = get(segment, 2)
            case "REF" if line is None:
                order.references.append(segment)
            case "N1" if line is None:
                in_ship_to = get(segment, 1) == "ST"
                if in_ship_to:
                    order.ship_to = [segment]
            case "N3" | "N4" if line is None and in_ship_to:
                order.ship_to.append(segment)
            case "PO1":
                line = _read_line(segment, 6)
                order.lines.append(line)
            case "PID" if line is not None:
                line.description = line.description or get(segment, 5)
            case "DTM" if line is not None and get(segment, 1) == "002":
                line.wanted = get(segment, 2)
    return order


def _read_line(segment: Segment, pairs: int) -> Line:
    """PO1: number, quantity, unit, price, basis, pairs."""
    return Line(
        number=get(segment, 1),
        quantity=decimal(get(segment, 2)),
        unit=get(segment, 3),
        price=decimal(get(segment, 4)),
        price_basis=get(segment, 5),
        items=_pairs(segment, pairs),
    )


def _pairs(segment: Segment, start: int) -> dict[str, str]:
    return {get(segment, at): get(segment, at + 1) for at in range(start, len(segment) - 1, 2) if get(segment, at)}


def customers_order(
    number: str, day: str, store: str, lines: Sequence[Mapping[str, str]], *, buyer: str = "", vendor: str = ""
) -> list[Segment]:
    """An 850 of a customer without ST and SE, for one store by the customer's own code of it.

    lines: item (the customer's number), quantity, unit, price; without a price it is by contract. buyer, vendor: the
    codes of N1*BY and N1*VN, where whoever sends the order is not whom it buys for.
    """
    segments = [["850"], ["BEG", "00", "SA", number, "", day]]
    named = (("BY", buyer), ("VN", vendor), ("ST", store))
    segments += [["N1", who, "", "92", code] for who, code in named if code or who == "ST"]
    for at, line in enumerate(lines, 1):
        ordered = [line["quantity"], line["unit"], line.get("price", "")]
        segments.append(["PO1", str(at), *ordered, "", "IN", line["item"]])
    return [*segments, ["CTT", str(len(lines))]]


def customers_change(
    number: str, day: str, lines: Sequence[Mapping[str, str]], *, purpose: str, sequence: str
) -> list[Segment]:
    """An 860 of a customer without ST and SE.

    lines: line (the order's), code (POC02), and of quantity, left, unit, price, item, day (delivery) what there is.
    """
    segments = [["860"], ["BCH", purpose, "SA", number, "", sequence, day, "", "", "", "", day]]
    for line in lines:
        said = [line.get(name, "") for name in ("line", "code", "quantity", "left", "unit", "price")]
        item = ["", "IN", line["item"]] if "item" in line else []
        segments.append(["POC", *said, *item])
        segments += [["DTM", "002", line["day"]]] if "day" in line else []
    return [*segments, ["CTT", str(len(lines))]]


def decimal(text: str) -> Decimal:
    return Decimal(text) if text else Decimal(0)


def order_number(transaction: TransactionSet) -> tuple[str, str]:
    """(purpose, order number) of an 850 or 860, as far as it can be told from its second segment."""
    beginning = transaction.segments[1] if len(transaction.segments) > 1 else []
    return get(beginning, 1), get(beginning, 3)


def change_order(order: Order, transaction: TransactionSet, component: str) -> list[Line]:
    """Apply an 860 to an order and return the lines it names. POC03 is the new ordered quantity (x12 6)."""
    order.revision += 1
    beginning = transaction.segments[1]
    order.purpose = get(beginning, 1)
    if order.purpose == "01":
        order.cancelled = True
    named: list[Line] = []
    for segment in transaction.segments:
        if segment[0] == "POC":
            named.append(_change_line(order, segment, component))
    return named


def _change_line(order: Order, segment: Segment, component: str) -> Line:
    code = get(segment, 2)
    line = order.line(get(segment, 1))
    if line is None:
        line = Line(get(segment, 1), Decimal(0), "", Decimal(0), _pairs(segment, 8))
        order.lines.append(line)
    if code == "DI":
        line.deleted = True
        return line
    line.deleted = False
    if get(segment, 3):
        line.quantity = decimal(get(segment, 3))
    line.unit = (get(segment, 5).split(component)[0] if component else get(segment, 5)) or line.unit
    if get(segment, 6):
        line.price = decimal(get(segment, 6))
    line.price_basis = get(segment, 7) or line.price_basis
    line.items = _pairs(segment, 8) or line.items
    return line


def order_from_row(row: Mapping[str, Any]) -> Order:
    """An order from an ERP's row, by Exact's names (OrderNumber, PurchaseOrderLines, NetPrice ...) or short ones.

    Short names: number, date, currency, lines of number, quantity, unit, price, supplier_item, item, description.
    """
    lines = _first(row, "lines", "PurchaseOrderLines") or []
    if isinstance(lines, Mapping):
        lines = lines.get("results", [])
    return Order(
        number=str(_first(row, "number", "OrderNumber")),
        date=_day(_first(row, "date", "OrderDate")),
        currency=str(_first(row, "currency", "Currency") or "EUR").strip(),
        lines=[_line_from_row(line) for line in lines],
    )


def _line_from_row(row: Mapping[str, Any]) -> Line:
    supplier_item = str(_first(row, "supplier_item", "SupplierItemCode") or "").strip()
    item = str(_first(row, "item", "ItemCode") or "").strip()
    items = {"VP": supplier_item, "BP": item}
    return Line(
        number=str(_first(row, "number", "LineNumber")),
        quantity=Decimal(str(_first(row, "quantity", "QuantityInPurchaseUnits", "Quantity"))),
        unit=_unit(str(_first(row, "unit", "Unit") or "EA").strip()),
        price=Decimal(str(_first(row, "price", "NetPrice", "UnitPrice") or 0)),
        items={qualifier: value for qualifier, value in items.items() if value},
        description=str(_first(row, "description", "ItemDescription") or ""),
    )


def _first(row: Mapping[str, Any], *names: str) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _unit(code: str) -> str:
    """The X12 unit code for an ERP's."""
    return UNITS.get(code, code.upper()[:2])


def _day(value: Any) -> str:
    """CCYYMMDD of a date, a datetime, ISO text, milliseconds since 1970 or nothing."""
    if isinstance(value, int):
        value = EPOCH + timedelta(milliseconds=value)
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y%m%d"))
    text = str(value or "")[:10].replace("-", "")
    return text if len(text) == 8 and text.isdigit() else ""


def plain(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros after the point."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def item_pairs(line: Line, qualifiers: Sequence[str] | None) -> list[str]:
    """The line's ids as alternating qualifier and value; only those qualifiers when given and any of them is known."""
    chosen = {name: line.items[name] for name in qualifiers or () if name in line.items} or line.items
    return [text for pair in chosen.items() for text in pair]
