"""What Transaction Manager makes of X12 for customers with flat files, and of their orders for the partners.

Names are those that the sheet proposes (truecommerce 6.2). The envelope and the 997 are not seen in flat files.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ml_connector.sandbox.partner.documents.x12 import Segment, TransactionSet, get

Row = dict[str, str]
_PAIRS_FROM = {"IT1": 6, "PO1": 6, "LIN": 2}


@dataclass
class Flat:
    """One document. orders: with 856 the orders in it, each with its lines; else one without a head."""

    kind: str
    header: Row
    orders: list[tuple[Row, list[Row]]] = field(default_factory=lambda: [({}, [])])

    @property
    def number(self) -> str:
        return self.header.get({"810": "InvoiceNumber", "856": "ShipmentNumber"}.get(self.kind, "PONumber"), "")

    @property
    def lines(self) -> list[Row]:
        return [line for _, lines in self.orders for line in lines]


def flat_of(transaction: TransactionSet, partner: str) -> Flat | None:
    """A partner's set as a flat document; None for those that flat files do not carry."""
    made = _MAKERS.get(transaction.kind)
    return made(transaction.segments, partner) if made is not None else None


def _invoice(segments: Sequence[Segment], partner: str) -> Flat:
    big = _first(segments, "BIG")
    header = {
        "TradingPartner": partner,
        "InvoiceNumber": get(big, 2),
        "InvoiceDate": _day(get(big, 1)),
        "PONumber": get(big, 4),
        "PODate": _day(get(big, 3)),
        "Currency": get(_first(segments, "CUR"), 2) or "EUR",
        "Terms": "",
        "DueDate": "",
        "SubTotal": "",
        "Tax": get(_first(segments, "TXI"), 2),
        "Freight": "",
        "Total": _hundredths(get(_first(segments, "TDS"), 1)),
    }
    flat = Flat("810", header)
    subtotal = Decimal(0)
    for segment in segments:
        if segment[0] == "IT1":
            quantity, price = Decimal(get(segment, 2)), Decimal(get(segment, 4) or "0")
            amount = (quantity * price).quantize(Decimal("0.01"))
            subtotal += amount
            flat.orders[0][1].append(
                {
                    "LineNumber": get(segment, 1),
                    "VendorItem": _item(segment, "VP"),
                    "Quantity": get(segment, 2),
                    "UOM": get(segment, 3),
                    "UnitPrice": get(segment, 4),
                    "Extended": f"{amount:f}",
                }
            )
        elif segment[0] == "SAC" and get(segment, 2) == "D240":
            header["Freight"] = _hundredths(get(segment, 5))
    header["SubTotal"] = f"{subtotal:f}"
    return flat


def _acknowledgment(segments: Sequence[Segment], partner: str) -> Flat:
    bak = _first(segments, "BAK")
    header = {
        "TradingPartner": partner,
        "PONumber": get(bak, 3),
        "AckNumber": get(bak, 8),
        "AckDate": _day(get(bak, 9)),
        "AckType": get(bak, 2),
    }
    flat = Flat("855", header)
    line: Segment = []
    for segment in segments:
        if segment[0] == "PO1":
            line = segment
        elif segment[0] == "ACK":
            flat.orders[0][1].append(
                {
                    "LineNumber": get(line, 1),
                    "VendorItem": _item(line, "VP"),
                    "LineStatus": get(segment, 1),
                    "QuantityAcknowledged": get(segment, 2),
                    "UOM": get(segment, 3),
                    "UnitPrice": get(line, 4),
                    "ScheduledShipDate": _day(get(segment, 5)),
                }
            )
    return flat


def _notice(segments: Sequence[Segment], partner: str) -> Flat:
    bsn = _first(segments, "BSN")
    dates = {get(segment, 1): get(segment, 2) for segment in segments if segment[0] == "DTM"}
    header = {
        "TradingPartner": partner,
        "ShipmentNumber": get(bsn, 2),
        "ShipDate": _day(dates.get("011", "")),
        "EstimatedDelivery": _day(dates.get("017", "")),
        "CarrierCode": get(_first(segments, "TD5"), 3),
        "TrackingNumber": "",
        "BOL": get(_first(segments, "REF"), 2),
        "ShipToCode": "",
    }
    flat = Flat("856", header, [])
    carton = ""
    line: Segment = []
    for segment in segments:
        match segment[0]:
            case "N1" if get(segment, 1) == "ST":
                header["ShipToCode"] = get(segment, 4)
            case "PRF":
                flat.orders.append(({"PONumber": get(segment, 1)}, []))
                carton = ""
            case "MAN":
                carton = get(segment, 2)
            case "LIN":
                line = segment
            case "SN1" if flat.orders:
                flat.orders[-1][1].append(
                    {
                        "CartonSSCC": carton,
                        "LineNumber": get(line, 1),
                        "VendorItem": _item(line, "VP"),
                        "UPC": "",
                        "QuantityShipped": get(segment, 2),
                        "UOM": get(segment, 3),
                        "Lot": "",
                    }
                )
            case _:
                pass
    return flat


