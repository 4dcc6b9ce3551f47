"""Sets that are right in every respect: told by patterns, accepted at once, their documents made when asked for.

Everything else goes the long way (edi.sets), which finds and explains what is wrong. Both ways make documents by the
same mapping, and the quick one passes only what the long one has nothing to say about.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from ml_connector.documents.common import Record
from ml_connector.documents.invoice_amounts import TAX_CODES
from ml_connector.edi.closed.opening import Opener
from ml_connector.edi.closed.setpattern import SetPattern
from ml_connector.edi.framing.envelope import RawSet
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.framing.values import is_digits
from ml_connector.edi.mapping.registry import OPENINGS
from ml_connector.edi.validation.hl_hierarchy import spelled_fit
from ml_connector.edi.validation.overlay import Overlay
from ml_connector.edi.validation.schema import SetRule, set_rule

#: Longer sets go the long way.
LONGEST = 1 << 20

#: HL segments of so many characters are looked at anew in every notice.
LONGEST_LEVELS = 4_000

_CENT = Decimal("0.01")
_ZERO = Decimal(0)

#: Price bases per hundred or thousand: sums with them are for the long way.
_BASES = frozenset({"HP", "TP"})

#: Segments that an invoice's total is made of, or that tell what a tax belongs to.
_SUMMED = frozenset({"IT1", "SLN", "TXI", "SAC", "TDS"})


class Quick:
    """What recognizes right sets of one kind in one version, partner guide and set of separators."""

    def __init__(self, rule: SetRule, separators: Separators, terminator: str, encoding: str) -> None:
        self.group = rule.group
        self._rule = rule
        self._element = separators.element
        self._encoding = encoding
        self._pattern = SetPattern(rule, separators, terminator)
        # a guide may have made it optional: without it there is no document
        opening = OPENINGS.get(rule.set_type, "")
        self._begins = opening + separators.element if opening else ""
        self.document = Opener(rule, separators).document
        self._sums = {"810": self._invoice_adds_up, "820": _never, "856": self._levels_fit}.get(
            rule.set_type, self._counts_fit
        )
        letter = self._pattern.letter
        self._counted = letter(rule.counted)
        self._total = letter("CTT")
        self._quantity = letter(rule.quantity[0]) if rule.quantity else ""

    def segments(self, raw: RawSet) -> tuple[list[str], str] | None:
        """The segments of a set that is right, as text, and its shape (`SetPattern`); None for any other."""
        header, trailer = raw.header, raw.trailer
        if len(header) < 3 or len(trailer) != 3 or header[2] != trailer[2] or not 4 <= len(header[2]) <= 9:
            return None
        if raw.oversize or len(raw.raw) > LONGEST or not is_digits(trailer[1]):
            return None
        try:
            text = raw.raw.decode(self._encoding)
        except UnicodeDecodeError:
            return None
        right = self._pattern.segments(text)
        if right is None or int(trailer[1]) != len(right[0]) or not right[0][1].startswith(self._begins):
            return None
        try:
            return right if self._sums(*right) else None
        except InvalidOperation:
            return None

    def _counts_fit(self, found: list[str], shape: str) -> bool:
        """CTT01 and CTT02 against the lines."""
        at = shape.rfind(self._total) if self._total else -1
        if not self._counted or at < 0:
            return True
        mark = self._element
        said = found[at].split(mark)
        if int(said[1]) != shape.count(self._counted):
            return False
        if len(said) < 3 or not said[2] or self._rule.quantity is None:
            return True
        place, quantity = self._rule.quantity[1], self._quantity
        lines = [found[at].split(mark, place + 1) for at, letter in enumerate(shape) if letter == quantity]
        values = [line[place] or "0" for line in lines if len(line) > place]
        if is_digits("".join(values)):
            return sum(map(int, values)) == Decimal(said[2])
        return sum(map(Decimal, values), _ZERO) == Decimal(said[2])

    def _levels_fit(self, found: list[str], shape: str) -> bool:
        """HL numbers and parents, beside the counts."""
        counted = self._counted
        levels = [found[at] for at, letter in enumerate(shape) if letter == counted]
        spelled = "\n".join(levels)
        # long ones are not kept
        fits = spelled_fit if len(spelled) < LONGEST_LEVELS else spelled_fit.__wrapped__
        return fits(spelled, self._element) and self._counts_fit(found, shape)

    def _invoice_adds_up(self, found: list[str], shape: str) -> bool:
        """TDS01 = lines + charges - allowances + taxes, where each of them stands where it is told at once."""
        if not self._counts_fit(found, shape):
            return False
        sums = _InvoiceSums(self._element)
        return all(sums.take(text) for text in found if text[:3] in _SUMMED) and sums.fit()


class _InvoiceSums:
    """Whether an invoice's total is plainly right; where it is not, `documents.invoice_amounts` adds it up."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._total = self._taxes = self._line_taxes = _ZERO
        self._priced = False
        self._said: str | None = None
        #: taxes belong to the line or the invoice itself, not to a charge or a component
        self._direct = False

    def take(self, text: str) -> bool:
        """Adds a segment; False where it is for the long way."""
        name = text[:3]
        if name == "IT1":
            return self._line(text.split(self._mark, 6))
        if name == "TXI":
            return self._tax(text.split(self._mark, 8))
        if name == "TDS":
            self._said, self._direct = text.split(self._mark, 2)[1], True
            return True
        self._direct = False
        return name == "SLN" or self._charge(text.split(self._mark))

    def fit(self) -> bool:
        """Whether the total is what it has to be; without prices it may be anything."""
        if not self._priced:
            return True
        if self._said is None:
            return False
        return Decimal(self._said).scaleb(-2) == self._total + (self._taxes or self._line_taxes)

    def _line(self, elements: list[str]) -> bool:
        self._direct = True
        if len(elements) > 5 and elements[5] in _BASES:
            return False
        if len(elements) > 4 and elements[4]:
            self._total += (Decimal(elements[2]) * Decimal(elements[4])).quantize(_CENT, ROUND_HALF_UP)
            self._priced = True
        return True

    def _tax(self, elements: list[str]) -> bool:
        if not self._direct:
            return False
        if len(elements) < 3 or not elements[2] or (len(elements) > 7 and elements[7].upper() == "O"):
            return True
        if self._said is None:
            self._line_taxes += Decimal(elements[2])
        else:
            self._taxes += Decimal(elements[2])
        return True

    def _charge(self, elements: list[str]) -> bool:
        odd = len(elements) > 12 and elements[12]
        if self._said is None or elements[2].upper() in TAX_CODES or odd or elements[1] not in {"A", "C", "N"}:
            return False
        amount = Decimal(elements[5]).scaleb(-2) if len(elements) > 5 and elements[5] else _ZERO
        self._total += amount if elements[1] == "C" else -amount if elements[1] == "A" else _ZERO
        return True


def _never(found: list[str], shape: str) -> bool:  # noqa: ARG001 - what adds up in 820 is for the long way
    return False


@lru_cache(maxsize=128)
def quick_for(
    set_type: str, version: str, overlay: Overlay, separators: Separators, terminator: bytes, encoding: str
) -> Quick | None:
    """What recognizes right sets of that kind; None where only the long way will do."""
    rule = set_rule(set_type, version, overlay)
    if rule is None or len(terminator) != 1 or version < "004010" or not is_digits(version[:6]):
        return None
    if len(set(separators.characters())) != len(separators.characters()) or separators.element.isspace():
        return None
    return Quick(rule, separators, terminator.decode("latin-1"), encoding)


Make = Callable[[], Record | None]
