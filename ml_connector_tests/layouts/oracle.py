"""Invoices in XML and JSON as anybody may write them, and what they say: by code that knows nothing of the package.

`Said` is what a file means. `as_xml` and `as_json` write it in one of the many ways that mean the same.
"""

import json
import random
from dataclasses import dataclass, field
from decimal import Decimal
from xml.sax.saxutils import escape

CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"


@dataclass
class SaidLine:
    """quantity at price for so many units (base)."""

    number: str
    item: str
    quantity: Decimal
    price: Decimal
    base: Decimal


@dataclass
class Said:
    """What a file means."""

    number: str
    day: str
    total: Decimal
    taxes: list[Decimal]
    allowances: list[Decimal] = field(default_factory=list)
    charges: list[Decimal] = field(default_factory=list)
    lines: list[SaidLine] = field(default_factory=list)
    credit: bool = False


class XmlWriter:
    """One way of writing an invoice as UBL: prefixes, order of attributes, comments, marks and blanks as they fall."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        a, b, self._root = self._random.choice(
            [("cac", "cbc", ""), ("a", "b", "u"), ("ns1", "ns0", "ns2"), ("", "c", "r")]
        )
        self._prefixes = {"a": a, "b": b}

    def _either(self, *options: str) -> str:
        return self._random.choice(options)

    def _text(self, text: str) -> str:
        """The same text by entities, by numbers, in a section of its own, with a comment in it or blanks around it."""
        way = self._random.randrange(6)
        if way == 0 and "]]>" not in text:
            return f"<![CDATA[{text}]]>"
        if way == 1:
            return "".join(f"&#{ord(c)};" if self._random.random() < 0.5 else escape(c) for c in text)
        if way == 2:
            at = self._random.randrange(len(text) + 1)
            return f"{escape(text[:at])}<!-- 9 -->{escape(text[at:])}"
        if way == 3:
            return f"\n  {escape(text)}\t"
        return escape(text)

    def _noise(self) -> str:
        return self._either("", "", "\n", "<!-- <b:ID>9</b:ID> -->", "<?p 9?>", "  ")

    def element(self, space: str, name: str, content: str, **attributes: str) -> str:
        prefix = self._prefixes[space]
        tag = f"{prefix}:{name}" if prefix else name
        pairs = list(attributes.items())
        self._random.shuffle(pairs)
        quote = self._either('"', "'")
        told = "".join(f" {key}={quote}{escape(value, {quote: '&#34;' if quote == chr(34) else '&#39;'})}{quote}"
                       for key, value in pairs)  # fmt: skip
        return f"{self._noise()}<{tag}{told}>{content}</{tag}{self._either('', ' ')}>"

    def leaf(self, name: str, text: str, **attributes: str) -> str:
        return self.element("b", name, self._text(text), **attributes)

    def amount(self, name: str, value: Decimal) -> str:
        return self.leaf(name, self._number(value), currencyID="EUR")

    def _number(self, value: Decimal) -> str:
        text = format(value, "f")
        return text + ("0" * self._random.randrange(3) if "." in text else self._either("", ".0", ".00"))

    def _charge(self, indicator: str, value: Decimal) -> str:
        inside = self.leaf("ChargeIndicator", indicator) + self.amount("Amount", value)
        return self.element("a", "AllowanceCharge", inside)

    def _line(self, kind: str, line: SaidLine) -> str:
        quantity = "CreditedQuantity" if kind == "CreditNote" else "InvoicedQuantity"
        item = self.element("a", "SellersItemIdentification", self.leaf("ID", line.item))
        base = (
            self.leaf("BaseQuantity", self._number(line.base)) if line.base != 1 or self._random.random() < 0.5 else ""
        )
        parts = [
            self.leaf("ID", line.number),
            self.leaf(quantity, self._number(line.quantity), unitCode=self._either("C62", "EA", "H87")),
            self.element("a", "Item", self.leaf("Name", "x") + item),
            self.element("a", "Price", self.amount("PriceAmount", line.price) + base),
        ]
        return self.element("a", f"{kind}Line", "".join(parts))

    def write(self, said: Said) -> str:
        kind = "CreditNote" if said.credit else "Invoice"
        space = f"urn:oasis:names:specification:ubl:schema:xsd:{kind}-2"
        codes = ["381"] if said.credit else ["380"]
        head = [
            self.leaf("ID", said.number),
            self.leaf("IssueDate", said.day + self._either("", "Z", "+01:00", "-11:00")),
            *(self.leaf(f"{kind}TypeCode", code) for code in codes if self._random.random() < 0.7),
            self.leaf("DocumentCurrencyCode", "EUR"),
        ]
        rest = [self._charge("false", one) for one in said.allowances] + [
            self._charge("true", one) for one in said.charges
        ]
        rest += [self.element("a", "TaxTotal", self.amount("TaxAmount", one)) for one in said.taxes]
        if said.taxes and self._random.random() < 0.3:
            rest.append(self.element("a", "TaxTotal", self.leaf("TaxAmount", "9.99", currencyID="SEK")))
        totals = self.element("a", "LegalMonetaryTotal", self.amount("PayableAmount", said.total))
        lines = [self._line(kind, line) for line in said.lines]
        name = f"{self._root}:{kind}" if self._root else kind
        own = f"xmlns:{self._root}" if self._root else "xmlns"
        spaces = [f'{own}="{space}"']
        spaces += [f'xmlns{":" * bool(prefix)}{prefix}="{uri}"'
                   for prefix, uri in ((self._prefixes["a"], CAC), (self._prefixes["b"], CBC))]  # fmt: skip
        self._random.shuffle(spaces)
        prolog = self._either(
            "", '<?xml version="1.0"?>', "<!-- x -->", '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">'
        )
        return f"{prolog}{self._noise() if prolog[:5] != '<?xml' else chr(10)}<{name} {' '.join(spaces)}>" + (
            "".join([*head, *rest, totals, *lines])
            + f"{self._noise()}</{name}>{self._either('', chr(10), '<!-- end -->')}"
        )


def as_xml(said: Said, seed: int) -> str:
    return XmlWriter(seed).write(said)


class JsonWriter:
    """One way of writing an invoice as JSON: order of names, numbers as numbers or texts, names that nobody reads."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def _number(self, value: Decimal) -> str:
        text = format(value, "f")
        ways = [text, f'"{text}"', text + "0" * 3 if "." in text else f"{text}.0"]
        if value and value == value.to_integral_value():
            ways.append(f"{value.normalize():E}".replace("E+", self._random.choice(["E", "e", "e+"])))
        return self._random.choice(ways)

    def _whole_number(self, text: str) -> str:
        """As a number where JSON has one of this spelling: `007` is none."""
        return text if text.isdigit() and str(int(text)) == text else self._string(text)

    def _string(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=self._random.random() < 0.5)

    def _object(self, pairs: dict[str, str]) -> str:
        items = list(pairs.items())
        if self._random.random() < 0.5:
            items.append(
                (f"X{self._random.randrange(9)}", self._random.choice(["null", "true", "[1, {}]", '{"Total": 9}']))
            )
        self._random.shuffle(items)
        blank = self._random.choice(["", " ", "\n\t"])
        return "{" + f",{blank}".join(f"{self._string(name)}:{blank}{value}" for name, value in items) + blank + "}"

    def write(self, said: Said) -> str:
        header = {
            "InvoiceNumber": self._string(said.number),
            "InvoiceDate": self._string(said.day),
            "Currency": '"EUR"',
            "Total": self._number(said.total),
        }
        if said.taxes:
            header["Tax"] = self._number(said.taxes[0])
        lines = [
            self._object(
                {
                    "LineNumber": self._whole_number(line.number),
                    "VendorItem": self._string(line.item),
                    "Quantity": self._number(line.quantity),
                    "UOM": '"EA"',
                    "UnitPrice": self._number(line.price),
                }
            )
            for line in said.lines
        ]
        return self._object({"header": self._object(header), "lines": f"[{', '.join(lines)}]"})


def as_json(said: list[Said], seed: int) -> str:
    """One object, an array of them, or one behind the other."""
    writer, way = JsonWriter(seed), random.Random(seed).randrange(2)
    texts = [writer.write(one) for one in said]
    if len(texts) == 1 and way:
        return texts[0]
    return f"[{', '.join(texts)}]" if way else "\n".join(texts)