_MAKERS: Mapping[str, Callable[[Sequence[Segment], str], Flat]] = {
    "810": _invoice,
    "855": _acknowledgment,
    "856": _notice,
}


def order_segments(header: Row, lines: Sequence[Row]) -> list[Segment]:
    """A flat order as the 850 that its partner gets; a change, told by the column of what changed, as an 860.

    Raises:
        ValueError: a value that the partner needs is missing or is none: the bad layout of truecommerce 10.
    """
    if not lines:
        raise ValueError("an order without lines")
    change = "LineChange" in lines[0]
    segments = _change_head(header) if change else _order_head(header)
    if header.get("Currency"):
        segments.append(["CUR", "BY", header["Currency"]])
    for name, qualifier in (("RequestedShipDate", "010"), ("CancelDate", "001"), ("RequestedDeliveryDate", "002")):
        if header.get(name):
            segments.append(["DTM", qualifier, _compact(header, name)])
    if header.get("ShipToCode") or header.get("ShipToName"):
        segments.append(["N1", "ST", header.get("ShipToName", ""), "92", header.get("ShipToCode", "")])
    for line in lines:
        pairs = []
        for qualifier, name in (("BP", "BuyerItem"), ("VP", "VendorItem"), ("UP", "UPC")):
            if line.get(name):
                pairs += [qualifier, line[name]]
        quantity, price = Decimal(_needed(line, "Quantity")), Decimal(line.get("UnitPrice") or "0")
        values = [f"{quantity:f}", _needed(line, "UOM"), f"{price:f}", ""]
        if change:
            what, left = _needed(line, "LineChange"), line.get("QuantityLeft") or values[0]
            segments.append(["POC", _needed(line, "LineNumber"), what, values[0], left, *values[1:], *pairs])
        else:
            segments.append(["PO1", _needed(line, "LineNumber"), *values, *pairs])
        for name, qualifier in (("GLAccount", "11"), ("CostCenter", "DP")):
            if line.get(name) and not change:
                segments.append(["REF", qualifier, line[name]])
        if line.get("LineRequestedDeliveryDate"):
            segments.append(["DTM", "002", _compact(line, "LineRequestedDeliveryDate")])
    segments.append(["CTT", str(len(lines))])
    return segments


def _order_head(header: Row) -> list[Segment]:
    kind, purpose = header.get("POType") or "NE", header.get("Purpose") or "00"
    return [["850"], ["BEG", purpose, kind, _needed(header, "PONumber"), "", _compact(header, "PODate")]]


def _change_head(header: Row) -> list[Segment]:
    kind, purpose = header.get("POType") or "NE", header.get("Purpose") or "04"
    named = [_needed(header, "PONumber"), "", header.get("ChangeNumber", ""), _compact(header, "PODate")]
    return [["860"], ["BCH", purpose, kind, *named]]


def _needed(row: Row, name: str) -> str:
    if not (value := row.get(name, "").strip()):
        raise ValueError(f"{name} is missing")
    return value


def _compact(row: Row, name: str) -> str:
    """yyyy-MM-dd as X12 writes it."""
    value = _needed(row, name).replace("-", "")
    if len(value) != 8 or not value.isdigit():
        raise ValueError(f"{name} is not a date")
    return value


def _first(segments: Sequence[Segment], name: str) -> Segment:
    return next((segment for segment in segments if segment[0] == name), [])


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 else ""


def _hundredths(text: str) -> str:
    return f"{Decimal(text) / 100:.2f}" if text else ""


def _item(segment: Segment, qualifier: str) -> str:
    start = _PAIRS_FROM[segment[0]] if segment else 0
    pairs = {get(segment, at): get(segment, at + 1) for at in range(start, max(len(segment) - 1, start), 2)}
    return pairs.get(qualifier, "")
