"""What documents that leave say alike, whatever they are: addresses, barcodes, what a price is for. Pure functions."""

import textwrap
from collections.abc import Iterable

from ml_connector.documents.common import Party

#: Characters of N102 and N201, and of N301 (x12-procurement 4).
NAME, STREET = 60, 55
#: N3 may come twice, with two lines each.
LINES = 4
#: Element 355 of single pieces.
EACH = "EA"
#: Qualifiers of barcodes by their length (x12-procurement 4): EAN-8 and EAN-13, UPC-12, GTIN-14.
BARCODES = {8: "EN", 12: "UP", 13: "EN", 14: "UK"}


def party_at(
    role: str, name: str, street: Iterable[str], city: str, region: str, postal_code: str, country: str
) -> Party:
    """A party with its address, in the lengths of N1 to N4. A region that is no code of two letters is a line of it."""
    names = textwrap.wrap(name, NAME) or [""]
    return Party(
        role=role,
        name=names[0],
        more_names=tuple(names[1:3]),
        street=tuple(street_lines(street, region)[:LINES]),
        city=city,
        region=region if len(region) == 2 else "",
        postal_code=postal_code,
        country=country,
    )


def street_lines(street: Iterable[str], region: str) -> list[str]:
    """The lines of N3: a region that is no code of two letters is one of them."""
    lines = [*street, *([region] if region and len(region) != 2 else [])]
    return [part for line in lines for part in textwrap.wrap(line, STREET)]


def price_basis(unit: str) -> str:
    """PO105, IT105: per each, or per whatever the line's unit is (x12-procurement 5)."""
    return "PE" if unit == EACH else "UM"


def barcode(code: str) -> str:
    """An EAN-8, UPC-12, EAN-13 or GTIN-14; other barcodes have no qualifier that everybody reads."""
    return code if len(code) in BARCODES and code.isascii() and code.isdigit() else ""
