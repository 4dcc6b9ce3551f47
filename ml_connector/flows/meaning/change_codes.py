"""What the codes of a customer's order change (860) say; what is on no list holds it with a question (DESIGN 3, 9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ChangeMeaning = Literal["change", "replace", "cancel"]

#: BCH01 (element 353, x12-procurement 6). 00 is the first one of a change to some and a new order to others: asked.
PURPOSES: Mapping[str, ChangeMeaning] = {"04": "change", "05": "replace", "01": "cancel"}


@dataclass(frozen=True)
class LineSays:
    """What a code lets a line have otherwise. whole: a value that is left out is none, else it stays as it was."""

    quantity: bool = False
    price: bool = False
    dates: bool = False
    whole: bool = False


ADD, DELETE, NO_CHANGE, CANCEL = "AI", "DI", "NC", "CF"
INCREASE, DECREASE = "QI", "QD"
#: POC02 (element 670, x12-procurement 6) of a line that is on the order already.
LINE_CODES: Mapping[str, LineSays] = {
    NO_CHANGE: LineSays(),
    "CA": LineSays(quantity=True, price=True, dates=True),
    "MU": LineSays(quantity=True, price=True, dates=True),
    "RZ": LineSays(quantity=True, price=True, dates=True, whole=True),
    "PC": LineSays(price=True),
    "PQ": LineSays(quantity=True, price=True),
    "PR": LineSays(price=True, dates=True),
    INCREASE: LineSays(quantity=True),
    DECREASE: LineSays(quantity=True),
    "RQ": LineSays(quantity=True, dates=True),
    "RS": LineSays(dates=True),
    "CT": LineSays(dates=True),
    "RB": LineSays(dates=True),
}
#: What the others say; a person decides about them.
NAMES: Mapping[str, str] = {
    "CB": "change of date terms",
    "CC": "change of terms",
    "CE": "change of a line's allowances or charges",
    "CG": "change of the order's allowances or charges",
    "RA": "another mode of shipment",
    "RC": "item change rejected",
    "RE": "replacement item",
    "RM": "replacement with modifications",
    "TI": "transfer of an item",
}
