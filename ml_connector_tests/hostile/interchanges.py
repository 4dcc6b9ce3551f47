"""X12 made by hand, so that each part of it can be wrong: an 810 of Northwind against an order in the books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from typing import Any, Self

UNITS = {"pc": "EA", "box": "BX", "m": "MR", "kg": "KG"}
VAT_PERCENT = Decimal(21)
_control = count(700_000_001)


@dataclass(frozen=True)
class Envelope:
    """The parts of ISA, GS, GE and IEA; None leaves a trailer out."""

    sender: str = "NORTHWIND"
    receiver: str = "VOLTWERK"
    sender_qualifier: str = "ZZ"
    usage: str = "P"
    version: str = "00401"
    group_version: str = "004010"
    functional_id: str = "IN"
    control: int = 0
    isa_control: str = ""
    gs_control: str = ""
    ge: str | None = "GE*{sets}*{group}"
    iea: str | None = "IEA*1*{control}"
    terminator: str = "~"
    between: str = ""

    def wrapped(self, sets: Sequence[Sequence[str]]) -> bytes:
        """An interchange of one group with these sets, as bytes; characters above 255 as UTF-8."""
        control = self.isa_control or f"{self.control or next(_control):09}"
        group = self.gs_control or str(int(control) if control.isdecimal() else 1)
        head = [
            f"ISA*00*          *00*          *{self.sender_qualifier}*{self.sender:<15}*ZZ*{self.receiver:<15}"
            f"*261121*0900*U*{self.version}*{control}*0*{self.usage}*>",
            f"GS*{self.functional_id}*{self.sender}*{self.receiver}*20261121*0900*{group}*X*{self.group_version}",
        ]
        names = {"sets": len(sets), "group": group, "control": control}
        tail = [trailer.format(**names) for trailer in (self.ge, self.iea) if trailer is not None]
        segments = [*head, *(segment for one in sets for segment in one), *tail]
        text = (self.terminator + self.between).join(segments) + self.terminator + self.between
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return text.encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Invoice:
    """An 810 over an order's lines. Every part may be said otherwise; None leaves its segment out."""

    number: str
    order: Mapping[str, Any]
    set_control: str = "0001"
    date: str = "20261121"
    order_number: str | None = None
    currency: str | None = "EUR"
    total: str | None = None
    vat: str | None = None
    lines: tuple[str, ...] | None = None
    extra: tuple[str, ...] = ()
    ctt: str | None = None
    se: str | None = None
    type: str = "DI"
    envelope: Envelope = field(default_factory=Envelope)

    def with_(self, **changes: Any) -> Self:
        return replace(self, **changes)

    def segments(self) -> list[str]:
        """ST to SE."""
        ordered = self.order["lines"]
        lines = list(self.lines) if self.lines is not None else [line_of(line) for line in ordered]
        net = sum((Decimal(line["quantity"]) * Decimal(line["price"]) for line in ordered), Decimal(0))
        tax = (net * VAT_PERCENT / 100).quantize(Decimal("0.01"))
        total = self.total if self.total is not None else f"{int((net + tax) * 100)}"
        order = self.order["number"] if self.order_number is None else self.order_number
        body = [
            f"ST*810*{self.set_control}",
            f"BIG*{self.date}*{self.number}*20261121*{order}***{self.type}*00",
            *([f"CUR*SE*{self.currency}"] if self.currency is not None else []),
            *lines,
            *self.extra,
            f"TDS*{total}",
            f"TXI*VA*{self.vat if self.vat is not None else tax}*21",
            self.ctt if self.ctt is not None else f"CTT*{len(ordered)}",
        ]
        return [*body, self.se if self.se is not None else f"SE*{len(body) + 1}*{self.set_control}"]

    def bytes(self) -> bytes:
        return self.envelope.wrapped([self.segments()])


def line_of(line: Mapping[str, Any], **changes: Any) -> str:
    """IT1 of an order line."""
    said = {"number": line["number"], "quantity": line["quantity"], "unit": UNITS[line["unit"]], "price": line["price"]}
    said.update(changes)
    item = said.get("item", line["supplier_item"])
    return f"IT1*{said['number']}*{said['quantity']}*{said['unit']}*{said['price']}**VP*{item}*BP*{line['item']}"


def notice(number: str, levels: Sequence[str], *, envelope: Envelope | None = None) -> bytes:
    """An 856 with these segments between BSN and SE."""
    body = ["ST*856*0001", f"BSN*00*{number}*20261121*0900*0001", *levels]
    return (envelope or Envelope(functional_id="SH")).wrapped([[*body, f"SE*{len(body) + 1}*0001"]])


def acknowledgment(segments: Sequence[str]) -> bytes:
    """A 997 with these segments."""
    body = ["ST*997*0001", *segments]
    return Envelope(functional_id="FA").wrapped([[*body, f"SE*{len(body) + 1}*0001"]])
