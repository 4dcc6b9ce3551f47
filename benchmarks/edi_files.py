"""Files to measure the X12 engine with: orders, answers, ship notices and invoices of about 20 lines each.

They are spelled here segment by segment, not by the project's writer, and what they say is added up while they are
made, so that a reader's values can be checked against something that did not come from a reader.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

SET_TYPES = ("850", "855", "856", "810")
GROUPS = {"850": "PO", "855": "PR", "856": "SH", "810": "IN"}
_WORDS = ("WIDGET", "BRACKET", "SMALL", "LARGE", "BLUE", "STEEL", "ANVIL", "CHIPS", "BOX OF", "NANO", "SPARE PART")


@dataclass
class Expected:
    """What a file says: per set type the number of documents and lines, the quantities and the amounts."""

    documents: dict[str, int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    quantity: dict[str, Decimal] = field(default_factory=dict)
    amount: dict[str, Decimal] = field(default_factory=dict)
    segments: int = 0

    def count(self, set_type: str, lines: list[tuple[Decimal, Decimal]], segments: int) -> None:
        """One document of that type with lines of (quantity, price)."""
        self.documents[set_type] = self.documents.get(set_type, 0) + 1
        self.lines[set_type] = self.lines.get(set_type, 0) + len(lines)
        quantity = sum((q for q, _ in lines), Decimal(0))
        amount = sum((q * p for q, p in lines), Decimal(0))
        self.quantity[set_type] = self.quantity.get(set_type, Decimal(0)) + quantity
        self.amount[set_type] = self.amount.get(set_type, Decimal(0)) + amount
        self.segments += segments


def interchange(count: int, *, seed: int = 1, lines: int = 20, version: str = "004010") -> tuple[bytes, Expected]:
    """One interchange with `count` documents of the four kinds, in groups of a thousand, and what it says."""
    expected = Expected()
    return b"".join(pieces(count, expected, seed=seed, lines=lines, version=version)), expected


def pieces(
    count: int, expected: Expected, *, seed: int = 1, lines: int = 20, version: str = "004010"
) -> Iterator[bytes]:
    """The same piece by piece, for files larger than memory should hold."""
    random_ = random.Random(seed)
    isa = "00501" if version >= "005010" else "00401"
    standard = "^" if version >= "005010" else "U"
    head = f"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261121*0215*{standard}*{isa}"
    yield f"{head}*000000077*0*P*>~\n".encode()
    groups = 0
    for start in range(0, count, 1000):
        groups += 1
        set_type = SET_TYPES[(start // 1000) % 4] if count > 4000 else ""
        types = [set_type] if set_type else list(SET_TYPES)
        for number, kind in enumerate(types):
            share = min(1000, count - start) // len(types)
            control = groups * 10 + number
            yield f"GS*{GROUPS[kind]}*SENDER*RECEIVER*20261121*0215*{control}*X*{version}~\n".encode()
            for position in range(share):
                yield _document(random_, kind, start + position, position + 1, lines, expected)
            yield f"GE*{share}*{control}~\n".encode()
        groups += len(types) - 1
    yield f"IEA*{groups}*000000077~\n".encode()


def _document(random_: random.Random, kind: str, number: int, control: int, lines: int, expected: Expected) -> bytes:
    count = max(1, lines + random_.randint(-4, 4))
    items = [(Decimal(random_.randint(1, 500)), Decimal(random_.randint(1, 99999)) / 100) for _ in range(count)]
    body = {"850": _order, "855": _answer, "856": _notice, "810": _invoice}[kind](random_, number, items)
    segments = [f"ST*{kind}*{control:04d}", *body]
    segments.append(f"SE*{len(segments) + 1}*{control:04d}")
    expected.count(kind, items, len(segments))
    return ("~\n".join(segments) + "~\n").encode()


def _text(random_: random.Random) -> str:
    return " ".join(random_.choices(_WORDS, k=random_.randint(2, 5)))


def _party(role: str, name: str) -> list[str]:
    return [f"N1*{role}*{name}*92*{role}0042", "N3*1 MAIN ST*SUITE 400", "N4*COLUMBUS*OH*43215*US"]


def _ids(position: int) -> str:
    return f"VP*WIDGET-{position:05d}*BP*A-{position * 7:06d}*UP*0{position * 13:011d}"


def _order(random_: random.Random, number: int, items: list[tuple[Decimal, Decimal]]) -> list[str]:
    body = [f"BEG*00*SA*45{number:08d}**20261121", "CUR*BY*USD", "REF*DP*038", "ITD*08*3*2**10**30", "DTM*002*20261215"]
    body += [*_party("BY", "ACME CORP"), *_party("ST", "ACME PLANT")]
    for position, (quantity, price) in enumerate(items, start=1):
        body.append(f"PO1*{position}*{quantity}*EA*{price}*PE*{_ids(position)}")
        body.append(f"PID*F****{_text(random_)}")
        if position % 3 == 0:
            body.append(f"DTM*002*202612{position % 28 + 1:02d}")
    return [*body, f"CTT*{len(items)}*{sum(q for q, _ in items)}"]


def _answer(random_: random.Random, number: int, items: list[tuple[Decimal, Decimal]]) -> list[str]:
    body = [f"BAK*00*AC*45{number:08d}*20261121****S-{number}*20261122", "CUR*SE*USD", *_party("SE", "SELLER INC")]
    for position, (quantity, price) in enumerate(items, start=1):
        body.append(f"PO1*{position}*{quantity}*EA*{price}*PE*{_ids(position)}")
        body.append(f"PID*F****{_text(random_)}")
        body.append(f"ACK*IA*{quantity}*EA*067*20261215")
    return [*body, f"CTT*{len(items)}"]


def _notice(random_: random.Random, number: int, items: list[tuple[Decimal, Decimal]]) -> list[str]:
    body = [f"BSN*00*SHIP-{number}*20261121*0215*0001", "HL*1**S*1", "TD1*CTN25*20****G*500*LB", "TD5*B*2*UPSN*M"]
    body += ["REF*BM*BOL-1", "DTM*011*20261121", *_party("ST", "ACME PLANT"), "HL*2*1*O*1"]
    body.append(f"PRF*45{number:08d}***20261101")
    level = 2
    for position, (quantity, _) in enumerate(items, start=1):
        pack = level + 1
        body += [f"HL*{pack}*2*P*1", f"MAN*GM*00{number:09d}{position:09d}", f"HL*{pack + 1}*{pack}*I*0"]
        body += [f"LIN*{position}*{_ids(position)}", f"SN1**{quantity}*EA", f"PID*F****{_text(random_)}"]
        level += 2
    return [*body, f"CTT*{level}*{sum(q for q, _ in items)}"]


def _invoice(random_: random.Random, number: int, items: list[tuple[Decimal, Decimal]]) -> list[str]:
    body = [f"BIG*20261121*INV-{number}*20261101*45{number:08d}***DI", "CUR*SE*USD", "REF*IA*4711"]
    body += [*_party("BT", "ACME CORP"), *_party("RE", "SELLER INC"), "ITD*08*3*2**10**30"]
    for position, (quantity, price) in enumerate(items, start=1):
        body.append(f"IT1*{position}*{quantity}*EA*{price}**{_ids(position)}")
        body.append(f"PID*F****{_text(random_)}")
        if position % 5 == 0:
            body.append("REF*PK*4711-A")
    total = sum(q * p for q, p in items) + Decimal(15) - Decimal(10)
    body += [f"TDS*{int(total * 100)}", "SAC*C*D240***1500", "SAC*A*C310***1000"]
    return [*body, f"CTT*{len(items)}*{sum(q for q, _ in items)}"]
