"""How strictly a partner reads what it gets: segments and elements of 850, 855, 856, 860 and 997 (x12-procurement
3, 5, 6, 7, 10).

Findings become the AK3 and AK4 of the 997 that the partner sends back, so that a defect of the connector's
writer shows as a refusal.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from ml_connector.sandbox.partner.documents.x12 import Segment, TransactionSet, get

#: A rule: element position, needed (M, O), type, least and most characters.
Rule = tuple[int, str, str, int, int]

_ITEM_PAIRS = range(10)
_REFERENCE = 50
_RULES: dict[str, tuple[Rule, ...]] = {
    "BEG": (
        (1, "M", "ID", 2, 2),
        (2, "M", "ID", 2, 2),
        (3, "M", "AN", 1, 22),
        (4, "O", "AN", 1, 30),
        (5, "M", "DT", 8, 8),
    ),
    "BCH": (
        (1, "M", "ID", 2, 2),
        (2, "M", "ID", 2, 2),
        (3, "M", "AN", 1, 22),
        (4, "O", "AN", 1, 30),
        (5, "O", "AN", 1, 8),
        (6, "M", "DT", 8, 8),
        (11, "O", "DT", 8, 8),
    ),
    "BAK": (
        (1, "M", "ID", 2, 2),
        (2, "M", "ID", 2, 2),
        (3, "M", "AN", 1, 22),
        (4, "M", "DT", 8, 8),
        (5, "O", "AN", 1, 30),
        (8, "O", "AN", 1, 30),
        (9, "O", "DT", 8, 8),
    ),
    "ACK": (
        (1, "M", "ID", 2, 2),
        (2, "O", "R", 1, 15),
        (3, "O", "ID", 2, 2),
        (4, "O", "ID", 3, 3),
        (5, "O", "DT", 8, 8),
        *((7 + 2 * pair, "O", "ID", 2, 2) for pair in _ITEM_PAIRS),
        *((8 + 2 * pair, "O", "AN", 1, 48) for pair in _ITEM_PAIRS),
    ),
    "BSN": (
        (1, "M", "ID", 2, 2),
        (2, "M", "AN", 2, 30),
        (3, "M", "DT", 8, 8),
        (4, "M", "TM", 4, 8),
        (5, "O", "ID", 4, 4),
    ),
    "HL": ((1, "M", "AN", 1, 12), (2, "O", "AN", 1, 12), (3, "M", "ID", 1, 2), (4, "O", "ID", 1, 1)),
    "PRF": ((1, "M", "AN", 1, 22), (2, "O", "AN", 1, 30), (4, "O", "DT", 8, 8)),
    "LIN": (
        (1, "O", "AN", 1, 20),
        (2, "M", "ID", 2, 2),
        (3, "M", "AN", 1, 48),
        *((4 + 2 * pair, "O", "ID", 2, 2) for pair in _ITEM_PAIRS),
        *((5 + 2 * pair, "O", "AN", 1, 48) for pair in _ITEM_PAIRS),
    ),
    "SN1": ((2, "M", "R", 1, 10), (3, "M", "ID", 2, 2), (5, "O", "R", 1, 15), (6, "O", "ID", 2, 2)),
    "MAN": ((1, "M", "ID", 1, 2), (2, "M", "AN", 1, 48)),
    "TD1": (
        (1, "O", "AN", 3, 5),
        (2, "O", "N0", 1, 7),
        (6, "O", "ID", 1, 2),
        (7, "O", "R", 1, 10),
        (8, "O", "ID", 2, 2),
    ),
    "TD5": (
        (1, "O", "ID", 1, 2),
        (2, "O", "ID", 1, 2),
        (3, "O", "AN", 2, 80),
        (4, "O", "ID", 1, 2),
        (5, "O", "AN", 1, 35),
    ),
    "CUR": ((1, "M", "ID", 2, 3), (2, "M", "ID", 3, 3), (3, "O", "R", 4, 10)),
    "REF": ((1, "M", "ID", 2, 3), (2, "O", "AN", 1, _REFERENCE), (3, "O", "AN", 1, 80)),
    "PER": ((1, "M", "ID", 2, 2), (2, "O", "AN", 1, 60)),
    "DTM": ((1, "M", "ID", 3, 3), (2, "O", "DT", 8, 8), (3, "O", "TM", 4, 8)),
    "ITD": ((3, "O", "R", 1, 6), (5, "O", "N0", 1, 3), (7, "O", "N0", 1, 3), (12, "O", "AN", 1, 80)),
    "N1": ((1, "M", "ID", 2, 3), (2, "O", "AN", 1, 60), (3, "O", "ID", 1, 2), (4, "O", "AN", 2, 80)),
    "N2": ((1, "M", "AN", 1, 60), (2, "O", "AN", 1, 60)),
    "N3": ((1, "M", "AN", 1, 55), (2, "O", "AN", 1, 55)),
    "N4": ((1, "O", "AN", 2, 30), (2, "O", "ID", 2, 2), (3, "O", "AN", 3, 15), (4, "O", "ID", 2, 3)),
    "PO1": (
        (1, "O", "AN", 1, 20),
        (2, "O", "R", 1, 15),
        (3, "O", "ID", 2, 2),
        (4, "O", "R", 1, 17),
        (5, "O", "ID", 2, 2),
        *((6 + 2 * pair, "O", "ID", 2, 2) for pair in _ITEM_PAIRS),
        *((7 + 2 * pair, "O", "AN", 1, 48) for pair in _ITEM_PAIRS),
    ),
    "POC": (
        (1, "O", "AN", 1, 20),
        (2, "M", "ID", 2, 2),
        (3, "O", "R", 1, 15),
        (4, "O", "R", 1, 9),
        (6, "O", "R", 1, 17),
        (7, "O", "ID", 2, 2),
        *((8 + 2 * pair, "O", "ID", 2, 2) for pair in _ITEM_PAIRS),
        *((9 + 2 * pair, "O", "AN", 1, 48) for pair in _ITEM_PAIRS),
    ),
    "PID": ((1, "M", "ID", 1, 1), (5, "O", "AN", 1, 80)),
    "SAC": ((1, "M", "ID", 1, 1), (2, "O", "ID", 4, 4), (5, "O", "N2", 1, 15), (15, "O", "AN", 1, 80)),
    "MSG": ((1, "M", "AN", 1, 264),),
    "N9": ((1, "M", "ID", 2, 3), (2, "O", "AN", 1, _REFERENCE), (3, "O", "AN", 1, 45)),
    "CTT": ((1, "M", "N0", 1, 6), (2, "O", "R", 1, 10)),
    "AMT": ((1, "M", "ID", 1, 3), (2, "M", "R", 1, 18)),
    "AK1": ((1, "M", "ID", 2, 2), (2, "M", "N0", 1, 9)),
    "AK2": ((1, "M", "ID", 3, 3), (2, "M", "AN", 4, 9)),
    "AK5": ((1, "M", "ID", 1, 1),),
    "AK9": ((1, "M", "ID", 1, 1), (2, "M", "N0", 1, 6), (3, "M", "N0", 1, 6), (4, "M", "N0", 1, 6)),
}
_FIRST = {"850": "BEG", "855": "BAK", "856": "BSN", "860": "BCH", "997": "AK1"}
_LINE = {"850": "PO1", "855": "PO1", "856": "HL", "860": "POC"}
#: Where pairs of qualifier and value begin; quantity and unit are one too.
_PAIRS = {"PO1": 6, "POC": 8, "ACK": 7, "LIN": 2}
_PATTERNS = {
    "ID": re.compile(r"[A-Z0-9]+"),
    "N0": re.compile(r"-?\d+"),
    "N2": re.compile(r"-?\d+"),
    "R": re.compile(r"-?(\d+(?:\.\d*)?|\.\d+)"),
    "DT": re.compile(r"\d{6}|\d{8}"),
    "TM": re.compile(r"([01]\d|2[0-3])[0-5]\d([0-5]\d\d{0,2})?"),
}
_WRONG_TYPE = {"DT": "8", "TM": "9", "ID": "7"}


@dataclass(frozen=True)
class Finding:
    """One error: AK3 (segment, position from ST = 1, code) and, with code 8, AK4 (element, code, copy)."""

    segment: str
    position: int
    code: str
    element: int = 0
    element_code: str = ""
    value: str = ""


def check(transaction: TransactionSet, version: str) -> list[Finding]:
    """What is wrong inside a set of that version (GS08)."""
    found: list[Finding] = []
    segments = transaction.segments
    first = _FIRST.get(transaction.kind)
    if first is not None and (len(segments) < 2 or segments[1][0] != first):
        found.append(Finding(first, 2, "3"))
    for position, segment in enumerate(segments, start=1):
        found.extend(_check_segment(segment, position, version))
    found.extend(_check_lines(transaction))
    return found


def _check_segment(segment: Segment, position: int, version: str) -> list[Finding]:
    name = segment[0]
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,2}", name):
        return [Finding(name[:3] or "?", position, "1")]
    if len(segment) == 1 or not segment[-1]:
        # No trailing empty elements and no empty segments (x12-procurement 3).
        return [Finding(name, position, "8", max(1, len(segment) - 1), "3")]
    found: list[Finding] = []
    for element, needed, kind, least, most in _RULES.get(name, ()):
        value = get(segment, element)
        # Reference values grew from 30 to 50 characters in 005010 (x12-procurement 13).
        longest = 30 if most == _REFERENCE and version < "005" else most
        code = _check_value(value, needed, kind, least, longest)
        if code:
            found.append(Finding(name, position, "8", element, code, value[:99]))
    if name in _PAIRS:
        found.extend(_check_pairs(segment, position, _PAIRS[name]))
    return found


def _check_value(value: str, needed: str, kind: str, least: int, most: int) -> str:
    """The AK403 code, or nothing."""
    if not value.strip():
        return "1" if needed == "M" else "6" if value else ""
    if any(ord(char) < 32 for char in value):
        return "6"
    pattern = _PATTERNS.get(kind)
    if (pattern is not None and not pattern.fullmatch(value)) or (kind == "DT" and not _is_date(value)):
        return _WRONG_TYPE.get(kind, "6")
    length = len(re.sub(r"[-.]", "", value)) if kind in {"R", "N0", "N2"} else len(value)
    return "4" if length < least else "5" if length > most else ""


def _is_date(value: str) -> bool:
    try:
        datetime.strptime(value, "%Y%m%d" if len(value) == 8 else "%y%m%d")  # noqa: DTZ007 - a calendar day
    except ValueError:
        return False
    return True


def _check_pairs(segment: Segment, position: int, start: int) -> list[Finding]:
    """Qualifier and id come in pairs (P0607 and so on)."""
    for element in range(start, len(segment), 2):
        if bool(get(segment, element)) != bool(get(segment, element + 1)):
            return [Finding(segment[0], position, "8", element, "2")]
    return []


def _check_lines(transaction: TransactionSet) -> list[Finding]:
    """An order has lines with numbers of their own, as many as CTT01 says; a change needs none (x12-procurement 6)."""
    name = _LINE.get(transaction.kind)
    if name is None:
        return []
    lines = [segment for segment in transaction.segments if segment[0] == name]
    found: list[Finding] = []
    end = len(transaction.segments)
    purpose = get(transaction.segments[1], 1) if end > 1 else ""
    if not lines and transaction.kind == "850" and purpose not in {"01", "06"}:
        found.append(Finding(name, end, "3"))
    numbers = [get(line, 1) for line in lines if get(line, 1)]
    if transaction.kind == "850" and len(numbers) != len(set(numbers)):
        found.append(Finding(name, end, "8", 1, "7"))
    for position, segment in enumerate(transaction.segments, start=1):
        if segment[0] == "CTT" and get(segment, 1) != str(len(lines)):
            found.append(Finding("CTT", position, "8", 1, "7", get(segment, 1)))
    return found
