"""What of a shipment stands in which package, as far as the ERP says it. Pure functions.

Nothing is guessed: where it is not plain what is in a package, it is not told as a pack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ml_connector.documents.sales.shipments import Package, PackedItem, SentLine, SentShipment
from ml_connector.errors import NeedsCorrection, Reason

ZERO = Decimal(0)


@dataclass(frozen=True)
class Piece:
    """A quantity of a line, in the ERP's unit; package: None for what is loose, or nobody knows where."""

    line: SentLine
    quantity: Decimal
    package: Package | None = None
    lot: str = ""
    expires: date | None = None


def pieces_of(shipment: SentShipment) -> list[Piece]:
    """Every line in its parts, in the order of the lines.

    Raises:
        NeedsCorrection: packages hold more of a line than was shipped.
    """
    packages = [one for one in shipment.packages if one.contents]
    if not packages and len(shipment.packages) == 1:
        return [piece for line in shipment.lines for piece in _by_lot(line, line.quantity, shipment.packages[0])]
    packed: dict[int, list[Piece]] = {}
    for package in packages:
        for content in package.contents:
            line = _line_of(content, shipment.lines)
            if line is None:
                # Not even the quantities that are known of other packages are told: they would not add up.
                return [piece for one in shipment.lines for piece in _by_lot(one, one.quantity, None)]
            packed.setdefault(line.number, []).append(_packed(line, content, package))
    return [piece for line in shipment.lines for piece in _whole(shipment, line, packed.get(line.number, []))]


def _line_of(content: PackedItem, lines: Sequence[SentLine]) -> SentLine | None:
    """The one line that it is of; None where there are several, or none in this unit."""
    found = [
        line
        for line in lines
        if line.item_code == content.item_code
        and content.line in {0, line.number}
        and content.unit in {"", line.unit}
        and (not content.lot or not line.lots or any(content.lot == one.lot for one in line.lots))
    ]
    return found[0] if len(found) == 1 else None


def _packed(line: SentLine, content: PackedItem, package: Package) -> Piece:
    known = {one.lot: one.expires for one in line.lots}
    lot = content.lot or (next(iter(known)) if len(known) == 1 else "")
    return Piece(line, content.quantity, package, lot, known.get(lot))


def _whole(shipment: SentShipment, line: SentLine, packed: list[Piece]) -> list[Piece]:
    """The packed parts of a line, and the rest of it."""
    rest = line.quantity - sum((one.quantity for one in packed), ZERO)
    if rest < 0:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Packages of shipment {shipment.number} hold {line.quantity - rest} {line.unit} of {line.item_code}, and"
            f" {line.quantity} were shipped.",
            remedy="Correct the packages of the shipment in the ERP; it is read again when it is saved.",
            data={"shipment": shipment.number, "line": line.number, "item": line.item_code},
        )
    if not rest:
        return packed
    return [*packed, *(_by_lot(line, rest, None) if not packed else [Piece(line, rest)])]


def _by_lot(line: SentLine, quantity: Decimal, package: Package | None) -> list[Piece]:
    """A quantity of a line by its lots, where they make it up."""
    if not line.lots or sum((one.quantity for one in line.lots), ZERO) != quantity:
        return [Piece(line, quantity, package)]
    return [Piece(line, one.quantity, package, one.lot, one.expires) for one in line.lots]
