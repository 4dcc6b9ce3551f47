"""A file without anything real in it and with the same structure, so that it can be shown to others.

Codes, counts, line numbers and levels stay. Names, identifiers and texts keep their length and their kind of
characters; quantities and amounts their number of digits; dates move all by the same number of days. Equal values
stay equal, so that what referred to each other still does. Totals that added up before add up again.
"""

import hmac
import re
import secrets
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from ml_connector.documents.common import Record
from ml_connector.documents.invoice_amounts import add_up
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.remittances import Remittance
from ml_connector.edi.framing.copied_listings import plain
from ml_connector.edi.framing.values import is_digits, is_number, read_date, write_cents, write_date, write_decimal
from ml_connector.edi.interchange import InterchangeStart, ReadOptions, ReceivedSet, read_interchanges
from ml_connector.edi.validation.control_totals import expected_payment
from ml_connector.edi.validation.schema import ElementType, SegmentRule, segment_rules

#: Elements of type AN that say structure, not content: line numbers, levels, versions, packaging codes.
_KEPT = frozenset({"350", "628", "734", "447", "480", "1705", "721", "103", "329"})

#: Elements of type ID that name somebody or some place: postal code, carrier.
_TOLD = frozenset({"116", "140"})

_BLANK = " \t"

_ENVELOPE = frozenset({"GS", "TA1", "ISB", "ISE", "ST", "SE", "GE", "IEA", "HL", "CTT"})

#: ISA elements are padded with blanks or no-break spaces, which are two bytes each in UTF-8.
_PADDING = re.compile(r"(?:\xc2\xa0|\s)*")
_PADDING_REVERSED = re.compile(r"(?:\xa0\xc2|\s)*")

_SPLIT = re.compile(r"([\s\x00\x1a]*)([A-Za-z][A-Za-z0-9]{1,2})(.*)\Z", re.DOTALL)


