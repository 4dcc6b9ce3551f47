"""856: the ship notice of one or several orders, with packs or without (x12-procurement 7)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from ml_connector.sandbox.partner.documents.behaviour import Behaviour
from ml_connector.sandbox.partner.documents.confirmations import share
from ml_connector.sandbox.partner.documents.orders import Line, Order, item_pairs, plain
from ml_connector.sandbox.partner.documents.x12 import Segment

#: Quantities shipped, by line number.
Shipped = Mapping[str, Decimal]
TRANSIT_DAYS = 2


def shipped_quantities(order: Order, behaviour: Behaviour) -> dict[str, Decimal]:
    """What leaves of each line; lines the partner refused or leaves out are not in it."""
    lines = order.open_lines
    left_out = behaviour.short_lines + (1 if behaviour.confirm == "reject_lines" else 0)
    lines = lines[: max(0, len(lines) - left_out)]
    percent = behaviour.ship_percent
    if behaviour.confirm == "change":
        percent = percent * behaviour.quantity_percent / 100
    shipped = {line.number: share(line.quantity, percent) for line in lines}
    return {number: quantity for number, quantity in shipped.items() if quantity > 0}


def ship_notice(
    orders: Sequence[tuple[Order, Shipped]],
    behaviour: Behaviour,
    number: str,
    now: datetime,
    pack_serial: int,
) -> list[Segment]:
    """The set without ST and SE; pack_serial is the last SSCC serial used before this notice."""
    structure = "0001" if behaviour.ship == "packs" else "0004"
    segments: list[Segment] = [
        ["856"],
        ["BSN", "00", number, now.strftime("%Y%m%d"), now.strftime("%H%M"), structure],
        ["DTM", "011", now.strftime("%Y%m%d")],
    ]
    tree = _Tree()
    shipment = tree.open("", "S", children=True)
    arrival = now + timedelta(days=TRANSIT_DAYS)
    segments += [
        shipment,
        ["TD1", "CTN25", str(sum(len(shipped) for _, shipped in orders))],
        ["TD5", "B", "2", "UPSN", "U"],
        ["REF", "BM", f"BOL{number}"[:30]],
        ["DTM", "017", arrival.strftime("%Y%m%d")],
        *(orders[0][0].ship_to if orders else []),
    ]
    total = Decimal(0)
    for order, shipped in orders:
        head = tree.open(shipment[1], "O", children=True)
        segments += [head, ["PRF", order.number, "", "", order.date]]
        for line in order.open_lines:
            quantity = shipped.get(line.number, Decimal(0))
            if quantity <= 0:
                continue
            total += quantity
            parent = head[1]
            if behaviour.ship == "packs":
                pack_serial += 1
                pack = tree.open(parent, "P", children=True)
                segments += [pack, ["MAN", "GM", sscc(pack_serial)]]
                parent = pack[1]
            segments += [tree.open(parent, "I", children=False), *_item(line, quantity, behaviour)]
    segments.append(["CTT", str(tree.count), plain(total)])
    return segments


def _item(line: Line, quantity: Decimal, behaviour: Behaviour) -> list[Segment]:
    number = line.number if behaviour.line_numbers else ""
    segments = [
        ["LIN", number, *item_pairs(line, behaviour.item_qualifiers)],
        ["SN1", number, plain(quantity), line.unit or "EA", "", plain(line.quantity), line.unit or "EA"],
    ]
    if line.description:
        segments.append(["PID", "F", "", "", "", line.description[:80]])
    return segments


class _Tree:
    """Numbers the HL segments in order of appearance."""

    def __init__(self) -> None:
        self.count = 0

    def open(self, parent: str, level: str, *, children: bool) -> Segment:
        self.count += 1
        return ["HL", str(self.count), parent, level, "1" if children else "0"]


def sscc(serial: int, company: str = "8712345") -> str:
    """An SSCC-18 behind its application identifier 00: 20 digits, the last a modulo-10 check digit."""
    digits = "0" + company + f"{serial:09d}"[-9:]
    weighted = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(digits))
    return f"00{digits}{-weighted % 10}"
