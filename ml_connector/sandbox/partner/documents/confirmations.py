"""855: what the partner says to an order or a change (x12-procurement 6)."""

from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from ml_connector.sandbox.partner.documents.behaviour import Behaviour
from ml_connector.sandbox.partner.documents.orders import Line, Order, item_pairs, plain
from ml_connector.sandbox.partner.documents.x12 import Segment

DELIVERY_DAYS = 14


def whole(quantity: Decimal) -> Decimal:
    """Whole pieces, as goods are picked; a quantity that had decimals keeps them."""
    return quantity.to_integral_value(ROUND_FLOOR)


def share(quantity: Decimal, percent: Decimal) -> Decimal:
    """That part of a quantity, in whole pieces where the quantity is whole."""
    part = quantity * percent / 100
    return whole(part) if quantity == quantity.to_integral_value() else part


def confirmation(
    order: Order, behaviour: Behaviour, today: date, sellers_order: str, *, change: bool = False
) -> list[Segment]:
    """The set without ST and SE."""
    types = {
        "accept": "AD",
        "change": "AC",
        "backorder": "AC",
        "reject_lines": "AC",
        "refuse": "RD",
        "header": "AT",
        "never": "AD",
    }
    kind = "RD" if order.cancelled and behaviour.confirm == "refuse" else types[behaviour.confirm]
    if order.cancelled and kind != "RD":
        kind = "AT"
    stamp = today.strftime("%Y%m%d")
    purpose = "01" if order.cancelled else "04" if change else "00"
    bak = ["BAK", purpose, kind, order.number, order.date or stamp, "", "", "", sellers_order, stamp]
    segments: list[Segment] = [["855"], bak]
    if order.currency:
        segments.append(["CUR", "SE", order.currency])
    if kind == "AT":
        return segments
    lines = order.open_lines
    for position, line in enumerate(lines, start=1):
        segments.extend(_line(line, behaviour, today, last=position == len(lines)))
    segments.append(["CTT", str(len(lines))])
    return segments


def _line(line: Line, behaviour: Behaviour, today: date, *, last: bool) -> list[Segment]:
    price = line.price * behaviour.price_percent / 100 if behaviour.confirm == "change" else line.price
    first = [line.number, plain(line.quantity), line.unit, plain(price), line.price_basis]
    return [
        ["PO1", *first, *item_pairs(line, behaviour.item_qualifiers)],
        *_answers(line, behaviour, today, price, last=last),
    ]


def _answers(line: Line, behaviour: Behaviour, today: date, price: Decimal, *, last: bool) -> list[Segment]:
    wanted = datetime.strptime(line.wanted, "%Y%m%d").date() if line.wanted else None  # noqa: DTZ007 - a date
    due = (wanted or today + timedelta(days=DELIVERY_DAYS)) + timedelta(days=behaviour.late_days)
    day = due.strftime("%Y%m%d")

    def answer(status: str, quantity: Decimal, on: str = day) -> Segment:
        return ["ACK", status, plain(quantity), line.unit, "067", on]

    match behaviour.confirm:
        case "refuse":
            return [["ACK", "IR", plain(line.quantity), line.unit]]
        case "reject_lines" if last:
            return [["ACK", "IR", plain(line.quantity), line.unit]]
        case "backorder":
            now = share(line.quantity, Decimal(60))
            later = (due + timedelta(days=30)).strftime("%Y%m%d")
            parts = [("IA", now, day), ("IB", line.quantity - now, later)]
            return [answer(status, quantity, on) for status, quantity, on in parts if quantity > 0]
        case "change":
            quantity = share(line.quantity, behaviour.quantity_percent)
            codes = [
                ("IQ", quantity != line.quantity),
                ("IP", price != line.price),
                ("DR", behaviour.late_days != 0),
            ]
            changed = [code for code, is_so in codes if is_so]
            return [answer(changed[0] if len(changed) == 1 else "IC" if changed else "IA", quantity)]
        case _:
            return [answer("IA", line.quantity)]