class Mask:
    """Replaces values; one mask gives equal values the same replacement. A key given makes that repeatable."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        self._days = 40 + self._bytes("days", 2)[0]

    def _bytes(self, value: str, count: int) -> bytes:
        found = b""
        while len(found) < count:
            found += hmac.digest(self._key, f"{len(found)}|{value}".encode("utf-8", "replace"), "sha256")
        return found[:count]

    def text(self, value: str) -> str:
        """Letters become letters, digits digits; everything else stays where it is."""
        core = value.strip()
        if not core:
            return value
        start = value.index(core)
        made = [_swapped(c, n) for c, n in zip(core, self._bytes(core, len(core)), strict=True)]
        return value[:start] + "".join(made) + value[start + len(core) :]

    def number(self, value: str) -> str:
        """As many digits before and behind the point; zero stays zero, and nothing else becomes it."""
        if not is_number(value) or not any(c in "123456789" for c in value):
            return value
        made, leading = [], True
        for c, n in zip(value, self._bytes(value, len(value)), strict=True):
            if not c.isdigit() or (leading and c == "0"):
                made.append(c)
                continue
            made.append(str(1 + n % 9) if leading else str(n % 10))
            leading = False
        return "".join(made)

    def control(self, value: str) -> str:
        """A control number: by its value, for leading zeros mean nothing."""
        plain = value.lstrip("0")
        return self.number(plain).zfill(len(value)) if is_digits(value) and plain else value

    def day(self, value: str) -> str:
        """A date, six or eight digits, moved into the past; anything else with other digits."""
        found = read_date(value)
        if found is None or found < date(1901, 1, 1):
            return self.text(value)
        moved = write_date(found - timedelta(days=self._days))
        return moved[-len(value) :] if len(value) in {6, 8} else moved


def _swapped(character: str, number: int) -> str:
    if character.isdigit():
        return str(number % 10)
    if character.isalpha():
        return chr((ord("A") if character.isupper() else ord("a")) + number % 26)
    return character


def anonymize(data: bytes, options: ReadOptions | None = None, key: bytes | None = None) -> bytes:
    """The whole file made anonymous. Raises SenderMustCorrect for what holds no interchange."""
    options = options or ReadOptions()
    data = plain(data)
    starts = [item for item in read_interchanges(data, options) if isinstance(item, InterchangeStart)]
    mask = Mask(key)
    bounds = [*(start.offset for start in starts), len(data)]
    pieces = [mask.text(data[: bounds[0]].decode("latin-1")).encode("latin-1")]
    for start, (first, behind) in zip(starts, pairwise(bounds), strict=True):
        pieces.append(_Interchange(data[first:behind], start, mask).masked())
    return _with_totals(data, b"".join(pieces), options)


def _behind_isa(data: bytes, separator: bytes) -> int:
    """Where the last element of an ISA begins: behind the separator before the next segment."""
    # a blank begins it only where no other mark or blank stands before: else all of them would, one after the other
    start = rb"(?:[^0-9A-Za-z\s]|(?<![^0-9A-Za-z])\s)"
    found = re.search(start + rb"\s*(?:GS|TA1|ISB|IEA)" + re.escape(separator), data)
    return data.rindex(separator, 0, found.start() + 1) + 1 if found else 0


def _unpadded(text: str) -> tuple[str, str, str]:
    """The padding before, what is padded, the padding behind."""
    begin = _matched(_PADDING, text)
    end = len(text) - _matched(_PADDING_REVERSED, text[begin:][::-1])
    return text[:begin], text[begin:end], text[end:]


def _matched(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found is not None else 0


class _Interchange:
    """One interchange's bytes, from ISA to the next one or the end."""

    def __init__(self, data: bytes, start: InterchangeStart, mask: Mask) -> None:
        self._data, self._mask, self._start = data, mask, start
        self._element = start.separators.element
        self._component = start.separators.component
        self._version = "004010"

    def masked(self) -> bytes:
        terminator, encoding = self._start.terminator, self._start.encoding
        by_line = terminator in {b"\r", b"\n"}
        pattern = b"([\r\n])" if by_line else b"(" + re.escape(terminator) + b")"
        # the component separator of the ISA may be what ends other segments
        head, rest = self._header()
        made = []
        for piece in re.split(pattern, rest):
            if piece == terminator or (by_line and piece in {b"\r", b"\n"}):
                made.append(piece)
                continue
            try:
                made.append(self._segment(piece.decode(encoding)).encode(encoding))
            except UnicodeError:
                made.append(self._segment(piece.decode("latin-1")).encode("latin-1"))
        return head + b"".join(made)

    def _header(self) -> tuple[bytes, bytes]:
        """The ISA with other ids and numbers, and what follows its component separator."""
        separator = self._element.encode("latin-1")
        if self._data[:3].upper() != b"ISA":
            # the file begins with GS or ST
            return b"", self._data
        if self._start.miscounted:
            return self._odd_header(separator)
        if separator in {b" ", b"\t", b"\r", b"\n"}:
            places = [3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103]
        else:
            places = [m.start() for m in re.finditer(re.escape(separator), self._data)][:16]
        elements = [self._data[a + 1 : b].decode("latin-1") for a, b in pairwise(places)]
        for position in (1, 3, 5, 7):
            before, inside, behind = _unpadded(elements[position])
            if inside.strip("0"):
                elements[position] = before + self._mask.text(inside) + behind
        elements[8] = self._mask.day(elements[8].strip()).ljust(len(elements[8]))
        elements[12] = self._mask.control(elements[12].strip()).ljust(len(elements[12]))
        text = self._element.join(["ISA", *elements, ""]).encode("latin-1")
        return text, self._data[places[15] + 1 :]

    def _odd_header(self, separator: bytes) -> tuple[bytes, bytes]:
        """An ISA that has not 16 elements: dates and numbers are told by their digits, all else is text or a code."""
        place = _behind_isa(self._data, separator)
        made = []
        for number, piece in enumerate(self._data[:place].split(separator)):
            text = piece.decode("latin-1")
            core = text.strip()
            if number and len(core) > 2 and core.strip("0"):
                change = self._mask.text
                if is_digits(core):
                    change = self._mask.day if read_date(core) is not None else self._mask.control
                text = text.replace(core, core if len(core) in {4, 5} and is_digits(core) else change(core))
            made.append(text.encode("latin-1"))
        return separator.join(made), self._data[place:]

    def _segment(self, text: str) -> str:
        lines = re.split(r"([\r\n]+\s*)", text.strip())
        if any(self._begins(line) for line in lines[2::2]):
            # a remark between segments, or segments that have lost their terminators
            before, _, after = text.partition(text.strip())
            return before + "".join(self._line(n, line) for n, line in enumerate(lines)) + after
        return self._line(0, text)

    def _begins(self, line: str) -> bool:
        name = line.partition(self._element)[0].upper()
        return name != line and (name in _ENVELOPE or name in segment_rules(self._version))

    def _line(self, number: int, text: str) -> str:
        if number % 2:
            return text
        found = _SPLIT.match(text)
        if found is not None and not found[3].strip() and self._begins(found[2] + self._element):
            # a segment without elements
            return text
        if found is None or not found[3].lstrip(_BLANK.replace(self._element, "")).startswith(self._element):
            # stray text, or the component separator that ends the ISA
            return text if len(text.strip()) <= 1 else self._mask.text(text)
        blanks, written, rest = found.groups()
        name = written.upper()
        elements = rest.split(self._element)
        if name == "GS" and len(elements) > 8:
            self._version = elements[8].strip()
        rule = segment_rules(self._version).get(name)
        made = [elements[0]]
        for position, value in enumerate(elements[1:], start=1):
            # some senders end every segment in an empty component
            core = value.rstrip(self._component) if self._component else value
            made.append(self._value(name, position, core, rule) + value[len(core) :])
        return blanks + written + self._element.join(made)

    def _value(self, name: str, position: int, value: str, rule: SegmentRule | None) -> str:
        special = _SPECIAL.get((name, position))
        if special is not None:
            return _each(value, special(self._mask))
        if name in _ENVELOPE or not value.strip():
            return value
        element = rule.elements[position - 1][0] if rule and position <= len(rule.elements) else None
        if element is not None and element.kind == "comp" and self._component:
            parts = value.split(self._component)
            kinds = [part for part, _ in element.components]
            return self._component.join(
                self._simple(part, kinds[n] if n < len(kinds) else None) for n, part in enumerate(parts)
            )
        return self._simple(value, element)

    def _simple(self, value: str, element: ElementType | None) -> str:
        if element is None:
            return self._unknown(value)
        if element.kind == "ID":
            long = len(value.strip()) > element.most
            return self._mask.text(value) if element.number in _TOLD or long else value
        if element.kind == "AN":
            return value if element.number in _KEPT and len(value.strip()) <= element.most else self._mask.text(value)
        changes = {"DT": self._mask.day, "R": self._mask.number, "N2": self._mask.number}
        if element.kind in changes and (element.kind == "DT" or is_number(value.strip())):
            return _each(value, changes[element.kind])
        # times and counts stay, unless they are none
        return value if len(value.strip()) <= element.most and element.kind in {"TM", "N0"} else self._mask.text(value)

    def _unknown(self, value: str) -> str:
        """An element that the dictionary does not have: short ones are codes."""
        if read_date(value.strip()) is not None and len(value.strip()) == 8:
            return _each(value, self._mask.day)
        return value if len(value.strip()) <= 3 else self._mask.text(value)


