"""Price basis (X12 element 639): for how many units a price is."""

import re
from decimal import Decimal
from typing import Final

from ml_connector.documents.values.decimals import decimal_text

#: What says that a price is for one unit (x12-procurement 4, PO105).
FOR_ONE: Final = frozenset({"", "PE", "CA", "CT", "NT", "UM", "WE", "QT", "TE"})
#: And for many (x12-procurement 5).
PIECES: Final = {"HP": Decimal(100), "TP": Decimal(1000)}
_ONE = Decimal(1)
_NUMBER = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,40})?")


def pieces(basis: str) -> Decimal:
    """How many units a price is for: 100 for HP, 12 for 12; one for what says nothing, or nothing known."""
    code = basis.strip().upper()
    if code in PIECES:
        return PIECES[code]
    found = Decimal(code) if _NUMBER.fullmatch(code) else _ONE
    return found or _ONE


def is_known(basis: str) -> bool:
    """Whether a code is one of those that the sheets decide."""
    return basis in FOR_ONE or basis in PIECES


def is_decided(basis: str) -> bool:
    """Whether it is plain for how many units a price is: by a known code, or a number that is not 0."""
    code = basis.strip().upper()
    return is_known(code) or (_NUMBER.fullmatch(code) is not None and Decimal(code) > 0)


def basis_of(number: Decimal) -> str:
    """The basis of a price for so many units, X12's code where it has one; empty for one unit."""
    if number == _ONE:
        return ""
    return next((code for code, many in PIECES.items() if many == number), "") or decimal_text(number)
