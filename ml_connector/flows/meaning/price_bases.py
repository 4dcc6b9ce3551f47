"""For how many units a partner's prices are (element 639): decided by a list or by its file, never assumed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ml_connector.documents.common import changed
from ml_connector.documents.invoices import InvoiceLine
from ml_connector.documents.orders import AcknowledgedLine, OrderLine
from ml_connector.documents.values.price_basis import is_decided

Line = TypeVar("Line", InvoiceLine, AcknowledgedLine, OrderLine)

REMEDY = (
    "Ask the partner for how many units its prices are; say so under `price_bases` of its file ({code}: PE per unit)"
)


@dataclass(frozen=True)
class Undecided:
    """A basis that is on no list, and the line whose price it stands with."""

    code: str
    line: str

    @property
    def told(self) -> str:
        return f"has the price basis {self.code} on line {self.line}, which is not known here"

    @property
    def remedy(self) -> str:
        return REMEDY.format(code=self.code)


def meant(lines: Sequence[Line], own: Mapping[str, str]) -> tuple[Line, ...]:
    """The lines with what the partner means by bases of its own in their place."""
    return tuple(_meant(line, own.get(line.price_basis.strip().upper(), "")) for line in lines)


def _meant(line: Line, basis: str) -> Line:
    return changed(line, price_basis=basis) if basis else line


def undecided(lines: Sequence[InvoiceLine | AcknowledgedLine]) -> Undecided | None:
    """The first basis that nobody knows; a price of nothing is nothing for any number of units."""
    for position, line in enumerate(lines, 1):
        if line.price and not is_decided(line.price_basis):
            return Undecided(line.price_basis, line.number or str(position))
    return None