def _each(value: str, change: Callable[[str], str]) -> str:
    """The value changed, its blanks kept."""
    core = value.strip()
    return value.replace(core, change(core), 1) if core else value


#: Control numbers and ids of the envelope, wherever they are repeated.
_SPECIAL: dict[tuple[str, int], Callable[[Mask], Callable[[str], str]]] = {
    ("GS", 2): lambda mask: mask.text,
    ("GS", 3): lambda mask: mask.text,
    ("GS", 4): lambda mask: mask.day,
    ("GS", 6): lambda mask: mask.control,
    ("GE", 2): lambda mask: mask.control,
    ("IEA", 2): lambda mask: mask.control,
    ("AK1", 2): lambda mask: mask.control,
    ("TA1", 1): lambda mask: mask.control,
    ("TA1", 2): lambda mask: mask.day,
    ("AK4", 4): lambda mask: mask.text,
    ("IK4", 4): lambda mask: mask.text,
}


def _with_totals(before: bytes, after: bytes, options: ReadOptions) -> bytes:
    """Totals that added up in the original add up in the other file too."""
    originals = [item for item in read_interchanges(before, options) if isinstance(item, ReceivedSet)]
    changed, place = [], 0
    terminators: dict[int, tuple[bytes, str]] = {}
    number = -1
    for item in read_interchanges(after, options):
        if isinstance(item, InterchangeStart):
            number += 1
            terminators[number] = (item.terminator, item.separators.element)
        if not isinstance(item, ReceivedSet) or not originals:
            continue
        told = {finding.code for finding in originals.pop(0).findings}
        found = [f for f in item.findings if f.code in _TOTALS and f.code not in told]
        raw = after[item.offset_start : item.offset_end]
        for finding in found:
            value = _TOTALS[finding.code](item.document, finding.message)
            if value is not None:
                raw = _replaced(raw, finding.segment_id, finding.element, value, *terminators[number])
        changed += [after[place : item.offset_start], raw]
        place = item.offset_end
    return b"".join([*changed, after[place:]])


def _sum_said(document: Record | None, message: str) -> str | None:  # noqa: ARG001 - one signature for all totals
    """The sum as the finding tells it: "... the quantities add up to 42."."""
    said = message.rpartition(" ")[2].rstrip(".")
    return write_decimal(Decimal(said)) if is_number(said) else None


def _invoice_sum(document: Record | None, message: str) -> str | None:  # noqa: ARG001
    if not isinstance(document, Invoice):
        return None
    return write_cents(add_up(document).computed)


def _payment_sum(document: Record | None, message: str) -> str | None:  # noqa: ARG001
    return write_decimal(expected_payment(document)) if isinstance(document, Remittance) else None


_TOTALS: dict[str, Callable[[Record | None, str], str | None]] = {
    "hash_total": _sum_said,
    "invoice_total": _invoice_sum,
    "payment_total": _payment_sum,
}


def _replaced(raw: bytes, segment_id: str, element: int, value: str, terminator: bytes, separator: str) -> bytes:
    """The set with another value in one element of the first segment with that id."""
    mark = separator.encode("latin-1")
    pieces = raw.split(terminator)
    for number, piece in enumerate(pieces):
        elements = piece.split(mark)
        if elements[0].strip(b" \t\r\n\x00\x1a") == segment_id.encode() and len(elements) > element:
            old = elements[element]
            if segment_id == "TDS" and b"." in old:
                # the point stands where it should have been implied
                value = write_decimal(Decimal(value).scaleb(-2))
            elements[element] = old.replace(old.strip(), value.encode(), 1)
            pieces[number] = mark.join(elements)
            break
    return terminator.join(pieces)
